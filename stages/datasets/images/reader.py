"""Raw files of either source to tables."""

from itertools import product
from pathlib import Path

import numpy as np

from stages.archives import members
from stages.dataset import Prepared
from stages.datasets.images.origin import ARCHIVE, VALUES
from stages.errors import StageError
from stages.files import sha256
from stages.pictures import builtin, cifar
from stages.pictures.builtin import SPLITS
from stages.pictures.drawing import SIDE, Pixels
from stages.pictures.parts import Part
from stages.pictures.tables import prepare
from stages.pictures.unpickling import unpickle

TASK = "cifar10"
INSIDE = "cifar-10-batches-py/"
BATCHES = {"train": [f"data_batch_{number}" for number in range(1, 6)], "test": ["test_batch"]}
NAMES = "batches.meta"


def _read_records(path: Path) -> tuple[Pixels, list[int]]:
    content = np.fromfile(path, np.uint8)
    if len(content) % (1 + VALUES) or not len(content):
        raise StageError(f"{path} holds {len(content)} bytes, not records of {1 + VALUES}. Download it again.")
    records = content.reshape(-1, 1 + VALUES)
    return _as_pictures(records[:, 1:]), _checked(records[:, 0].tolist(), str(path))


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
