"""Kind `trees`: phrase structure trees in brackets, several a file and several files -> table columns text and linear.

Traces and function tags go, as EVALB has it.
"""

from dataclasses import dataclass

import pandas as pd

from stages.dataset import Prepared
from stages.datasets.parsing.origin.trees import Tree, clean, parse
from stages.errors import StageError
from stages.formats.kind import Kind, Request, Suited, TextOptions, by_split, trained_for
from stages.formats.rows import decoded, hidden, split_of_path

COLUMNS = {"id": "int64", "text": "string", "tree": "string", "linear": "string"}
NO_TREES = (".md", ".pdf", ".html", ".log")  # beside trees in a folder


@dataclass(frozen=True)
class TreeOptions(TextOptions):
    """Options of `trees`: those of a text."""


def read(request: Request) -> Prepared:
    """Tables train, val and test, a row a tree."""
    path = request.path
    if not path.exists():
        raise StageError(f"{path} does not exist: give the path of a file or a folder")
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    files = [file for file in files if file == path or not (hidden(file, path) or file.suffix.lower() in NO_TREES)]
    trees: list[Tree] = []
    given: list[str] = []
    for file in files:
        text, _ = decoded(file, request.options.encoding)
        try:
            found = [tree for tree in map(clean, parse(text)) if tree is not None]
        except StageError as error:
            raise StageError(f"{file}, {error}") from None
        trees += found
        given += [split_of_path(file, path)] * len(found)
    if not trees:
        raise StageError(f"{path} holds no tree: expected (S (NP (NNP John)) (VP ...))")
    texts = [tree.text for tree in trees]
    split = request.assign(given, texts)
    rows = {"text": texts, "tree": [tree.bracketed() for tree in trees], "linear": [tree.linear() for tree in trees]}
    labels = sorted({part.label for tree in trees for part in tree.constituents()})
    notes = [f"read as: {len(files)} files of trees", *split.notes, f"labels: {', '.join(labels[:20])}"]
    return Prepared(by_split(pd.DataFrame(rows), split.splits, list(COLUMNS)), {"labels": labels}, notes=notes)


def suited(prepared: Prepared) -> Suited:
    """A network and a training by the number of trees."""
    rows = len(prepared.tables["train"])
    batch_size = 16 if rows < 2000 else 32
    epochs, why = trained_for(rows, batch_size, 2500, epochs=(3, 40))
    size = 64 if rows < 2000 else 192
    model = {"hidden_size": size, "embedding_size": size}
    training = {"epochs": epochs, "batch_size": batch_size, "learning_rate": 0.008 if size < 192 else 0.003}
    return Suited({"seeds": 1, "model": model, "training": training, "variants": {"attention": {}}}, why)


KIND = Kind(
    name="trees",
    about="phrase structure trees in brackets, in one file or several",
    roles={},
    options=TreeOptions,
    columns=COLUMNS,
    read=read,
    like="seq2seq-parsing",
    suited=suited,
)
