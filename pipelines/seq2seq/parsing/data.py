"""Sentences and their linear trees: batches. Training, evaluation and the served model all encode here.

Tables have the columns id, text (words with blanks between them) and linear (the tree, see trees.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipelines.seq2seq.model import Batch
from pipelines.seq2seq.symbols import Symbols, as_source, stopped
from pipelines.words import shuffled

Pair = tuple[list[int], list[int]]


@dataclass(frozen=True)
class Writing:
    """The words that are read and the symbols that are written."""

    words: Symbols
    symbols: Symbols

    @classmethod
    def of(cls, table: pd.DataFrame, least: int) -> "Writing":
        """Of training sentences; words that occur less than `least` times are unknown."""
        return cls(Symbols.of(table["text"].str.split(), least), Symbols.of(table["linear"].str.split()))

    def pairs(self, table: pd.DataFrame) -> list[Pair]:
        """The rows of a table as numbers."""
        rows = zip(table["text"].str.split(), table["linear"].str.split(), strict=True)
        return [(self.words.numbers(words), self.symbols.numbers(symbols)) for words, symbols in rows]


def batches_of_epoch(pairs: Sequence[Pair], batch_size: int, rng: np.random.Generator) -> list[Batch]:
    """All pairs in batches of about the same length, in random order."""
    lengths = np.array([len(target) for _, target in pairs])
    found = []
    for rows in shuffled(lengths, batch_size, rng):
        source, known = as_source([pairs[row][0] for row in rows])
        found.append(Batch(source, known, stopped([pairs[row][1] for row in rows])))
    return found
