"""Settings of the long-memory problems: which one is read, and by what network (`rnn.reader.SequenceReader`)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.rnn.reader import ReaderParams

MIN_STEPS = 20  # at which growing sequences start: any cell learns to add over so few


@dataclass(frozen=True)
class LongMemoryParams:
    """Which problem is read, and by what."""

    problem: str  # a table of the data set
    permuted: bool = False  # an image's pixels in the order that the data set's card gives
    train_rows: int = 0  # 0: all
    redraw: bool = False  # the adding problem's numbers are drawn anew in each epoch
    cell: str = "lstm"  # none: the same answer whatever is read
    hidden_size: int = 100
    num_layers: int = 1
    grow: float = 0.0  # share of the epochs in which the adding problem's sequences grow to their length; 0: none
    options: Mapping[str, Any] = field(default_factory=dict)  # the cell's own

    def __post_init__(self) -> None:
        if not 0 <= self.grow <= 1:
            raise ValueError(f"grow is {self.grow}: expected a share of the epochs, from 0 to 1")

    def steps(self, progress: float, length: int) -> int:
        """The length of a sequence of `length` steps after a share `progress` of the epochs: it grows exponentially."""
        if progress >= self.grow or length <= MIN_STEPS:
            return length
        return round(MIN_STEPS * math.pow(length / MIN_STEPS, progress / self.grow))

    def reader(self) -> ReaderParams:
        return ReaderParams(self.cell, self.hidden_size, self.num_layers, self.options)
