"""Search for what a decoder says: greedy, by a beam over a whole batch, or by drawing; each step may be constrained.

Shapes: B sentences, A of them still searched, K hypotheses of each, V symbols, S source steps.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from pipelines.seq2seq.continuations import Constraint, Found, Live, likeliest
from pipelines.seq2seq.model import Encoded, Seq2Seq
from pipelines.seq2seq.symbols import PAD, STOP

SEEN_LEAST = 1e-9  # attention to a place that was never looked at, before its logarithm


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

    beam: int = 5  # hypotheses that are followed; 1: greedy
    length_penalty: float = 1.0  # alpha: 0 compares log probabilities, 1 almost their means
    coverage_penalty: float = 0.0  # beta: what it costs to have looked too little at a place of the source

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
        beam, device = params.beam, encoded.code.device
        looks = model.attention is not None and params.coverage_penalty > 0
        unsaid = torch.tensor(never, dtype=torch.long, device=device)
        searches = [_Search(params, limit, wanted) for limit in most]
        active, live = searches, Live.first(len(searches), constraints)
        state = model.start(encoded)
        seen = encoded.states.new_zeros(encoded.padding.shape)  # (A K, S) attention so far, where coverage counts
        while active:
            logits, state, weights = model.step(torch.from_numpy(live.last).to(device), state, encoded)
            log_probs = logits.log_softmax(dim=-1).index_fill_(1, unsaid, -torch.inf)
            _forbid(log_probs, live)
            coverage = np.zeros(live.totals.shape)
            if looks:
                seen = seen + weights
                places = seen.view(*live.totals.shape, -1)
                coverage = _coverage(places, encoded.padding[:, None]).cpu().numpy()
            found = likeliest(log_probs, live.totals, beam)
            later, parents = live.continued(found, beam)
            _finish(active, live, found, coverage)
            kept = [row for row, search in enumerate(active) if not search.over(later.length, later.totals[row, 0])]
            index = torch.from_numpy(parents[kept].ravel()).to(device)
            state, live = state.rows(index), later
            if looks:
                seen = seen.index_select(0, index)
            if len(kept) < len(active):
                encoded = encoded.rows(torch.tensor(kept, dtype=torch.long, device=device))
                active, live = [active[row] for row in kept], later.of(kept)
        return [search.best() for search in searches]


@dataclass
class _Search:
    """One sentence's outputs so far, and when they suffice."""

    params: BeamParams
    limit: int
    wanted: int
    done: list[Hypothesis] = field(default_factory=list)

    def finish(self, symbols: np.ndarray, total: float, coverage: float, *, cut: bool) -> None:
        score = self.params.score(total, len(symbols) + (not cut), coverage)
        self.done.append(Hypothesis(tuple(symbols.tolist()), total, score, cut))

    def best(self) -> list[Hypothesis]:
        return sorted(self.done, key=lambda one: (one.cut, -one.score))[: self.wanted]

    def over(self, length: int, total: float) -> bool:
        """Whether the likeliest that goes on, with so many symbols and that log probability, needs no look.

        The `wanted` best that are done may stand before all that it can become: a log probability only falls, the
        length penalty is largest at the limit, and no coverage beats a full one.
        """
        if total == -np.inf or length > self.limit or len(self.done) >= self.params.beam:
            return True
        if len(self.done) < self.wanted:
            return False
        return self.best()[-1].score >= self.params.score(total, self.limit + 1, 0.0)


def _finish(searches: Sequence[_Search], live: Live, found: Found, coverage: np.ndarray) -> None:
    """Hypotheses that stop among the K likeliest continuations are done, and so are all that may say no more."""
    stops = ((found.symbols == STOP) & (found.totals > -np.inf))[:, : searches[0].params.beam]
    for row, rank in np.argwhere(stops).tolist():
        parent = found.rows[row, rank]
        searches[row].finish(
            live.said[row, parent], found.totals[row, rank].item(), coverage[row, parent].item(), cut=False
        )
    for row, search in enumerate(searches):
        if search.limit == live.length:
            stopped = found.rows[row, : stops.shape[1]][stops[row]]
            for place in np.setdiff1d(np.flatnonzero(live.totals[row] > -np.inf), stopped):
                search.finish(
                    live.said[row, place], live.totals[row, place].item(), coverage[row, place].item(), cut=True
                )


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
        searches = [_Search(GREEDY, limit, 1) for limit in most]
        live = Live.first(len(searches), constraints)
        state = model.start(encoded)
        nothing = np.zeros((len(searches), 1))
        while (live.totals > -np.inf).any():
            logits, state, _ = model.step(torch.from_numpy(live.last).to(encoded.code.device), state, encoded)
            log_probs = logits.double().log_softmax(dim=-1)
            log_probs[:, list(never)] = -torch.inf
            _forbid(log_probs, live)
            if (log_probs == -torch.inf).all(dim=1).any():
                raise ValueError("a constraint allows no symbol, not even STOP: nothing can be drawn")
            drawn = torch.multinomial((log_probs / temperature).softmax(dim=-1).cpu(), 1, generator=generator)
            likely = log_probs.cpu().gather(1, drawn).numpy()
            found = Found(live.totals + likely, nothing.astype(np.int64), drawn.numpy())
            later, _ = live.continued(found, 1)
            _finish(searches, live, found, nothing)
            over = [search.over(later.length, later.totals[row, 0]) for row, search in enumerate(searches)]
            live = later.without(over)
        return [search.best()[0] for search in searches]


def _forbid(log_probs: Tensor, live: Live) -> None:
    """What constraints do not allow becomes impossible in log_probs (A K, V), in place: one call for all rows.

    Rows that no hypothesis has stay as they are.
    """
    if not live.constraints:
        return
    forbidden = np.zeros(log_probs.shape, dtype=np.bool_)
    for number, (bound, states) in enumerate(zip(live.constraints, live.states, strict=True)):
        for row, state in enumerate(states, start=number * live.totals.shape[1]):
            forbidden[row] = True
            forbidden[row, bound.allowed(state)] = False
    log_probs.masked_fill_(torch.from_numpy(forbidden).to(log_probs.device), -torch.inf)


def _coverage(seen: Tensor, padding: Tensor) -> Tensor:
    """Of attention summed over steps (A, K, S): the sum over places of log(min(attention, 1)), in padding 0."""
    return seen.clamp(min=SEEN_LEAST, max=1.0).log().masked_fill(padding, 0.0).sum(dim=-1)
