"""Kind `key-phrases`: documents with lists of phrases -> table columns text, tags and key_terms.

A table with a column of texts and one of phrases (a list in JSON, or parted by `;`), or `docs/*.txt` with `keys/*.key`.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from stages.dataset import Prepared
from stages.errors import StageError
from stages.formats.kind import Kind, Request, Suited, TextOptions, by_split, trained_for
from stages.formats.rows import Rows, decoded, hidden, read_rows, split_of_path
from stages.texts.abstracts import tag_terms

COLUMNS = {"id": "int64", "text": "string", "tags": "string", "key_terms": "string"}
TEXT = ("text", "abstract", "document", "content", "body")
PHRASES = ("key_phrases", "keyphrases", "keywords", "key_terms", "keys", "phrases", "tags")
WORD = re.compile(r"[^\W_]+(?:[-'./][^\W_]+)*|[^\w\s]|_")  # as prediction parts a typed text


@dataclass(frozen=True)
class KeyPhraseOptions(TextOptions):
    """Options of `key-phrases`: those of a table."""


def read(request: Request) -> Prepared:
    """Tables train, val and test; a phrase is tagged wherever the text has it word for word."""
    rows = _of_files(request)
    is_usual = (*TEXT, *PHRASES).__contains__
    rows = rows or read_rows(request.path, request.options, request.columns, is_usual)
    text, phrases = rows.need("text", request.columns, TEXT), rows.need("phrases", request.columns, PHRASES)
    given, _ = rows.given(request.columns)
    words = [WORD.findall(cell) for cell in rows.table[text]]
    listed = [_listed(cell) for cell in rows.table[phrases]]
    parted = [[" ".join(WORD.findall(term)) for term in terms] for terms in listed]
    tags = [tag_terms(one, terms) for one, terms in zip(words, parted, strict=True)]
    texts = [" ".join(one) for one in words]
    split = request.assign(given, texts)
    frame = pd.DataFrame(
        {"text": texts, "tags": [" ".join(one) for one in tags], "key_terms": [";".join(terms) for terms in listed]}
    )
    frame = frame.mask(frame == "")
    count = max(1, sum(map(len, parted)))
    lower = [f" {text.lower()} " for text in texts]
    found = sum(f" {term.lower()} " in text for text, terms in zip(lower, parted, strict=True) for term in terms)
    notes = [*rows.notes, *split.notes, f"{count:,} phrases, of which {found / count:.0%} are in their text"]
    facts = {"found_share": round(found / count, 4)}
    return Prepared(by_split(frame, split.splits, list(COLUMNS)), facts, notes=notes)


def _listed(cell: str) -> list[str]:
    """The phrases in a cell: a list in JSON, or parted by `;`, or where there is none by line ends and commas."""
    if cell.startswith("["):
        try:
            found = [str(phrase) for phrase in json.loads(cell)]
        except ValueError:
            raise StageError(f"expected a list of phrases, found {cell[:80]!r}") from None
    else:
        found = re.split(r"[;\n]" if ";" in cell or "\n" in cell else r"[;\n,]", cell)
    return [" ".join(phrase.replace(";", " ").split()) for phrase in found if phrase.strip()]


def _of_files(request: Request) -> Rows | None:
    """A row for each text file that has a `.key` of the same name, anywhere in the folder; None without any `.key`."""
    path = request.path
    if not path.is_dir():
        return None
    keys = {file.stem: file for file in sorted(path.rglob("*.key")) if not hidden(file, path)}
    if not keys:
        return None
    texts: dict[str, Path] = {file.stem: file for file in sorted(path.rglob("*.txt")) if not hidden(file, path)}
    if lacking := sorted(set(keys) ^ set(texts)):
        known = keys.get(lacking[0]) or texts.get(lacking[0])
        raise StageError(f"{known} has no partner: each document is a .txt and a .key of the same name")
    encoding = request.options.encoding
    cells = [(decoded(file, encoding)[0], decoded(keys[name], encoding)[0]) for name, file in texts.items()]
    splits = [split_of_path(file, path) for file in texts.values()]
    table = pd.DataFrame(cells, columns=["text", "phrases"], dtype="str")
    return Rows(path, table, splits, [f"read as: {len(cells):,} documents, .txt and .key"])


def suited(prepared: Prepared) -> Suited:
    """About 1,500 updates."""
    rows = len(prepared.tables["train"])
    batch_size = 8 if rows < 1000 else 16
    epochs, why = trained_for(rows, batch_size, 1500, epochs=(2, 30))
    training = {"epochs": epochs, "batch_size": batch_size}
    return Suited({"seeds": 1, "training": training, "variants": {"bag-of-words": {}, "lstm": {}}}, why)


KIND = Kind(
    name="key-phrases",
    about="documents with lists of phrases: JSON lines, CSV, or docs/*.txt with keys/*.key",
    roles={"text": "the document", "phrases": "its phrases", "split": "train, val or test"},
    options=KeyPhraseOptions,
    columns=COLUMNS,
    read=read,
    like="rnn-key-terms",
    suited=suited,
)
