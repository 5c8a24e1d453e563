"""What a decoder writes and an encoder of text reads: symbols as numbers, and batches of them.

Shapes: B sequences, T symbols of the longest.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from pipelines.nn.words import padded, ranked

PAD, STOP, UNKNOWN = 0, 1, 2  # STOP ends a target and, as the decoder's first input, begins it
SPECIAL = ("<pad>", "<stop>", "<unk>")


@dataclass(frozen=True)
class Symbols:
    """The symbols by number: three special ones, then those of the training sequences."""

    names: tuple[str, ...]

    @classmethod
    def of(cls, sequences: Iterable[Sequence[str]], min_count: int = 1) -> "Symbols":
        """The symbols that occur at least `min_count` times, the most frequent first, ties by spelling."""
        counts = Counter(symbol for sequence in sequences for symbol in sequence)
        return cls((*SPECIAL, *(symbol for symbol in ranked(counts) if counts[symbol] >= min_count)))

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.names)}

    def encode(self, sequence: Iterable[str]) -> list[int]:
        """The numbers of symbols; one that was not in training becomes UNKNOWN."""
        return [self._numbers.get(symbol, UNKNOWN) for symbol in sequence]

    def decode(self, numbers: Iterable[int]) -> list[str]:
        """The symbols of numbers."""
        return [self.names[number] for number in numbers]


def collate_targets(targets: Sequence[Sequence[int]]) -> Tensor:
    """Targets, each ended by STOP and then padded: (B, T)."""
    return padded([[*target, STOP] for target in targets], max(map(len, targets)) + 1, PAD)


def collate_sources(sequences: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Symbols (B, T), padded, and their lengths (B,). An empty sequence is read as padding alone."""
    lengths = [len(sequence) for sequence in sequences]
    return padded(sequences, max(1, *lengths), PAD), torch.tensor(lengths)
