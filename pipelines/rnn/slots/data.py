"""Slot filling: tables -> batches. Training, evaluation, the command line and the served model all encode here.

Shapes: B utterances, T words in the longest, U distinct words in a batch, W characters in the longest.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

PAD, UNKNOWN = "<pad>", "<unk>"
MAX_SPELLING = 20  # characters of a word that are read; longer ones are cut


@dataclass(frozen=True)
class Vocabulary:
    """What indices stand for. Words and characters begin with <pad> and <unk>; tags are those seen in training.

    `counts` says how often training saw each word.
    """

    words: tuple[str, ...]
    characters: tuple[str, ...]
    tags: tuple[str, ...]
    counts: tuple[int, ...]

    @classmethod
    def of(cls, train: pd.DataFrame) -> "Vocabulary":
        """The vocabulary of a training table, each part in order of frequency, ties by spelling."""
        words = Counter(word for text in train["text"] for word in text.split())
        characters: Counter[str] = Counter()
        for word, count in words.items():
            characters.update(dict.fromkeys(word, count))
        tags = Counter(tag for sequence in train["tags"] for tag in sequence.split())
        ranked = _ranked(words)
        counts = (0, 0, *(words[word] for word in ranked))
        return cls((PAD, UNKNOWN, *ranked), (PAD, UNKNOWN, *_ranked(characters)), _ranked(tags), counts)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Vocabulary":
        return cls(**{part: tuple(items) for part, items in value.items()})


def _ranked(counts: Counter[str]) -> tuple[str, ...]:
    return tuple(sorted(counts, key=lambda item: (-counts[item], item)))


@dataclass(frozen=True)
class Batch:
    """Utterances padded to the longest.

    words (B, T), 0 where padded; spelling (U, W) the characters of each distinct word; spelling_index (B, T) which
    row of it spells the word; lengths (B,); tags (B, T), or all -1 where they are not known.
    """

    words: Tensor
    spelling: Tensor
    spelling_index: Tensor
    lengths: Tensor
    tags: Tensor

    def to(self, device: torch.device) -> "Batch":
        return Batch(*(tensor.to(device) for tensor in vars(self).values()))


class Encoder:
    """Turns texts (words joined by blanks) into batches; a word or character that is not known becomes <unk>."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self._word = {word: index for index, word in enumerate(vocabulary.words)}
        self._character = {character: index for index, character in enumerate(vocabulary.characters)}
        self._tag = {tag: index for index, tag in enumerate(vocabulary.tags)}

    def batch(self, texts: Sequence[str], tags: Sequence[str] | None = None) -> Batch:
        """A batch of `texts`; tags that training never saw become -1, which no loss counts.

        Raises ValueError for a text without words.
        """
        sentences = [text.split() for text in texts]
        if empty := [index for index, sentence in enumerate(sentences) if not sentence]:
            raise ValueError(f"text {empty[0] + 1} of {len(texts)} holds no words: {texts[empty[0]]!r}")
        distinct = {word: row for row, word in enumerate(dict.fromkeys(w for s in sentences for w in s))}
        spellings = [[self._character.get(c, 1) for c in word[:MAX_SPELLING]] for word in distinct]
        known = [[self._tag.get(tag, -1) for tag in sequence.split()] for sequence in tags or [""] * len(texts)]
        width = max(map(len, sentences))
        return Batch(
            words=_padded([[self._word.get(word, 1) for word in sentence] for sentence in sentences], width, 0),
            spelling=_padded(spellings, max(map(len, spellings)), 0),
            spelling_index=_padded([[distinct[word] for word in sentence] for sentence in sentences], width, 0),
            lengths=torch.tensor([len(sentence) for sentence in sentences]),
            tags=_padded(known, width, -1),
        )

    def batches(self, table: pd.DataFrame, batch_size: int) -> list[Batch]:
        """A table's rows in their order, `batch_size` at a time."""
        return self._batches(table, np.arange(len(table)), batch_size)

    def shuffled(self, table: pd.DataFrame, batch_size: int, rng: np.random.Generator) -> list[Batch]:
        """Batches of utterances of about the same length, so that little is padded, in random order."""
        lengths = table["text"].str.count(" ").to_numpy()
        by_length = np.argsort(lengths + rng.uniform(-1, 1, len(table)), kind="stable")
        batches = self._batches(table, by_length, batch_size)
        return [batches[index] for index in rng.permutation(len(batches))]

    def _batches(self, table: pd.DataFrame, order: np.ndarray, batch_size: int) -> list[Batch]:
        texts, tags = table["text"].to_numpy()[order], table["tags"].to_numpy()[order]
        starts = range(0, len(table), batch_size)
        return [self.batch(list(texts[i : i + batch_size]), list(tags[i : i + batch_size])) for i in starts]


def _padded(rows: Iterable[Sequence[int]], width: int, filler: int) -> Tensor:
    return torch.tensor([[*row, *[filler] * (width - len(row))] for row in rows])


def load_tables(folder: Path) -> dict[str, pd.DataFrame]:
    """The prepared tables of a data set by split, with columns id, text, tags, intent."""
    return {split: pd.read_parquet(folder / f"{split}.parquet") for split in ("train", "val", "test")}
