"""Data set `images`: 32 by 32 pixels in colour, what do they show? Built-in: stages/pictures/; public: CIFAR-10.

Raw files of the built-in source: `<task>-<split>.bin`, a record per picture, its label as one byte and then its red,
green and blue values, as CIFAR-10 is published for C programs. The public source is the archive of Python pickles.
See stages/pictures/tables.py for what comes of both, and the data set `images_jpeg` for the copy that mirrors have.
"""

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import numpy as np

from stages.archives import members
from stages.dataset import Dataset, Given, Origin, Prepared, PublicFile, Suite
from stages.errors import StageError
from stages.files import sha256
from stages.pictures import builtin, cifar
from stages.pictures.builtin import SPLITS, PicturesOptions, draw_all
from stages.pictures.drawing import SIDE, Pixels
from stages.pictures.rules import CIFAR10, DRAWN, picture_suites
from stages.pictures.tables import ARRAYS, COLUMNS, Part, prepare
from stages.pictures.unpickling import unpickle

TASK = "cifar10"
VALUES = 3 * SIDE * SIDE
ARCHIVE = PublicFile(
    "cifar-10-python.tar.gz",
    "cifar10/cifar-10-python.tar.gz",
    "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
    "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    170498071,
)
INSIDE = "cifar-10-batches-py/"
BATCHES = {"train": [f"data_batch_{number}" for number in range(1, 6)], "test": ["test_batch"]}
NAMES = "batches.meta"


# -- built-in source


def make(options: PicturesOptions) -> Iterator[tuple[str, bytes]]:
    """A file per table."""
    for part in draw_all(options):
        planes = part.pixels.transpose(0, 3, 1, 2).reshape(-1, VALUES)
        records = np.concatenate([np.array(part.labels, np.uint8)[:, None], planes], axis=1)
        yield f"{part.task}-{part.split}.bin", records.tobytes()


def _read_records(path: Path) -> tuple[Pixels, list[int]]:
    content = np.fromfile(path, np.uint8)
    if len(content) % (1 + VALUES) or not len(content):
        raise StageError(f"{path} holds {len(content)} bytes, not records of {1 + VALUES}. Download it again.")
    records = content.reshape(-1, 1 + VALUES)
    return _as_pictures(records[:, 1:]), _checked(records[:, 0].tolist(), str(path))


# -- both sources


def read(folder: Path) -> Prepared:
    """The tables of either source."""
    if (folder / ARCHIVE.path).is_file():
        return _read_published(folder / ARCHIVE.path)
    tables = list(product(builtin.CLASSES, SPLITS))
    parts = (Part(task, split, *_read_records(folder / f"{task}-{split}.bin")) for task, split in tables)
    return prepare(parts, builtin.CLASSES)


def _as_pictures(rows: Pixels) -> Pixels:
    """From a row of all red values, all green and all blue."""
    return rows.reshape(-1, 3, SIDE, SIDE).transpose(0, 2, 3, 1)


def _checked(labels: list[int], name: str) -> list[int]:
    if wrong := sorted({label for label in labels if label not in range(10)}):
        raise StageError(f"{name}: the labels are 0 to 9, found also {wrong}. Download it again.")
    return labels


# -- public source


def _read_published(path: Path) -> Prepared:
    """Open the pickles, once the archive is known to be the published one: others could run anything."""
    if (digest := sha256(path)) != ARCHIVE.sha256:
        raise StageError(f"{path} was changed: sha256 {digest}, expected {ARCHIVE.sha256}. Download it again.")
    files = members(path, lambda name: name.startswith(INSIDE))
    found = {part: _read_batches(path, files, names) for part, names in BATCHES.items()}
    names = unpickle(*_member(path, files, NAMES)).get(b"label_names")
    if names != [name.encode() for name in cifar.CLASSES]:
        raise StageError(f"{path}: the classes are {names}, expected {', '.join(cifar.CLASSES)}")
    return prepare(cifar.split(TASK, found["train"], found["test"]), {TASK: cifar.CLASSES})


def _member(path: Path, files: dict[str, bytes], name: str) -> tuple[bytes, str]:
    if INSIDE + name not in files:
        raise StageError(f"{path} has no {INSIDE}{name}; it has {', '.join(files) or 'nothing there'}")
    return files[INSIDE + name], f"{path}, {name}"


def _read_batches(path: Path, files: dict[str, bytes], names: list[str]) -> cifar.Labelled:
    found = [read_batch(*_member(path, files, name)) for name in names]
    return np.concatenate([pixels for pixels, _ in found]), [label for _, labels in found for label in labels]


def read_batch(content: bytes, name: str) -> cifar.Labelled:
    """The pictures and labels of one published batch."""
    batch = unpickle(content, name)
    data, labels = batch.get(b"data"), batch.get(b"labels")
    if not (isinstance(data, np.ndarray) and data.dtype == np.uint8 and data.ndim == 2 and data.shape[1] == VALUES):
        shape = f"{data.dtype} of {data.shape}" if isinstance(data, np.ndarray) else type(data).__name__
        raise StageError(f"{name}: `data` is {shape}, expected uint8 of (pictures, {VALUES})")
    if not (isinstance(labels, list) and len(labels) == len(data) and all(type(label) is int for label in labels)):
        raise StageError(f"{name}: `labels` is no list of {len(data)} whole numbers, one for each picture")
    return _as_pictures(data), _checked(labels, name)


def rules(given: Given[PicturesOptions]) -> list[Suite]:
    """What must hold of any pictures, and what is known of these."""
    return picture_suites(given, {TASK: CIFAR10} if given.source == "public" else DRAWN)


DATASET: Dataset[PicturesOptions] = Dataset(
    name="images",
    options=PicturesOptions,
    origins={
        "builtin": Origin(builtin.ORIGIN, builtin.LICENCE),
        "public": Origin(
            "CIFAR-10 (A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009), the canonical "
            "Python batches of www.cs.toronto.edu/~kriz/cifar.html",
            "none stated; the site asks to cite Krizhevsky (2009)",
        ),
    },
    public=(ARCHIVE,),
    make=make,
    columns=COLUMNS,
    read=read,
    rules=rules,
    arrays=ARRAYS,
)
