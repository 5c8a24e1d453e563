"""The hypotheses that a search follows, and their most probable continuations.

Shapes: A sentences, K hypotheses of each, T symbols so far, V symbols to choose from, N continuations.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from pipelines.seq2seq.symbols import STOP

BLOCK_SIZE = 16  # columns of which only the largest is compared with those of other blocks first
MIN_NUMBERS = 50_000  # among fewer numbers, topk alone is as fast


class Constraint(Protocol):
    """What the output of one sentence may be. It is built for that sentence; its states are immutable values."""

    def start(self) -> Hashable: ...

    def allowed(self, state: Any) -> list[int]:
        """The symbols that may follow, STOP among them where the output may end."""

    def step(self, state: Any, symbol: int) -> Hashable:
        """The state after a symbol that was allowed and is not STOP."""


class Continuations(NamedTuple):
    """The best continuations of A sentences, best first, all (A, N); an impossible one has a total of -inf."""

    totals: np.ndarray  # log probability with the new symbol
    parents: np.ndarray  # which of the sentence's hypotheses is continued
    symbols: np.ndarray


@dataclass(frozen=True)
class Beam:
    """The hypotheses that are followed, at most K of each sentence, best first, all of one length.

    A sentence with fewer has places whose total is -inf. A constraint's states are those of its hypotheses, in order.
    """

    totals: np.ndarray  # (A, K) log probabilities
    symbols: np.ndarray  # (A, K, T)
    constraints: Sequence[Constraint] = ()  # of each sentence, or of none
    states: Sequence[Sequence[Hashable]] = ()

    @classmethod
    def start(cls, sentences: int, constraints: Sequence[Constraint] | None) -> "Beam":
        """One empty hypothesis a sentence."""
        constraints = constraints or ()
        symbols = np.zeros((sentences, 1, 0), dtype=np.int64)
        return cls(np.zeros((sentences, 1)), symbols, constraints, [[one.start()] for one in constraints])

    @property
    def length(self) -> int:
        """T."""
        return int(self.symbols.shape[2])

    @property
    def last_symbols(self) -> np.ndarray:
        """The last symbol of each hypothesis, STOP of an empty one: (A K,)."""
        return self.symbols[:, :, -1].ravel() if self.length else np.full(self.totals.size, STOP)

    def select(self, sentences: Sequence[int]) -> "Beam":
        """The hypotheses of some sentences."""
        constraints = [self.constraints[row] for row in sentences] if self.constraints else ()
        states = [self.states[row] for row in sentences] if self.constraints else ()
        return Beam(self.totals[sentences], self.symbols[sentences], constraints, states)

    def without(self, finished: Sequence[bool]) -> "Beam":
        """The same places, but no hypothesis for the sentences that are finished."""
        states = (
            [() if is_finished else row for is_finished, row in zip(finished, self.states, strict=True)]
            if self.constraints
            else ()
        )
        return replace(self, totals=np.where(np.array(finished)[:, None], -np.inf, self.totals), states=states)

    def advance(self, continuations: Continuations, beam_size: int) -> tuple["Beam", np.ndarray]:
        """The best `beam_size` that do not stop; and the row among (A K) that each continues, (A, K)."""
        goes_on = (continuations.totals > -np.inf) & (continuations.symbols != STOP)
        order = np.argsort(~goes_on, axis=1, kind="stable")[:, :beam_size]
        rows = np.arange(len(order))[:, None]
        totals, parents, added, is_used = (part[rows, order] for part in (*continuations, goes_on))
        symbols = np.concatenate([self.symbols[rows, parents], added[:, :, None]], axis=2)
        states = []
        for row, (constraint, before) in enumerate(zip(self.constraints, self.states, strict=True)):
            pairs = zip(parents[row, is_used[row]].tolist(), added[row, is_used[row]].tolist(), strict=True)
            states.append([constraint.step(before[parent], symbol) for parent, symbol in pairs])
        after = Beam(np.where(is_used, totals, -np.inf), symbols, self.constraints, states)
        return after, rows * self.totals.shape[1] + parents


def best_continuations(log_probs: Tensor, totals: np.ndarray, beam_size: int) -> Continuations:
    """The 2 K best continuations of hypotheses with totals (A, K), whose next symbols have log_probs (A K, V)."""
    # At most K symbols that go on, and STOP, can count of one hypothesis. Sums in float64 keep the order of close ones.
    best, symbols = largest(log_probs, min(beam_size + 1, log_probs.shape[1]))  # (A K, K + 1)
    sums = torch.from_numpy(totals).to(best.device)[..., None] + best.double().view(*totals.shape, -1)
    found, places = sums.flatten(1).topk(min(2 * beam_size, sums[0].numel()), dim=1)  # (A, N)
    symbols = symbols.view(len(totals), -1).gather(1, places)
    return Continuations(found.cpu().numpy(), (places // best.shape[1]).cpu().numpy(), symbols.cpu().numpy())


def largest(rows: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The `count` largest of each row (R, V), in any order, and their places: topk, faster where V is large.

    A row is cut into blocks: its largest numbers are in the `count` blocks with the largest maxima. On a CPU topk of
    (128, 8000) takes twice as long as the log_softmax before it; the maxima are vectorised and take a fifth of that.
    """
    size = rows.shape[1]
    blocks = size // BLOCK_SIZE  # of places that are `blocks` apart, so that maxima are taken of whole vectors
    if blocks < 4 * count or rows.numel() < MIN_NUMBERS:
        return rows.topk(count, dim=1, sorted=False)
    end = BLOCK_SIZE * blocks
    maxima = rows[:, :end].view(-1, BLOCK_SIZE, blocks).amax(dim=1)
    chosen = maxima.topk(count, dim=1, sorted=False).indices
    places = (chosen[:, None] + torch.arange(0, end, blocks, device=rows.device)[:, None]).flatten(1)
    rest = torch.arange(end, size, device=rows.device).expand(len(rows), -1)  # in no block
    places = torch.cat([places, rest], dim=1)
    best, index = rows.gather(1, places).topk(count, dim=1, sorted=False)
    return best, places.gather(1, index)
