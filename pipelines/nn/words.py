"""Words and their spelling: texts -> indices -> features, for every task that reads words.

Shapes: B texts, T words in the longest, U distinct words in a batch, W characters in the longest word, F features.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from pipelines.nn.recurrent import within

PAD, UNKNOWN = "<pad>", "<unk>"
MAX_SPELLING = 20  # characters of a word that are read; the rest is cut


@dataclass(frozen=True)
class Vocabulary:
    """Words and characters by index, both beginning with <pad> and <unk>, and the counts of words in training."""

    words: tuple[str, ...]
    characters: tuple[str, ...]
    counts: tuple[int, ...]

    @classmethod
    def of_texts(cls, texts: Iterable[str], **others: tuple[str, ...]) -> Self:
        """The vocabulary of training texts, each part by frequency, ties by spelling."""
        words = Counter(word for text in texts for word in text.split())
        characters: Counter[str] = Counter()
        for word, count in words.items():
            characters.update(dict.fromkeys(word, count))
        ordered = ranked(words)
        counts = (0, 0, *(words[word] for word in ordered))
        return cls((PAD, UNKNOWN, *ordered), (PAD, UNKNOWN, *ranked(characters)), counts, **others)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        return cls(**{part: tuple(items) for part, items in value.items()})


def ranked(counts: Counter[str]) -> tuple[str, ...]:
    """The counted items, the most frequent first, ties by spelling."""
    return tuple(sorted(counts, key=lambda item: (-counts[item], item)))


@dataclass(frozen=True)
class Words:
    """Texts padded to the longest.

    words (B, T), 0 where padded; spelling (U, W) the characters of each distinct word; spelling_index (B, T) the row
    of it for each word; lengths (B,).
    """

    words: Tensor
    spelling: Tensor
    spelling_index: Tensor
    lengths: Tensor

    def to(self, device: torch.device) -> Self:
        return type(self)(**{name: tensor.to(device) for name, tensor in vars(self).items()})


class WordEncoder:
    """Turns texts (words joined by blanks) into indices; an unknown word or character becomes <unk>."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._word = {word: index for index, word in enumerate(vocabulary.words)}
        self._character = {character: index for index, character in enumerate(vocabulary.characters)}

    def __call__(self, texts: Sequence[str]) -> Words:
        """Raises ValueError for a text without words."""
        sentences = in_words(texts)
        distinct = {word: row for row, word in enumerate(dict.fromkeys(w for s in sentences for w in s))}
        spellings = [[self._character.get(c, 1) for c in word[:MAX_SPELLING]] for word in distinct]
        width = max(map(len, sentences))
        return Words(
            words=padded([[self._word.get(word, 1) for word in sentence] for sentence in sentences], width, 0),
            spelling=padded(spellings, max(map(len, spellings)), 0),
            spelling_index=padded([[distinct[word] for word in sentence] for sentence in sentences], width, 0),
            lengths=torch.tensor([len(sentence) for sentence in sentences]),
        )


def in_words(texts: Sequence[str]) -> list[list[str]]:
    """The words of each text, split at blanks. Raises ValueError for a text without words."""
    sentences = [text.split() for text in texts]
    if empty := [index for index, sentence in enumerate(sentences) if not sentence]:
        raise ValueError(f"text {empty[0] + 1} of {len(texts)} holds no words: {texts[empty[0]]!r}")
    return sentences


def padded(rows: Sequence[Sequence[int]], width: int, filler: int) -> Tensor:
    """Rows of any length, at most `width`, as one tensor (rows, width). (By numpy: torch.tensor of lists is slow.)"""
    lengths = np.array([len(row) for row in rows], dtype=np.int64)
    table = np.full((len(rows), width), filler, dtype=np.int64)
    table[np.arange(width) < lengths[:, None]] = np.fromiter(chain.from_iterable(rows), np.int64, lengths.sum())
    return torch.from_numpy(table)


