"""Kind `pictures`: pictures of any size with a class each -> tables pictures-train, -val and -test beside their pixels.

A folder of pictures for each class, with or without folders for the splits, or a table of files and classes. They are
read as prediction reads them. One that cannot be read is a black row, which breaks a rule.
"""

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from inputs.pictures import Pixels, read_picture, square
from stages.dataset import Arrays, Prepared
from stages.errors import StageError
from stages.formats.kind import Kind, Request, Suited, TextOptions, trained_for
from stages.formats.rows import SUFFIXES, Rows, hidden, read_rows, split_of_path
from stages.splits import SPLITS, split_of

COLUMNS = {
    "id": "int64",
    "label": "int64",
    "class": "string",
    "file": "string",
    "width": "int64",  # of the file, in pixels
    "height": "int64",
    "brightness": "float64",  # mean of all values, 0 to 255
    "contrast": "float64",  # their standard deviation
    "digest": "string",  # of the pixels: a repeated picture has a repeated digest
    "unreadable": "string",  # why it cannot be read, else ''
    "odd": "string",  # what prediction warns of, else ''
}
TASK = "pictures"
FILE = ("file", "path", "image", "picture", "filename", "file_name")
LABEL = ("label", "class", "category", "target")


@dataclass(frozen=True)
class PictureOptions(TextOptions):
    """Options of `pictures`."""

    size: int = 32  # pixels a side of the square in the middle, which is scaled; 224 for weights of ImageNet


@dataclass(frozen=True)
class Found:
    """A picture as a network reads it, and what is to be said about its file."""

    pixels: Pixels  # (side, side, 3)
    width: int  # of the file
    height: int
    digest: str
    unreadable: str = ""
    odd: str = ""


def read(request: Request) -> Prepared:
    """A table and an array for each split."""
    rows = _of_table(request) or _of_folders(request)
    files, labels = list(rows.table["file"]), list(rows.table["label"])
    found = [_found(Path(file), request) for file in files]
    if all(one.unreadable for one in found):
        raise StageError(f"none of {len(found)} pictures in {request.path} can be read: {found[0].unreadable}")
    pixels = np.stack([one.pixels for one in found])
    split = request.assign(rows.splits, [one.digest for one in found], classes=labels)
    names = sorted(set(labels))
    table = pd.DataFrame(
        {
            "label": [names.index(label) for label in labels],
            "class": labels,
            "file": [str(Path(file).relative_to(request.path)) for file in files],
            "width": [one.width for one in found],
            "height": [one.height for one in found],
            "brightness": pixels.mean(axis=(1, 2, 3)).round(2),
            "contrast": pixels.std(axis=(1, 2, 3)).round(2),
            **{column: [getattr(one, column) for one in found] for column in ("digest", "unreadable", "odd")},
        }
    )
    tables: dict[str, pd.DataFrame] = {}
    arrays: dict[str, Arrays] = {}
    for name in SPLITS:
        chosen = np.array([one == name for one in split.splits])
        part = table[chosen].reset_index(drop=True)
        tables[f"{TASK}-{name}"] = part.assign(id=range(len(part)))[list(COLUMNS)]
        arrays[f"{TASK}-{name}"] = {"pixels": pixels[chosen]}
    sizes = [min(one.width, one.height) for one in found if not one.unreadable]
    counts = Counter(labels)
    notes = [
        *rows.notes,
        f"sizes: {min(sizes)} to {max(sizes)} pixels at the shorter side, scaled to {request.options.size}",
        *split.notes,
        f"{len(names)} classes: " + ", ".join(f"{name} {counts[name]:,}" for name in names[:20]),
    ]
    return Prepared(tables, {"classes": {TASK: names}, "size": request.options.size}, arrays, notes)


def _found(file: Path, request: Request) -> Found:
    side = request.options.size
    try:
        content = file.read_bytes()
    except OSError as error:
        return _unreadable(b"", side, f"{file} cannot be read: {error.strerror}")
    try:
        picture = read_picture(content, str(file))
    except ValueError as error:
        return _unreadable(content, side, str(error))
    pixels = square(picture.pixels, side)
    height, width = picture.pixels.shape[:2]
    digest = hashlib.sha256(pixels.tobytes()).hexdigest()[:16]
    return Found(pixels, width, height, digest, odd="; ".join(picture.warnings))


def _unreadable(content: bytes, side: int, why: str) -> Found:
    return Found(np.zeros((side, side, 3), np.uint8), 0, 0, hashlib.sha256(content).hexdigest()[:16], unreadable=why)


def _of_folders(request: Request) -> Rows:
    """A row for each picture; its class is the name of its folder, its split that of one above."""
    path = request.path
    rows: list[tuple[str, str]] = []
    splits: list[str] = []
    if not path.is_dir():
        raise StageError(f"{path} is no folder: expected {path}/[split]/<class>/<picture>")
    for file in sorted(file for file in path.rglob("*") if file.is_file() and not hidden(file, path)):
        if file.suffix.lower() in (*SUFFIXES, ".md"):
            continue
        if file.parent == path or split_of(file.parent.name):
            raise StageError(f"{file} is in no folder of a class: expected {path}/[split]/<class>/<picture>")
        rows.append((str(file), file.parent.name))
        splits.append(split_of_path(file.parent, path))
    if not rows:
        raise StageError(f"{path} holds no picture: expected {path}/[split]/<class>/<picture>")
    table = pd.DataFrame(rows, columns=["file", "label"], dtype="str")
    return Rows(path, table, splits, [f"read as: {len(rows):,} pictures, a folder a class"])


def _of_table(request: Request) -> Rows | None:
    """A row for each line of the one table in the folder; None where there is none."""
    path = request.path
    tables = [file for file in sorted(path.glob("*")) if file.suffix.lower() in (".csv", ".tsv", ".jsonl", ".parquet")]
    if len(tables) != 1:
        return None
    rows = read_rows(tables[0], request.options)
    name, label = rows.need("file", request.columns, FILE), rows.need("label", request.columns, LABEL)
    given, _ = rows.given(request.columns)
    files = [path / cell for cell in rows.table[name]]
    table = pd.DataFrame({"file": list(map(str, files)), "label": list(rows.table[label])}, dtype="str")
    return Rows(path, table, given, rows.notes)


def suited(prepared: Prepared) -> Suited:
    """A narrow VGG16 that is moved and mirrored: few pictures do not train the true one from random weights."""
    rows = len(prepared.tables[f"{TASK}-train"])
    batch_size = 16 if rows < 1000 else 50
    epochs, why = trained_for(rows, batch_size, 1500, epochs=(3, 40))
    model = {
        "target_task": TASK,
        "image_size": max(32, prepared.facts["size"]),
        "width": 0.125 if rows < 20_000 else 0.25,
        "weights": "random",
        "head": "replace-all",
        "freeze": "none",
        "body_rate": 1.0,
        "train_rows": 0,
        "few_labels": [],
    }
    training = {"epochs": epochs, "batch_size": batch_size, "learning_rate": 0.002}
    variants = {"random": {"model": {key: model[key] for key in ("width", "train_rows")}}}
    return Suited({"seeds": 1, "model": model, "training": training, "variants": variants}, why)


KIND = Kind(
    name="pictures",
    about="a folder of pictures for each class, or a table of files and classes",
    roles={"file": "the picture", "label": "its class", "split": "train, val or test"},
    options=PictureOptions,
    columns=COLUMNS,
    read=read,
    like="vgg16-images",
    suited=suited,
    arrays={"pixels": "uint8"},
    places=("file",),
)
