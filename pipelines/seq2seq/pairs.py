"""Pairs of texts, what is read and what is written: as numbers, and in batches.

Training, evaluation, the command line and the served model all encode here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipelines.nn.words import shuffled
from pipelines.seq2seq.model import Batch
from pipelines.seq2seq.symbols import as_source, stopped
from pipelines.seq2seq.texts import Writing

Pair = tuple[list[int], list[int]]


@dataclass(frozen=True)
class Languages:
    """The writing of the language that is read and of the one that is written, be it that of trees."""

    source: Writing
    target: Writing

    def pairs(self, sources: Iterable[str], targets: Iterable[str]) -> list[Pair]:
        """Texts and what they become, as numbers."""
        texts = zip(sources, targets, strict=True)
        return [(self.source.numbers(source), self.target.numbers(target)) for source, target in texts]

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps of them."""
        return {"source": self.source.state(), "target": self.target.state()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "Languages":
        return cls(Writing.from_state(state["source"]), Writing.from_state(state["target"]))


def batch_of(pairs: Sequence[Pair]) -> Batch:
    source, lengths = as_source([source for source, _ in pairs])
    return Batch(source, lengths, stopped([target for _, target in pairs]))


def written_length(pair: Pair) -> int:
    """Symbols of the target, for which most of the work is done."""
    return len(pair[1])


def batches_of_epoch(
    pairs: Sequence[Pair], batch_size: int, rng: np.random.Generator, length: Callable[[Pair], int] = written_length
) -> list[Batch]:
    """All pairs in batches of about the same length, in random order."""
    lengths = np.array([length(pair) for pair in pairs])
    return [batch_of([pairs[row] for row in rows]) for rows in shuffled(lengths, batch_size, rng)]
