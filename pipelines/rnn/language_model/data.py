"""The language model's text: one long stream of words, in which the end of a line is a word too.

Tables have the columns id and text (words joined by blanks). The vocabulary is closed: a word that is not in training
is <unk>.

Shapes: B streams side by side, T words of a stream that are read at a time.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from pipelines.nn.words import UNKNOWN, ranked

END = "</s>"


@dataclass(frozen=True)
class Text:
    """The words by index, and their counts in training."""

    words: tuple[str, ...]
    counts: tuple[int, ...]

    @classmethod
    def of(cls, lines: Iterable[str]) -> Self:
        """END first, then <unk>, then the words of the lines in order of frequency."""
        counts: Counter[str] = Counter()
        number = 0
        for line in lines:
            counts.update(line.split())
            number += 1
        unknown = counts.pop(UNKNOWN, 0)
        ordered = ranked(counts)
        return cls((END, UNKNOWN, *ordered), (number, unknown, *(counts[word] for word in ordered)))

    def indices(self, words: Sequence[str]) -> list[int]:
        known = {word: index for index, word in enumerate(self.words)}
        return [known.get(word, 1) for word in words]

    def stream(self, lines: Iterable[str]) -> Tensor:
        """All lines concatenated, END after each (N,)."""
        return torch.tensor(self.indices([word for line in lines for word in (*line.split(), END)]))


@dataclass(frozen=True)
class Part:
    """A part that is read at once: words (B, T) and the word after each (B, T). The first part begins a new state."""

    words: Tensor
    following: Tensor
    is_first: bool


def parts_of(stream: Tensor, batch_size: int, steps: int) -> list[Part]:
    """A stream (N,) cut into `batch_size` streams side by side, read `steps` words at a time; a rest is dropped.

    END comes before the first word, so that every word is predicted. Raises ValueError for a stream that is too short.
    """
    length = len(stream) // batch_size
    if length < 1:
        raise ValueError(f"a text of {len(stream)} words does not fill {batch_size} streams: lower batch_size")
    before = torch.cat([stream.new_zeros(1), stream[:-1]])
    words, following = (side[: length * batch_size].view(batch_size, length) for side in (before, stream))
    return [
        Part(words[:, start : start + steps], following[:, start : start + steps], start == 0)
        for start in range(0, length, steps)
    ]
