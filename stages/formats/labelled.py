"""Kind `labelled`: texts with a class each, of any number of classes -> table columns text and label.

A table with a column of texts and one of classes (CSV, TSV, JSON lines, Parquet), or a folder of text files a class.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from stages.dataset import Prepared
from stages.errors import StageError
from stages.formats.kind import Kind, Request, Suited, TextOptions, by_split, trained_for
from stages.formats.rows import UNNAMED, Rows, decoded, hidden, read_rows, split_of_path
from stages.formats.words import in_words
from stages.splits import split_of

COLUMNS = {"id": "int64", "text": "string", "label": "int64", "class": "string"}
TEXT = ("text", "sentence", "review", "content", "document", "message", "body", "comment", "utterance", "description")
LABEL = ("label", "class", "category", "sentiment", "rating", "stars", "target", "intent", "tag", "topic")
FOLDER_FILES = (".txt", ".text", ".md", "")


@dataclass(frozen=True)
class LabelledOptions(TextOptions):
    """Options of `labelled`."""

    lowercase: bool = True  # texts are read in small letters, which a few thousand of them are better learned in


def read(request: Request) -> Prepared:
    """Tables train, val and test; the facts name the classes in the order of `label`."""
    rows = _of_folders(request.path) if _is_by_class(request.path) else None
    if rows is None:
        rows = read_rows(request.path, request.options, request.columns, (*TEXT, *LABEL).__contains__)
    text, label = _columns(rows, request)
    given, _ = rows.given(request.columns)
    group = rows.find("group", request.columns, ())
    texts = rows.table[text].map(in_words).astype("str")
    if request.options.lowercase:
        texts = texts.str.lower()
    classes = rows.table[label].str.strip()
    names = sorted(set(classes) - {""}, key=_by_number)
    split = request.assign(
        given,
        list(texts),
        groups=None if group is None else list(rows.table[group]),
        classes=list(classes),
    )
    number = {name: index for index, name in enumerate(names)}
    labels = classes.map(number).fillna(-1).astype("int64")  # -1 where there is none, which a rule reports
    frame = pd.DataFrame({"text": _or_none(texts), "label": labels, "class": _or_none(classes)})
    counts = Counter(classes)
    shown = ", ".join(f"{name} {counts[name]:,}" for name in names[:20]) + (", ..." if len(names) > 20 else "")
    columns = [] if rows.table.attrs.get("is_by_class") else [f"columns: text is {text}, label is {label}"]
    notes = [*rows.notes, *columns, *split.notes, f"{len(names)} classes: {shown}"]
    facts = {"labels": names, "cased": not request.options.lowercase}
    return Prepared(by_split(frame, split.splits, list(COLUMNS)), facts, notes=notes)


def _columns(rows: Rows, request: Request) -> tuple[str, str]:
    """The columns of texts and of classes; of two without names the classes are those with fewer different cells."""
    if not request.columns and tuple(rows.table.columns) == UNNAMED:
        first, second = sorted(UNNAMED, key=lambda name: rows.table[name].nunique(), reverse=True)
        return first, second
    return rows.need("text", request.columns, TEXT), rows.need("label", request.columns, LABEL)


def _or_none(cells: "pd.Series[str]") -> "pd.Series[str]":
    return cells.mask(cells == "")


def _by_number(name: str) -> tuple[bool, float, str]:
    """Classes that are numbers in the order of numbers, then the others by the alphabet."""
    try:
        return (False, float(name), name)
    except ValueError:
        return (True, 0.0, name)


def _is_by_class(path: Path) -> bool:
    """Whether a folder has text files in folders, and no table."""
    if not path.is_dir():
        return False
    files = [file for file in path.rglob("*") if file.is_file() and not hidden(file, path)]
    return bool(files) and all(file.suffix.lower() in FOLDER_FILES and file.parent != path for file in files)


def _of_folders(path: Path) -> Rows:
    """A row for each file; its class is the name of its folder, its split that of one above."""
    found, splits = [], []
    for file in sorted(file for file in path.rglob("*") if file.is_file() and not hidden(file, path)):
        name = file.parent.name
        if split_of(name):
            raise StageError(f"{file} is in no folder of a class: expected {path}/[split]/<class>/<text file>")
        found.append((decoded(file, "")[0], name))
        splits.append(split_of_path(file.parent, path))
    table = pd.DataFrame(found, columns=["text", "label"])
    table.attrs["is_by_class"] = True
    return Rows(path, table, splits, [f"read as: {len(table):,} text files, a folder a class"])


def suited(prepared: Prepared) -> Suited:
    """A small network for few texts; about a thousand updates, which is when accuracy on val no longer grows."""
    rows = len(prepared.tables["train"])
    batch_size = 16 if rows < 2000 else 32
    epochs, why = trained_for(rows, batch_size, 1200, epochs=(2, 40))
    hidden = 50 if rows < 2000 else 100
    return Suited(
        {
            "seeds": 1,
            "model": {"hidden_size": hidden},
            "training": {"epochs": epochs, "batch_size": batch_size},
            "variants": {"bag-of-words": {}, "lstm": {}},
        },
        why,
    )


KIND = Kind(
    name="labelled",
    about="texts with a class each: CSV, TSV, JSON lines, Parquet, or a folder of text files for each class",
    roles={"text": "the text", "label": "its class", "split": "train, val or test", "group": "rows kept together"},
    options=LabelledOptions,
    columns=COLUMNS,
    read=read,
    like="rnn-sentiment",
    suited=suited,
)
