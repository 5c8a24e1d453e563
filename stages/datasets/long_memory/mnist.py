"""Reading the public source of `long_memory`: MNIST in its own format, idx, gzipped."""

import struct
from math import prod
from pathlib import Path

import numpy as np

from stages.archives import unpacked
from stages.dataset import Arrays
from stages.datasets.long_memory.origin import TEST_IMAGES, TEST_LABELS, TRAIN_IMAGES, TRAIN_LABELS
from stages.datasets.long_memory.origin.tasks import MNIST_IMAGES, SPLITS
from stages.errors import StageError

HELD_OUT = 5000  # the last images of train are val
SIDE = 28
LIMIT = 80 << 20  # bytes of a file, unpacked: the largest has 47 million
UNSIGNED_BYTES = 0x08  # idx's number for that type


def read_mnist(folder: Path) -> Arrays:
    """The images in their published order, under the names that origin/draws.py gives to such arrays."""
    train, train_labels = _pair(folder / TRAIN_IMAGES.path, folder / TRAIN_LABELS.path)
    test, test_labels = _pair(folder / TEST_IMAGES.path, folder / TEST_LABELS.path)
    if len(train) <= HELD_OUT:
        raise StageError(
            f"{folder / TRAIN_IMAGES.path} holds {len(train)} images, of which the last {HELD_OUT} are val"
        )
    sizes = (len(train) - HELD_OUT, HELD_OUT, len(test))
    rows = sum(sizes)
    return {
        "split": np.repeat(np.arange(len(SPLITS), dtype=np.uint8), sizes),
        "target": np.concatenate([train_labels, test_labels]).astype(np.float64),
        "length": np.full(rows, MNIST_IMAGES.length),
        "first": np.full(rows, -1),
        "second": np.full(rows, -1),
        "codes": np.concatenate([train, test]).reshape(rows, MNIST_IMAGES.length),
    }


def _pair(images: Path, labels: Path) -> tuple[np.ndarray, np.ndarray]:
    pixels, numbers = read_idx(images, SIDE, SIDE), read_idx(labels)
    if len(pixels) != len(numbers):
        raise StageError(f"{images} holds {len(pixels)} images, {labels} {len(numbers)} labels")
    if numbers.max(initial=0) >= len(MNIST_IMAGES.classes):
        raise StageError(f"{labels} holds the label {numbers.max()}; a digit is from 0 to 9")
    return pixels, numbers


def read_idx(path: Path, *item: int) -> np.ndarray:
    """The array in a gzipped idx file of unsigned bytes: items of the sizes given, (28, 28) an image, () a label.

    idx: two zero bytes, the type's number, the number of dimensions; each dimension's size, big-endian; the content.
    """
    content, dimensions = unpacked(path, LIMIT), 1 + len(item)
    if content[:4] != bytes([0, 0, UNSIGNED_BYTES, dimensions]):
        raise StageError(
            f"{path} is no idx file of unsigned bytes in {dimensions} dimensions: it starts with {content[:4]!r}"
        )
    start = 4 * (1 + dimensions)
    if len(content) < start:
        raise StageError(f"{path} is cut off within its header")
    count, *found = struct.unpack_from(f">{dimensions}I", content, 4)
    if tuple(found) != item:
        raise StageError(f"{path} announces {count} items of size {found}, expected size {list(item)}")
    if len(content) - start != (size := count * prod(item)):
        raise StageError(f"{path} holds {len(content) - start} bytes after its header, which promises {size}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(count, *item)