def shuffled(lengths: np.ndarray, batch_size: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Rows in batches of about the same length, so that there is little padding; in random order."""
    by_length = np.argsort(lengths + rng.uniform(-1, 1, len(lengths)), kind="stable")
    batches = [by_length[start : start + batch_size] for start in range(0, len(lengths), batch_size)]
    return [batches[index] for index in rng.permutation(len(batches))]


def by_length(lengths: Iterable[int], batch_size: int) -> Iterator[list[int]]:
    """Rows in batches of about the same length, from the shortest to the longest: for inference, not for training."""
    known = list(lengths)
    order = sorted(range(len(known)), key=known.__getitem__)
    yield from (order[start : start + batch_size] for start in range(0, len(order), batch_size))


@dataclass(frozen=True)
class WordParams:
    """How words are read. Each part beyond the embedding has one switch."""

    word_size: int = 128  # width of a word's embedding
    char_size: int = 0  # width of a character's embedding; 0: words are known by their embedding alone
    char_filters: int = 64  # convolution filters over a word's characters
    context_window: int = 0  # neighbours on each side whose features a word is read with; 0: none
    dropout: float = 0.5  # one mask for a whole text
    # A number of occurrences, not a probability: in training a word that occurs n times there is read as <unk> with
    # probability p / (p + n), so that 1.0 drops half of the words that occur once. 0: none. Much of it, as half of the
    # names and terms of the built-in test splits are new words.
    word_dropout: float = 1.0


class WordFeatures(nn.Module):
    """Embeddings of words and of their spelling -> features of each word and its neighbours."""

    keep: Tensor

    def __init__(self, params: WordParams, vocabulary: Vocabulary) -> None:
        super().__init__()
        self.params = params
        counts = torch.tensor(vocabulary.counts, dtype=torch.get_default_dtype())
        self.register_buffer("keep", counts / (counts + params.word_dropout).clamp(min=1), persistent=False)
        self.word_embedding = nn.Embedding(len(vocabulary.words), params.word_size, padding_idx=0)
        nn.init.normal_(self.word_embedding.weight, std=0.1)
        self.spelling = SpellingFeatures(len(vocabulary.characters), params.char_size, params.char_filters)
        self.dropout = LockedDropout(params.dropout)
        self.output_size = (params.word_size + self.spelling.output_size) * (2 * params.context_window + 1)

    def forward(self, batch: Words) -> Tensor:
        """Features (B, T, F), zero in the padding."""
        words = batch.words
        if self.training and self.params.word_dropout:
            dropped = torch.rand(words.shape, device=words.device) > self.keep[words]
            words = words.masked_fill(dropped & (words != 0), 1)
        features = torch.cat([self.word_embedding(words), self.spelling(batch)], dim=-1)  # (B, T, F)
        features = features * within(batch.lengths, words.shape[1])[..., None]  # a neighbour beyond the end is zero
        return with_neighbours(self.dropout(features), self.params.context_window)


class SpellingFeatures(nn.Module):
    """A word by its characters: convolution of width 3, ReLU, maximum over positions (dos Santos & Zadrozny 2014)."""

    def __init__(self, num_characters: int, char_size: int, filters: int) -> None:
        super().__init__()
        self.output_size = filters if char_size else 0
        if char_size:
            self.embedding = nn.Embedding(num_characters, char_size, padding_idx=0)
            self.convolution = nn.Conv1d(char_size, filters, kernel_size=3, padding=1)

    def forward(self, batch: Words) -> Tensor:
        """Features (B, T, output_size), computed once for each distinct word of the batch."""
        if not self.output_size:
            return batch.words.new_zeros((*batch.words.shape, 0), dtype=torch.get_default_dtype())
        embedded = self.embedding(batch.spelling).transpose(1, 2)  # (U, char_size, W)
        filler = (batch.spelling == 0)[:, None]  # (U, 1, W)
        features = self.convolution(embedded).relu().masked_fill(filler, 0.0).amax(dim=-1)  # (U, output_size)
        return nn.functional.embedding(batch.spelling_index, features)


class LockedDropout(nn.Dropout):
    """Dropout with one mask for all steps of a sequence (Gal & Ghahramani 2016)."""

    def forward(self, inputs: Tensor) -> Tensor:
        """(B, T, F) -> (B, T, F)."""
        if not self.training or not self.p:
            return inputs
        return inputs * super().forward(torch.ones_like(inputs[:, :1]))


def with_neighbours(features: Tensor, window: int) -> Tensor:
    """Each word's features with those of `window` words on each side, zero beyond the ends.

    (B, T, F) -> (B, T, (2 window + 1) F): the context window of Mesnil et al. (2013), section 3.2.
    """
    steps = features.shape[1]
    wide = nn.functional.pad(features, (0, 0, window, window))
    return torch.cat([wide[:, shift : shift + steps] for shift in range(2 * window + 1)], dim=-1)
