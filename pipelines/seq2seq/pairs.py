"""Pairs of a source and a target text: as numbers, and in batches.

Training, evaluation, the command line and the served model all encode here.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipelines.nn.words import shuffled
from pipelines.seq2seq.model import Batch
from pipelines.seq2seq.symbols import collate_sources, collate_targets
from pipelines.seq2seq.tokenizer import Tokenizer

Pair = tuple[list[int], list[int]]


@dataclass(frozen=True)
class Languages:
    """The tokenizers of sources and of targets. A target's language may be that of trees."""

    source: Tokenizer
    target: Tokenizer

    def pairs(self, sources: Iterable[str], targets: Iterable[str]) -> list[Pair]:
        """Each source and its target, as numbers."""
        texts = zip(sources, targets, strict=True)
        return [(self.source.encode(source), self.target.encode(target)) for source, target in texts]

    def state(self) -> dict[str, Any]:
        """The tokenizers as an entry of a checkpoint."""
        return {"source": self.source.state(), "target": self.target.state()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "Languages":
        return cls(Tokenizer.from_state(state["source"]), Tokenizer.from_state(state["target"]))


def batch_of(pairs: Sequence[Pair]) -> Batch:
    source, lengths = collate_sources([source for source, _ in pairs])
    return Batch(source, lengths, collate_targets([target for _, target in pairs]))


def target_length(pair: Pair) -> int:
    """Symbols of the target, which take most of the time."""
    return len(pair[1])


def batches_of_epoch(
    pairs: Sequence[Pair], batch_size: int, rng: np.random.Generator, length: Callable[[Pair], int] = target_length
) -> list[Batch]:
    """All pairs in batches of about the same length, in random order."""
    lengths = np.array([length(pair) for pair in pairs])
    return [batch_of([pairs[row] for row in rows]) for rows in shuffled(lengths, batch_size, rng)]
