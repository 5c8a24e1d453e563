"""How many texts a built-in source makes for each split."""

from dataclasses import dataclass
from typing import ClassVar

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Sizes:
    """How many texts a built-in source makes for each split: part of every such options dataclass."""

    FEWEST: ClassVar[int] = 20  # of a split that can show what the data set is about

    seed: int
    train: int
    val: int
    test: int

    def __post_init__(self) -> None:
        for split in SPLITS:
            if self.rows(split) < self.FEWEST:
                raise ValueError(f"{split} must be at least {self.FEWEST}, found {self.rows(split)}")

    def rows(self, split: str) -> int:
        return {"train": self.train, "val": self.val, "test": self.test}[split]
