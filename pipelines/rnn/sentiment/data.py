"""Sentiment: tables -> batches. Training, evaluation, the command line and the served model all encode here.

Tables have the columns id, text and label, among others. The card names the labels, whose places are those numbers.

Shapes: B texts, T words in the longest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from pipelines.nn.words import Vocabulary, WordEncoder, Words, shuffled
from pipelines.tables import read_card

FOLDS = 10  # of MR, as papers on it have


def folded(splits: Mapping[str, pd.DataFrame], turn: int) -> dict[str, pd.DataFrame]:
    """The splits for one turn of cross-validation: fold `turn` is test, the next one is val, the other eight are train.

    Raises ValueError where the tables have no column `fold` or `turn` is none of the folds.
    """
    every = pd.concat(splits.values(), ignore_index=True)
    if "fold" not in every or not 0 <= turn < FOLDS:
        raise ValueError(
            f"cross-validation needs a column fold and a seed below {FOLDS}, found seed {turn} and the columns "
            f"{', '.join(every.columns)}: set cross_validated to false, or seeds to {FOLDS} at most"
        )
    parts = ((every["fold"] - turn) % FOLDS).map({0: "test", 1: "val"}).fillna("train")
    return {split: every[parts == split].reset_index(drop=True) for split in splits}


@dataclass(frozen=True)
class LabelVocabulary(Vocabulary):
    """With the names of the labels, by number."""

    labels: tuple[str, ...]


def labels_of(tables: Path) -> tuple[str, ...]:
    """The names of the labels of the data in a folder. Raises ValueError where its card has none."""
    found = read_card(tables)["facts"].get("labels", [])
    if len(found) < 2:
        raise ValueError(
            f"{tables / 'card.json'} names the labels {found}: expected two or more; validate the data again"
        )
    return tuple(found)


@dataclass(frozen=True)
class Batch(Words):
    """Texts padded to the longest: labels (B,), -1 where it is not known."""

    labels: Tensor


class Encoder:
    """Turns texts into batches."""

    def __init__(self, vocabulary: LabelVocabulary) -> None:
        self.vocabulary = vocabulary
        self._words = WordEncoder(vocabulary)

    def batch(self, texts: Sequence[str], labels: Sequence[int] | None = None) -> Batch:
        """Raises ValueError for a text without words."""
        known = torch.tensor(list(labels) if labels is not None else [-1] * len(texts))
        return Batch(**vars(self._words(texts)), labels=known)

    def shuffled(self, table: pd.DataFrame, batch_size: int, rng: np.random.Generator) -> list[Batch]:
        """Batches of texts of about the same length, in random order."""
        lengths = table["text"].str.count(" ").to_numpy()
        chosen = (table.iloc[rows] for rows in shuffled(lengths, batch_size, rng))
        return [self.batch(list(rows["text"]), list(rows["label"])) for rows in chosen]
