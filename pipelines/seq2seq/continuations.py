"""The hypotheses that a search follows, and their likeliest continuations.

Shapes: A sentences, K hypotheses of each, T symbols so far, V symbols to choose from, N continuations.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from pipelines.seq2seq.symbols import STOP

BLOCK = 16  # columns of which only the largest is compared with those of other blocks first
FEW = 50_000  # numbers among which topk finds the largest at once no slower


class Constraint(Protocol):
    """What the output of one sentence may be. It is built for that sentence; its states are immutable values."""

    def start(self) -> Hashable: ...

    def allowed(self, state: Any) -> list[int]:
        """The symbols that may follow, STOP among them where the output may end."""

    def step(self, state: Any, symbol: int) -> Hashable:
        """The state after a symbol that was allowed and is not STOP."""


class Found(NamedTuple):
    """The likeliest continuations of A sentences, best first, all (A, N); what is impossible has a total of -inf."""

    totals: np.ndarray  # log probability with the new symbol
    rows: np.ndarray  # which of the sentence's hypotheses goes on
    symbols: np.ndarray


@dataclass(frozen=True)
class Live:
    """The hypotheses that are followed, at most K of each sentence, best first, all of one length.

    The places of a sentence that has fewer are impossible. A constraint's states are those of its hypotheses, in order.
    """

    totals: np.ndarray  # (A, K) log probabilities
    said: np.ndarray  # (A, K, T) symbols so far
    constraints: Sequence[Constraint] = ()  # of each sentence, or of none
    states: Sequence[Sequence[Hashable]] = ()

    @classmethod
    def first(cls, sentences: int, constraints: Sequence[Constraint] | None) -> "Live":
        """One hypothesis a sentence, which has said nothing."""
        bound = constraints or ()
        said = np.zeros((sentences, 1, 0), dtype=np.int64)
        return cls(np.zeros((sentences, 1)), said, bound, [[one.start()] for one in bound])

    @property
    def length(self) -> int:
        return int(self.said.shape[2])

    @property
    def last(self) -> np.ndarray:
        """What each has said last, (A K)."""
        return self.said[:, :, -1].ravel() if self.length else np.full(self.totals.size, STOP)

    def of(self, sentences: Sequence[int]) -> "Live":
        constraints = [self.constraints[row] for row in sentences] if self.constraints else ()
        states = [self.states[row] for row in sentences] if self.constraints else ()
        return Live(self.totals[sentences], self.said[sentences], constraints, states)

    def without(self, over: Sequence[bool]) -> "Live":
        """The same places, those sentences without any hypothesis."""
        states = [() if gone else row for gone, row in zip(over, self.states, strict=True)] if self.constraints else ()
        return replace(self, totals=np.where(np.array(over)[:, None], -np.inf, self.totals), states=states)

    def continued(self, found: Found, beam: int) -> tuple["Live", np.ndarray]:
        """The `beam` likeliest that do not stop; and from which of the (A K) rows before each comes."""
        goes = (found.totals > -np.inf) & (found.symbols != STOP)
        order = np.argsort(~goes, axis=1, kind="stable")[:, :beam]
        rows = np.arange(len(order))[:, None]
        totals, parents, symbols, taken = (part[rows, order] for part in (*found, goes))
        said = np.concatenate([self.said[rows, parents], symbols[:, :, None]], axis=2)
        states = []
        for row, (bound, before) in enumerate(zip(self.constraints, self.states, strict=True)):
            pairs = zip(parents[row, taken[row]].tolist(), symbols[row, taken[row]].tolist(), strict=True)
            states.append([bound.step(before[parent], symbol) for parent, symbol in pairs])
        later = Live(np.where(taken, totals, -np.inf), said, self.constraints, states)
        return later, rows * self.totals.shape[1] + parents


def likeliest(log_probs: Tensor, totals: np.ndarray, beam: int) -> Found:
    """The 2 K likeliest continuations of hypotheses (A, K) by symbols, whose log probabilities are (A K, V)."""
    # Of one hypothesis no more can count than K symbols that go on, and STOP. Sums are exact: they order what is near.
    likely, symbols = largest(log_probs, min(beam + 1, log_probs.shape[1]))
    sums = torch.from_numpy(totals).to(likely.device)[..., None] + likely.double().view(*totals.shape, -1)
    best, places = sums.flatten(1).topk(min(2 * beam, sums[0].numel()), dim=1)
    symbols = symbols.view(len(totals), -1).gather(1, places)
    return Found(best.cpu().numpy(), (places // likely.shape[1]).cpu().numpy(), symbols.cpu().numpy())


def largest(rows: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The `count` largest of each row (R, V), in any order, and their places: topk, faster where V is large.

    A row is cut into blocks; what is among its largest stands in one of the `count` blocks with the largest maxima.
    """
    size = rows.shape[1]
    blocks = size // BLOCK  # of places that are `blocks` apart, so that maxima are taken of whole vectors
    if blocks < 4 * count or rows.numel() < FEW:
        return rows.topk(count, dim=1, sorted=False)
    end = BLOCK * blocks
    maxima = rows[:, :end].view(-1, BLOCK, blocks).amax(dim=1)
    chosen = maxima.topk(count, dim=1, sorted=False).indices
    places = (chosen[:, None] + torch.arange(0, end, blocks, device=rows.device)[:, None]).flatten(1)
    rest = torch.arange(end, size, device=rows.device).expand(len(rows), -1)  # in no block
    places = torch.cat([places, rest], dim=1)
    best, index = rows.gather(1, places).topk(count, dim=1, sorted=False)
    return best, places.gather(1, index)
