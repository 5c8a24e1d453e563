"""The pictures of one table before they are measured."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.pictures.drawing import Pixels


@dataclass(frozen=True)
class Part:
    """The pictures of one table, in any order, and what each shows; the table is called `<task>-<split>`."""

    task: str
    split: str
    pixels: Pixels
    labels: Sequence[int]


def turns(labels: Sequence[int] | NDArray[np.int64]) -> NDArray[np.int64]:
    """For each picture, how many of its class come before it."""
    seen = Counter[int]()
    found = []
    for label in map(int, labels):
        found.append(seen[label])
        seen[label] += 1
    return np.array(found, np.int64)
