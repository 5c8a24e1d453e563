"""Search for what a decoder says: greedy, by a beam over a whole batch, or by drawing; each step may be constrained.

Shapes: B sentences, A of them still searched, K hypotheses of each, V symbols, S source steps.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor

from pipelines.seq2seq.model import Encoded, Seq2Seq
from pipelines.seq2seq.symbols import PAD, STOP

SEEN_LEAST = 1e-9  # attention to a place that was never looked at, before its logarithm


class Constraint(Protocol):
    """What the output of one sentence may be. It is built for that sentence; its states are immutable values."""

    def start(self) -> Hashable: ...

    def allowed(self, state: Any) -> list[int]:
        """The symbols that may follow, STOP among them where the output may end."""

    def step(self, state: Any, symbol: int) -> Hashable:
        """The state after a symbol that was allowed and is not STOP."""


@dataclass(frozen=True)
class Hypothesis:
    """An output without its STOP.

    `log_prob` is that of all its symbols, STOP included; `score` is what hypotheses are ordered by; `cut` tells that it
    had as many symbols as it may have and did not stop.
    """

    symbols: tuple[int, ...]
    log_prob: float
    score: float
    cut: bool


@dataclass(frozen=True)
class BeamParams:
    """How a beam searches. Scores are those of Wu et al. (2016), Google's neural machine translation, equation 14."""

    beam: int  # hypotheses that are followed; 1: greedy
    length_penalty: float  # alpha: 0 compares log probabilities, 1 almost their means
    coverage_penalty: float  # beta: what it costs to have looked too little at a place of the source

    def __post_init__(self) -> None:
        if self.beam < 1:
            raise ValueError(f"beam is {self.beam}: at least 1 is needed")
        if self.length_penalty < 0 or self.coverage_penalty < 0:
            raise ValueError(
                f"length_penalty is {self.length_penalty:g} and coverage_penalty {self.coverage_penalty:g}: "
                "both must be 0 or more"
            )

    def score(self, log_prob: float, symbols: int, coverage: float) -> float:
        """Of a hypothesis with so many symbols, STOP included; `coverage` is the sum of logarithms over places."""
        normaliser: float = ((5 + symbols) / 6) ** self.length_penalty
        return log_prob / normaliser + self.coverage_penalty * coverage


GREEDY = BeamParams(beam=1, length_penalty=0.0, coverage_penalty=0.0)


def beam_search(
    model: Seq2Seq,
    encoded: Encoded,
    most: Sequence[int],
    params: BeamParams = GREEDY,
    *,
    wanted: int = 1,
    never: Sequence[int] = (PAD,),
    constraints: Sequence[Constraint] | None = None,
) -> list[list[Hypothesis]]:
    """The best outputs of each sentence, at most `wanted` of them, best first.

    `most` (B) is the largest number of symbols of each; hypotheses that did not stop by then are `cut` and stand last.
    At a step the K likeliest continuations of a sentence are looked at: of these, those that stop are done; the K
    likeliest that do not stop are followed. A sentence ends once K are done, or `wanted` that nothing can overtake.
    Symbols of `never` are not said. Where a constraint allows nothing a hypothesis ends without a trace, so that a
    sentence may be left without any.
    """
    with torch.inference_mode():
        beam = params.beam
        looks = model.attention is not None and params.coverage_penalty > 0
        searches = [
            _Search(params, limit, wanted, constraints[index] if constraints is not None else None)
            for index, limit in enumerate(most)
        ]
        active = list(searches)
        every = torch.arange(len(active), device=encoded.code.device).repeat_interleave(beam)
        encoded = encoded.rows(every)
        state = model.start(encoded)
        seen = encoded.states.new_zeros(encoded.padding.shape)  # (A K, S) attention so far
        while active:
            symbols = [symbol for search in active for symbol in search.last]
            logits, state, weights = model.step(torch.tensor(symbols, device=seen.device), state, encoded)
            seen = seen + weights
            coverage = _coverage(seen, encoded.padding) if looks else seen[:, 0]
            log_probs = logits.double().log_softmax(dim=-1).view(len(active), beam, -1)
            log_probs[..., list(never)] = -torch.inf
            _forbid(log_probs, active)
            totals = torch.tensor([search.totals for search in active], dtype=torch.double, device=seen.device)
            candidates = (totals[..., None] + log_probs).flatten(1)  # (A, K V)
            values, places = candidates.topk(min(2 * beam, candidates.shape[1]), dim=1)

            found = zip(
                active, values.tolist(), places.tolist(), coverage.view(len(active), beam).tolist(), strict=True
            )
            vocabulary = log_probs.shape[-1]
            for search, value, place, looked in found:
                search.advance(value, [divmod(one, vocabulary) for one in place], looked)
            kept = [row for row, search in enumerate(active) if search.live]
            index = torch.tensor([row * beam + parent for row in kept for parent in active[row].parents])
            if not kept:
                break
            index = index.to(seen.device)
            state, seen = state.rows(index), seen.index_select(0, index)
            if len(kept) < len(active):
                encoded = encoded.rows(index)
                active = [active[row] for row in kept]
        return [search.best() for search in searches]


@dataclass(frozen=True)
class _Live:
    """A hypothesis that is followed: its symbols, log probability, row among the K before, constraint's state."""

    symbols: tuple[int, ...]
    total: float
    parent: int
    state: Hashable = None


