"""CIFAR-10 (Krizhevsky 2009), of which two copies are published: the canonical batches, and a lossy one as JPEG.

50,000 training and 10,000 test pictures, of ten classes as many each. No val split is published: here it is every
tenth training picture of a class, in their canonical order, which both copies keep. So row n of a table is the same
picture in both.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from stages.pictures.drawing import Pixels
from stages.pictures.parts import Part, turns

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
ROWS = {"train": 45_000, "val": 5_000, "test": 10_000}
EVERY = 10  # one training picture of a class in so many is val

Labelled = tuple[Pixels, Sequence[int]]  # pictures and their labels; those of a class in canonical order


def split(task: str, train: Labelled, test: Labelled) -> Iterator[Part]:
    """The three splits."""
    pixels, labels = train[0], np.asarray(train[1], np.int64)
    val = turns(labels) % EVERY == EVERY - 1
    yield Part(task, "train", pixels[~val], labels[~val].tolist())
    yield Part(task, "val", pixels[val], labels[val].tolist())
    yield Part(task, "test", *test)
