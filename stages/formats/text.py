"""Kind `text`: plain text, a sentence or paragraph a line -> table columns text and pair, for models of language.

A text file or a folder of them; blank lines part documents, of which each stays in one split.
"""

from collections import Counter
from dataclasses import dataclass

import pandas as pd

from stages.dataset import Prepared
from stages.errors import StageError
from stages.formats.kind import Kind, Request, Suited, TextOptions, by_split, trained_for
from stages.formats.rows import decoded, hidden, split_of_path
from stages.formats.words import in_words

COLUMNS = {"id": "int64", "text": "string", "pair": "int64"}
NO_PAIR = -1  # no other sentence has the same words by intention
UNKNOWN = "<unk>"
SUFFIXES = (".txt", ".text", ".md", "")


@dataclass(frozen=True)
class PlainTextOptions(TextOptions):
    """Options of `text`."""

    lowercase: bool = True
    min_count: int = 2  # words that train has more rarely become <unk>, so that unknown words are learned; 1: none


def read(request: Request) -> Prepared:
    """Tables train, val and test, a row a line that holds words."""
    path, options = request.path, request.options
    if not path.exists():
        raise StageError(f"{path} does not exist: give the path of a file or a folder")
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    files = [file for file in files if file == path or (file.suffix.lower() in SUFFIXES and not hidden(file, path))]
    rows: list[tuple[str, str, str]] = []  # line, split, document
    for file in files:
        split, document = split_of_path(file, path), 0
        for line in decoded(file, options.encoding)[0].split("\n"):
            words = in_words(line.lower() if options.lowercase else line)
            document += not words
            if words:
                rows.append((words, split, f"{file}\0{document}"))
    if not rows:
        raise StageError(f"{path} holds no line of text: expected files that end in {', '.join(SUFFIXES[:-1])}")
    texts, given, documents = (list(column) for column in zip(*rows, strict=True))
    is_parted = len(set(documents)) > len(files)
    groups = _by_content(texts, documents) if is_parted else None
    split_of = request.assign(given, texts, groups=groups)
    frame = pd.DataFrame({"text": texts, "pair": NO_PAIR})
    kept = Counter(
        word for text, split in zip(texts, split_of.splits, strict=True) if split == "train" for word in text.split()
    )
    if options.min_count > 1:
        known = {word for word, count in kept.items() if count >= options.min_count}
        frame["text"] = [" ".join(word if word in known else UNKNOWN for word in text.split()) for text in texts]
    number = int((frame["text"].str.count(" ") + 1).sum())
    unknown = int(frame["text"].str.split().map(lambda text: text.count(UNKNOWN)).sum())
    notes = [
        f"read as: {len(files)} text {'file' if len(files) == 1 else 'files'}, {len(texts):,} lines",
        *split_of.notes,
        f"{number:,} words, {len(kept):,} different ones in train; {unknown:,} are {UNKNOWN}",
    ]
    return Prepared(by_split(frame, split_of.splits, list(COLUMNS)), {"cased": not options.lowercase}, notes=notes)


def _by_content(texts: list[str], documents: list[str]) -> list[str]:
    """The whole text of each row's document, which names it whatever is added elsewhere."""
    whole: dict[str, list[str]] = {}
    for text, document in zip(texts, documents, strict=True):
        whole.setdefault(document, []).append(text)
    names = {document: "\n".join(lines) for document, lines in whole.items()}
    return [names[document] for document in documents]


def suited(prepared: Prepared) -> Suited:
    """A small network for little text."""
    words = int((prepared.tables["train"]["text"].str.count(" ") + 1).sum())
    batch_size = 10 if words < 100_000 else 20
    epochs, _ = trained_for(words // 20, batch_size, 3000, epochs=(1, 30))
    model = {"hidden_size": 100 if words < 500_000 else 200}
    training = {"epochs": epochs, "batch_size": batch_size}
    why = f"{words:,} words: {epochs} epochs"
    return Suited({"seeds": 1, "model": model, "training": training, "variants": {"lstm": {}}}, why)


KIND = Kind(
    name="text",
    about="plain text, a sentence or paragraph a line",
    roles={},
    options=PlainTextOptions,
    columns=COLUMNS,
    read=read,
    like="rnn-language-model",
    suited=suited,
)
