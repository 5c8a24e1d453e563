"""Sentences: pairs that swap roles, and bags of words.

Tables have the columns id, text and pair: two sentences of one split with the same pair, if it is not negative, have
the same words in another order.
"""

from collections.abc import Sequence

import pandas as pd
import torch
from torch import Tensor


def swapped_pairs(table: pd.DataFrame) -> list[tuple[int, int]]:
    """The places of both sentences of each pair that is whole in this table."""
    places = table.reset_index(drop=True).query("pair >= 0").groupby("pair").groups.values()
    return [(int(group[0]), int(group[1])) for group in places if len(group) == 2]


def bags(sentences: Sequence[Sequence[int]], symbols: int) -> Tensor:
    """The count of each symbol in each sentence (B, V)."""
    return torch.stack([torch.bincount(torch.tensor(sentence), minlength=symbols) for sentence in sentences]).float()
