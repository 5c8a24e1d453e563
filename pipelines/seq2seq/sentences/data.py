"""Sentences and what is said of them: batches, pairs that swap roles, and bags of words.

Tables have the columns id, text and pair: two sentences of one split with the same pair, if it is not negative, have
the same words in another order.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from pipelines.seq2seq.model import Batch
from pipelines.seq2seq.symbols import as_source, stopped
from pipelines.words import shuffled


def batch_of(sentences: Sequence[Sequence[int]]) -> Batch:
    """Sentences that are read and written."""
    source, lengths = as_source(sentences)
    return Batch(source, lengths, stopped(sentences))


def batches_of_epoch(sentences: Sequence[Sequence[int]], batch_size: int, rng: np.random.Generator) -> list[Batch]:
    """All sentences in batches of about the same length, in random order."""
    lengths = np.array([len(sentence) for sentence in sentences])
    return [batch_of([sentences[row] for row in rows]) for rows in shuffled(lengths, batch_size, rng)]


def swapped_pairs(table: pd.DataFrame) -> list[tuple[int, int]]:
    """The places of both sentences of each pair that is whole in this table."""
    places = table.reset_index(drop=True).query("pair >= 0").groupby("pair").groups.values()
    return [(int(group[0]), int(group[1])) for group in places if len(group) == 2]


def bags(sentences: Sequence[Sequence[int]], symbols: int) -> Tensor:
    """How often each has each symbol (B, V)."""
    return torch.stack([torch.bincount(torch.tensor(sentence), minlength=symbols) for sentence in sentences]).float()
