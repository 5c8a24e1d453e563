"""Key terms: tables -> batches. Tables have the columns id, text, tags (B, I, O) and key_terms (split by `;`).

Shapes: B documents, T words in the longest.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from torch import Tensor

from pipelines.nn.words import Vocabulary, WordEncoder, Words, padded, shuffled
from pipelines.rnn.key_terms.scores import Phrase

TAGS = ("O", "B", "I")
# As the texts of the tables are split, which are ASCII; letters of any other script are letters too.
WORD = re.compile(r"[^\W_]+(?:[-'./][^\W_]+)*|[^\w\s]|_")


@dataclass(frozen=True)
class Batch(Words):
    """Documents padded to the longest: tags (B, T), indices in TAGS, -1 where padded or not known."""

    tags: Tensor


class Encoder:
    """Turns documents into batches; words are read in lower case."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self._words = WordEncoder(vocabulary)

    def batch(self, texts: Sequence[str], tags: Sequence[str] | None = None) -> Batch:
        """Raises ValueError for a text without words."""
        words = self._words([text.lower() for text in texts])
        known = [[TAGS.index(tag) for tag in sequence.split()] for sequence in tags or [""] * len(texts)]
        return Batch(**vars(words), tags=padded(known, words.words.shape[1], -1))

    def shuffled(self, table: pd.DataFrame, batch_size: int, rng: np.random.Generator) -> list[Batch]:
        """Batches of documents of about the same length, in random order."""
        lengths = table["text"].str.count(" ").to_numpy()
        chosen = (table.iloc[rows] for rows in shuffled(lengths, batch_size, rng))
        return [self.batch(list(rows["text"]), list(rows["tags"])) for rows in chosen]


def phrases_of(key_terms: str) -> set[Phrase]:
    """The key terms of a cell of the table, as phrases in lower case."""
    return {phrase for term in key_terms.split(";") if (phrase := tuple(WORD.findall(term.lower())))}
