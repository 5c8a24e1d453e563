"""Translation: pairs of texts -> batches. Training, evaluation, the command line and the served model all encode here.

Tables have the columns id, source and target.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipelines.seq2seq.model import Batch
from pipelines.seq2seq.symbols import as_source, stopped
from pipelines.seq2seq.texts import Writing
from pipelines.words import shuffled

Pair = tuple[list[int], list[int]]


@dataclass(frozen=True)
class Languages:
    """The writing of the language that is read and of the one that is written."""

    source: Writing
    target: Writing

    def pairs(self, table: pd.DataFrame) -> list[Pair]:
        """The rows of a table as numbers."""
        texts = zip(table["source"], table["target"], strict=True)
        return [(self.source.numbers(source), self.target.numbers(target)) for source, target in texts]


def turned(table: pd.DataFrame) -> pd.DataFrame:
    """The other direction: source and target exchanged."""
    return table.assign(source=table["target"], target=table["source"])


def batch_of(pairs: Sequence[Pair]) -> Batch:
    source, lengths = as_source([source for source, _ in pairs])
    return Batch(source, lengths, stopped([target for _, target in pairs]))


def batches_of_epoch(pairs: Sequence[Pair], batch_size: int, rng: np.random.Generator) -> list[Batch]:
    """All pairs in batches of about the same length, in random order."""
    lengths = np.array([len(source) + len(target) for source, target in pairs])
    return [batch_of([pairs[row] for row in rows]) for rows in shuffled(lengths, batch_size, rng)]