@dataclass
class _Search:
    """The search for one sentence's outputs."""

    params: BeamParams
    limit: int
    wanted: int
    constraint: Constraint | None
    live: list[_Live] = field(default_factory=list)
    done: list[Hypothesis] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.live = [_Live((), 0.0, 0, self.constraint.start() if self.constraint else None)]

    @property
    def _idle(self) -> int:
        """Rows of the batch that no hypothesis has."""
        return self.params.beam - len(self.live)

    @property
    def last(self) -> list[int]:
        """The last symbol in each of K rows."""
        return [*(one.symbols[-1] if one.symbols else STOP for one in self.live), *[STOP] * self._idle]

    @property
    def totals(self) -> list[float]:
        return [*(one.total for one in self.live), *[-torch.inf] * self._idle]

    @property
    def parents(self) -> list[int]:
        return [*(one.parent for one in self.live), *[0] * self._idle]

    def allowed(self) -> list[Sequence[int]]:
        """What the constraint allows in each of the rows that a hypothesis has."""
        assert self.constraint is not None
        return [self.constraint.allowed(one.state) for one in self.live]

    def advance(self, totals: Sequence[float], places: Sequence[tuple[int, int]], coverage: Sequence[float]) -> None:
        """Takes the likeliest continuations, each a row of `live` and a symbol, in order."""
        before, beam = self.live, self.params.beam
        self.live, stopped = [], set()
        for rank, (total, (row, symbol)) in enumerate(zip(totals, places, strict=True)):
            if total == -torch.inf:
                break
            if symbol != STOP and len(self.live) < beam:
                self.live.append(self._continued(before[row], total, row, symbol))
            elif symbol == STOP and rank < beam:
                stopped.add(row)
                self._finish(before[row], total, coverage[row], cut=False)
        if len(before[0].symbols) == self.limit:
            self.live = []
            for row, one in enumerate(before):
                if row not in stopped:
                    self._finish(one, one.total, coverage[row], cut=True)
        elif len(self.done) >= beam or self._decided():
            self.live = []

    def best(self) -> list[Hypothesis]:
        return sorted(self.done, key=lambda one: (one.cut, -one.score))[: self.wanted]

    def _continued(self, one: _Live, total: float, row: int, symbol: int) -> _Live:
        state = self.constraint.step(one.state, symbol) if self.constraint else None
        return _Live((*one.symbols, symbol), total, row, state)

    def _finish(self, one: _Live, total: float, coverage: float, *, cut: bool) -> None:
        score = self.params.score(total, len(one.symbols) + (not cut), coverage)
        self.done.append(Hypothesis(one.symbols, total, score, cut))

    def _decided(self) -> bool:
        """Whether nothing that is followed can still come to stand before the `wanted` best that are done.

        A log probability only falls, the length penalty is largest at the limit, and no coverage beats a full one.
        """
        if len(self.done) < self.wanted or not self.live:
            return False
        highest = self.params.score(self.live[0].total, self.limit + 1, 0.0)
        return self.best()[-1].score >= highest


def sample(
    model: Seq2Seq,
    encoded: Encoded,
    most: Sequence[int],
    generator: torch.Generator,
    *,
    temperature: float = 1.0,
    never: Sequence[int] = (PAD,),
    constraints: Sequence[Constraint] | None = None,
) -> list[Hypothesis]:
    """One output of each sentence, drawn symbol by symbol from p^(1 / temperature) of what is allowed.

    Log probabilities and scores are the model's own, at temperature 1. Raises ValueError where nothing is allowed.
    """
    if temperature <= 0:
        raise ValueError(f"temperature is {temperature:g}: it must be more than 0")
    with torch.inference_mode():
        searches = [
            _Search(GREEDY, limit, 1, constraints[index] if constraints is not None else None)
            for index, limit in enumerate(most)
        ]
        state = model.start(encoded)
        while any(search.live for search in searches):
            symbols = [search.last[0] for search in searches]
            logits, state, _ = model.step(torch.tensor(symbols, device=encoded.code.device), state, encoded)
            log_probs = logits.double().log_softmax(dim=-1)
            log_probs[:, list(never)] = -torch.inf
            _forbid(log_probs[:, None], searches)
            if (log_probs == -torch.inf).all(dim=1).any():
                raise ValueError("a constraint allows no symbol, not even STOP: nothing can be drawn")
            drawn = torch.multinomial((log_probs / temperature).softmax(dim=-1).cpu(), 1, generator=generator)
            found = log_probs.cpu().gather(1, drawn)[:, 0].tolist()
            for search, symbol, log_prob in zip(searches, drawn[:, 0].tolist(), found, strict=True):
                if search.live:
                    search.advance([search.live[0].total + log_prob], [(0, symbol)], [0.0])
        return [search.best()[0] for search in searches]


def _forbid(log_probs: Tensor, searches: Sequence[_Search]) -> None:
    """What constraints do not allow becomes impossible in log_probs (A, K, V), in place: one call for all rows.

    Rows that no hypothesis has stay as they are.
    """
    bound = [(number, search) for number, search in enumerate(searches) if search.constraint is not None]
    rows = [(number, row) for number, search in bound for row in range(len(search.live))]
    if not rows:
        return
    allowed = [
        (number, row, symbol)
        for number, search in bound
        for row, symbols in enumerate(search.allowed())
        for symbol in symbols
    ]
    forbidden = torch.zeros(log_probs.shape, dtype=torch.bool)
    forbidden[tuple(torch.tensor(rows).T)] = True
    if allowed:
        forbidden[tuple(torch.tensor(allowed).T)] = False
    log_probs.masked_fill_(forbidden.to(log_probs.device), -torch.inf)


def _coverage(seen: Tensor, padding: Tensor) -> Tensor:
    """Of attention summed over steps (R, S): the sum over places of log(min(attention, 1)); padding is full."""
    return seen.clamp(min=SEEN_LEAST, max=1.0).log().masked_fill(padding, 0.0).sum(dim=1)
