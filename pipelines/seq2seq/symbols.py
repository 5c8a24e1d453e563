"""What a decoder writes and an encoder of text reads: symbols by number, and batches of them.

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
    """What numbers stand for: three special symbols, then those of the training sequences."""

    names: tuple[str, ...]

    @classmethod
    def of(cls, sequences: Iterable[Sequence[str]], least: int = 1) -> "Symbols":
        """The symbols that occur at least `least` times, the most frequent first, ties by spelling."""
        counts = Counter(symbol for sequence in sequences for symbol in sequence)
        return cls((*SPECIAL, *(symbol for symbol in ranked(counts) if counts[symbol] >= least)))

    def __len__(self) -> int:
        return len(self.names)

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.names)}

    def numbers(self, sequence: Iterable[str]) -> list[int]:
        """A symbol that training did not see is UNKNOWN."""
        return [self._numbers.get(symbol, UNKNOWN) for symbol in sequence]

    def sequence(self, numbers: Iterable[int]) -> list[str]:
        return [self.names[number] for number in numbers]


def stopped(targets: Sequence[Sequence[int]]) -> Tensor:
    """Targets, each ended by STOP and then padded: (B, T)."""
    return padded([[*target, STOP] for target in targets], max(map(len, targets)) + 1, PAD)


def as_source(sequences: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Symbols (B, T), padded, and their lengths (B,). An empty sequence is read as padding alone."""
    lengths = [len(sequence) for sequence in sequences]
    return padded(sequences, max(1, *lengths), PAD), torch.tensor(lengths)
