"""The tasks of `long_memory` and the expected properties of their sequences."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

Kind = Literal["adding", "order", "pixels"]
Range = tuple[int, int]  # lowest and highest, both included

SPLITS = ("train", "val", "test")
SYMBOLS = "EBXYabcd"  # start, end, the two that matter, the four that do not; a code is a place in this list
START, END, RELEVANT, DISTRACTORS = 0, 1, (2, 3), (4, 5, 6, 7)
PADDING = 8  # the code of what follows a sequence in its row of the array
ORDERS = ("XX", "XY", "YX", "YY")
DIGITS = tuple("0123456789")
NOWHERE: Range = (-1, -1)  # where the positions of an image's marked steps are: it has none


@dataclass(frozen=True)
class Task:
    """One table: sequences of one kind and length, and the class or the sum to predict at their end."""

    kind: Kind
    length: int  # T
    classes: tuple[str, ...]  # none where a number is asked for
    rows: Mapping[tuple[str, str], int]  # (split, label) -> sequences
    lengths: Range
    first: Range  # where the marked or relevant steps may be, counted from 0
    second: Range
    highest: int = 0  # a pixel's brightest value
    recognised: float = 0.0  # least share of images that are nearest to the mean image of their own class
    ink: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # of upper and lower halves, by split or of all
    ink_of_classes: tuple[int, ...] = ()  # of all splits together

    @property
    def width(self) -> int:
        """Steps in a row of the array."""
        return self.lengths[1]


def adding(length: int, sizes: Mapping[str, int]) -> Task:
    """The adding problem over `length` steps: one marked number in each half."""
    half = length // 2
    rows = {(split, ""): sizes[split] for split in SPLITS}
    return Task("adding", length, (), rows, (length, length), (0, half - 1), (half, length - 1))


def order(length: int, sizes: Mapping[str, int]) -> Task:
    """The temporal-order problem, its ranges as published for a `length` of 100: 100-110, 10-20 and 50-60."""
    rows = {
        (split, label): len(range(number, sizes[split], len(ORDERS)))
        for split in SPLITS
        for number, label in enumerate(ORDERS)
    }
    tenth, half = length // 10, length // 2
    return Task("order", length, ORDERS, rows, (length, length + tenth), (tenth, length // 5), (half, length * 3 // 5))


def _pixels(
    width: int,
    counts: Mapping[str, tuple[int, ...]],
    *,
    highest: int,
    recognised: float,
    ink: Mapping[str, tuple[int, int]],
    ink_of_classes: tuple[int, ...],
) -> Task:
    length = width * width
    rows = {(split, label): count for split in SPLITS for label, count in zip(DIGITS, counts[split], strict=True)}
    return Task(
        "pixels", length, DIGITS, rows, (length, length), NOWHERE, NOWHERE, highest, recognised, ink, ink_of_classes
    )


# scikit-learn's digits have no split: of each class 30 go to val and 40 to test.
DIGIT_COUNTS = (178, 182, 177, 183, 181, 182, 181, 179, 174, 180)
DIGIT_HELD_OUT = {"val": 30, "test": 40}
DIGIT_IMAGES = _pixels(
    8,
    {
        "train": tuple(count - sum(DIGIT_HELD_OUT.values()) for count in DIGIT_COUNTS),
        **{split: (count,) * len(DIGITS) for split, count in DIGIT_HELD_OUT.items()},
    },
    highest=16,
    recognised=0.8,
    ink={"all": (283_319, 278_399)},  # the seed decides how they are split
    ink_of_classes=(56_415, 57_007, 55_566, 56_151, 56_239, 55_915, 56_336, 54_289, 57_408, 56_392),
)

# As published, the last 5,000 of train being val; counted from the files.
MNIST_IMAGES = _pixels(
    28,
    {
        "train": (5434, 6212, 5465, 5622, 5343, 4963, 5436, 5702, 5357, 5466),
        "val": (489, 530, 493, 509, 499, 458, 482, 563, 494, 483),
        "test": (980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009),
    },
    highest=255,
    recognised=0.75,
    ink={
        "train": (675_274_241, 762_034_862),
        "val": (61_078_937, 68_910_505),
        "test": (124_370_204, 140_552_996),
    },
    ink_of_classes=(
        *(239_085_996, 119_848_024, 208_433_544, 202_410_932, 165_829_095),
        *(163_083_252, 189_943_546, 167_060_037, 205_459_490, 171_067_829),
    ),
)


class Stream:
    """Random numbers that are the same everywhere: numpy keeps the raw stream of PCG64, not what it makes of it."""

    def __init__(self, seed: int, name: str) -> None:
        self._bits = np.random.PCG64([seed, *name.encode()])

    def below(self, limit: int, *shape: int) -> np.ndarray:
        """Whole numbers from 0 to `limit` - 1, which must be below 2^24."""
        return (self._top(shape) * np.uint64(limit) >> np.uint64(24)).astype(np.int64)

    def unit(self, *shape: int) -> np.ndarray:
        """Multiples of 2^-24 in [0, 1): float32 holds each, and float64 their sums, without rounding."""
        return (self._top(shape) / 2**24).astype(np.float32)

    def shuffled(self, count: int) -> np.ndarray:
        """The numbers from 0 to `count` - 1 in random order."""
        return np.argsort(self._bits.random_raw(count), kind="stable")

    def _top(self, shape: tuple[int, ...]) -> np.ndarray:
        return np.asarray(self._bits.random_raw(shape)) >> np.uint64(40)


def permutation(length: int) -> list[int]:
    """The order in which `permuted` reads an image of `length` pixels: the same in every run, so that runs compare."""
    return [int(place) for place in Stream(0, f"permutation/{length}").shuffled(length)]


def means(steps: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """The mean of each sequence without its padding. Sums of codes and of multiples of 2^-24 are exact in float64."""
    own = np.arange(steps.shape[1]) < lengths[:, np.newaxis]
    return np.asarray(steps.sum(axis=1, where=own, dtype=np.float64) / np.maximum(lengths, 1))


def facts(task: Task) -> dict[str, Any]:
    """What a trainer needs to know of a task."""
    found = {"kind": task.kind, "length": task.length, "classes": list(task.classes)}
    if task.kind == "order":
        return found | {"symbols": list(SYMBOLS), "padding": PADDING}
    if task.kind == "pixels":
        return found | {"highest": task.highest, "permutation": permutation(task.length)}
    return found
