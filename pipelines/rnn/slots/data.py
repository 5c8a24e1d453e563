"""Slot filling: tables -> batches. Training, evaluation, the command line and the served model all encode here.

Tables have the columns id, text and tags, among others.

Shapes: B utterances, T words in the longest.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from torch import Tensor

from pipelines.nn.words import Vocabulary, WordEncoder, Words, padded, ranked, shuffled


@dataclass(frozen=True)
class SlotVocabulary(Vocabulary):
    """With the tags of training, the most frequent first."""

    tags: tuple[str, ...]

    @classmethod
    def of(cls, train: pd.DataFrame) -> "SlotVocabulary":
        """The vocabulary of a training table."""
        tags = Counter(tag for sequence in train["tags"] for tag in sequence.split())
        return cls.of_texts(train["text"], tags=ranked(tags))


@dataclass(frozen=True)
class Batch(Words):
    """Utterances padded to the longest: tags (B, T), -1 where padded or not known."""

    tags: Tensor


class Encoder:
    """Turns utterances into batches."""

    def __init__(self, vocabulary: SlotVocabulary) -> None:
        self.vocabulary = vocabulary
        self._words = WordEncoder(vocabulary)
        self._tag = {tag: index for index, tag in enumerate(vocabulary.tags)}

    def batch(self, texts: Sequence[str], tags: Sequence[str] | None = None) -> Batch:
        """A batch of `texts`; tags that are not in training become -1, which no loss counts.

        Raises ValueError for a text without words.
        """
        words = self._words(texts)
        known = [[self._tag.get(tag, -1) for tag in sequence.split()] for sequence in tags or [""] * len(texts)]
        return Batch(**vars(words), tags=padded(known, words.words.shape[1], -1))

    def batches(self, table: pd.DataFrame, batch_size: int) -> list[Batch]:
        """A table's rows in their order, `batch_size` at a time."""
        rows = np.arange(len(table))
        return [self._of(table, rows[start : start + batch_size]) for start in range(0, len(table), batch_size)]

    def shuffled(self, table: pd.DataFrame, batch_size: int, rng: np.random.Generator) -> list[Batch]:
        """Batches of utterances of about the same length, in random order."""
        lengths = table["text"].str.count(" ").to_numpy()
        return [self._of(table, rows) for rows in shuffled(lengths, batch_size, rng)]

    def _of(self, table: pd.DataFrame, rows: np.ndarray) -> Batch:
        chosen = table.iloc[rows]
        return self.batch(list(chosen["text"]), list(chosen["tags"]))
