"""Search for a decoder's output: greedy, by a beam over a whole batch, or by sampling; each step may be constrained.

Shapes: B sentences, A of them not finished, K hypotheses of each, V symbols, S source steps.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from pipelines.seq2seq.continuations import Beam, Constraint, Continuations, best_continuations
from pipelines.seq2seq.model import Encoded, Seq2Seq
from pipelines.seq2seq.symbols import PAD, STOP

MIN_ATTENTION = 1e-9  # attention to a place that was never looked at, before its logarithm


@dataclass(frozen=True)
class Hypothesis:
    """An output without its STOP.

    `log_prob` is that of all its symbols, STOP included; `score` is what hypotheses are ordered by; `is_cut` if it has
    as many symbols as it may have and did not stop.
    """

    symbols: tuple[int, ...]
    log_prob: float
    score: float
    is_cut: bool


@dataclass(frozen=True)
class BeamParams:
    """How a beam searches. Scores are those of Wu et al. (2016), Google's neural machine translation, equation 14."""

    beam_size: int = 5  # hypotheses that are followed; 1: greedy
    length_penalty: float = 1.0  # alpha: 0 compares log probabilities, 1 almost their means
    coverage_penalty: float = 0.0  # beta: what it costs to have looked too little at a place of the source

    def __post_init__(self) -> None:
        if self.beam_size < 1:
            raise ValueError(f"beam_size is {self.beam_size}: at least 1 is needed")
        if self.length_penalty < 0 or self.coverage_penalty < 0:
            raise ValueError(
                f"length_penalty is {self.length_penalty:g} and coverage_penalty {self.coverage_penalty:g}: "
                "both must be 0 or more"
            )

    def score(self, log_prob: float, length: int, coverage: float) -> float:
        """The score of `length` symbols, STOP included; `coverage` is the sum of logarithms over places."""
        normaliser: float = ((5 + length) / 6) ** self.length_penalty
        return log_prob / normaliser + self.coverage_penalty * coverage


GREEDY = BeamParams(beam_size=1, length_penalty=0.0, coverage_penalty=0.0)


def beam_search(
    model: Seq2Seq,
    encoded: Encoded,
    max_symbols: Sequence[int],
    params: BeamParams = GREEDY,
    *,
    n_best: int = 1,
    forbidden: Sequence[int] = (PAD,),
    constraints: Sequence[Constraint] | None = None,
) -> list[list[Hypothesis]]:
    """The best outputs of each sentence, at most `n_best` of them, best first.

    `max_symbols` (B) limits the output of each; hypotheses that did not stop by then are cut and come last. At each
    step the K best continuations of a sentence are looked at: those of them that stop are finished; the K best that do
    not stop are followed. A sentence is finished once K hypotheses are, or `n_best` that no other can overtake.
    `forbidden` symbols are never output. A hypothesis whose constraint allows nothing is dropped, so that a sentence
    may be left without any.
    """
    with torch.inference_mode():
        device = encoded.code.device
        uses_coverage = model.attention is not None and params.coverage_penalty > 0
        impossible = torch.tensor(forbidden, dtype=torch.long, device=device)
        searches = [_SentenceSearch(params, limit, n_best) for limit in max_symbols]
        active, beam = searches, Beam.start(len(searches), constraints)
        state = model.start(encoded)
        attended = encoded.states.new_zeros(encoded.padding.shape)  # (A K, S) summed attention, where coverage counts
        while active:
            symbols = torch.from_numpy(beam.last_symbols).to(device)  # (A K,)
            logits, state, attention = model.step(symbols, state, encoded)
            log_probs = logits.log_softmax(dim=-1).index_fill_(1, impossible, -torch.inf)  # (A K, V)
            _apply_constraints(log_probs, beam)
            coverage = np.zeros(beam.totals.shape)
            if uses_coverage:
                attended = attended + attention
                places = attended.view(*beam.totals.shape, -1)  # (A, K, S)
                coverage = _coverage(places, encoded.padding[:, None]).cpu().numpy()
            continuations = best_continuations(log_probs, beam.totals, params.beam_size)
            after, parents = beam.advance(continuations, params.beam_size)
            _finish(active, beam, continuations, coverage)
            kept = [row for row, one in enumerate(active) if not one.is_finished(after.length, after.totals[row, 0])]
            index = torch.from_numpy(parents[kept].ravel()).to(device)
            state, beam = state.rows(index), after
            if uses_coverage:
                attended = attended.index_select(0, index)
            if len(kept) < len(active):
                encoded = encoded.rows(torch.tensor(kept, dtype=torch.long, device=device))
                active, beam = [active[row] for row in kept], after.select(kept)
        return [search.best() for search in searches]


@dataclass
class _SentenceSearch:
    """The finished hypotheses of one sentence, and whether they suffice."""

    params: BeamParams
    max_symbols: int
    n_best: int
    finished: list[Hypothesis] = field(default_factory=list)

    def finish(self, symbols: np.ndarray, total: float, coverage: float, *, is_cut: bool) -> None:
        score = self.params.score(total, len(symbols) + (not is_cut), coverage)
        self.finished.append(Hypothesis(tuple(symbols.tolist()), total, score, is_cut))

    def best(self) -> list[Hypothesis]:
        return sorted(self.finished, key=lambda one: (one.is_cut, -one.score))[: self.n_best]

    def is_finished(self, length: int, total: float) -> bool:
        """Whether the search may end, where the best unfinished hypothesis has that length and log probability.

        It may if `n_best` finished ones are at least as good as all it can become: a log probability only falls, the
        length penalty is largest at the limit, and no coverage is better than a full one.
        """
        if total == -np.inf or length > self.max_symbols or len(self.finished) >= self.params.beam_size:
            return True
        if len(self.finished) < self.n_best:
            return False
        return self.best()[-1].score >= self.params.score(total, self.max_symbols + 1, 0.0)


def _finish(
    searches: Sequence[_SentenceSearch], beam: Beam, continuations: Continuations, coverage: np.ndarray
) -> None:
    """Finishes hypotheses that stop among the K best continuations, and those at their limit, which are cut."""
    stops = ((continuations.symbols == STOP) & (continuations.totals > -np.inf))[:, : searches[0].params.beam_size]
    for row, rank in np.argwhere(stops).tolist():
        parent = continuations.parents[row, rank]
        searches[row].finish(
            beam.symbols[row, parent],
            continuations.totals[row, rank].item(),
            coverage[row, parent].item(),
            is_cut=False,
        )
    for row, search in enumerate(searches):
        if search.max_symbols == beam.length:
            stopped = continuations.parents[row, : stops.shape[1]][stops[row]]
            for place in np.setdiff1d(np.flatnonzero(beam.totals[row] > -np.inf), stopped):
                search.finish(
                    beam.symbols[row, place],
                    beam.totals[row, place].item(),
                    coverage[row, place].item(),
                    is_cut=True,
                )


def sample(
    model: Seq2Seq,
    encoded: Encoded,
    max_symbols: Sequence[int],
    generator: torch.Generator,
    *,
    temperature: float = 1.0,
    forbidden: Sequence[int] = (PAD,),
    constraints: Sequence[Constraint] | None = None,
) -> list[Hypothesis]:
    """One random output of each sentence, sampled symbol by symbol from p^(1 / temperature) of what is allowed.

    Log probabilities and scores are the model's own, at temperature 1. Raises ValueError where nothing is allowed.
    """
    if temperature <= 0:
        raise ValueError(f"temperature is {temperature:g}: it must be more than 0")
    with torch.inference_mode():
        searches = [_SentenceSearch(GREEDY, limit, 1) for limit in max_symbols]
        beam = Beam.start(len(searches), constraints)
        state = model.start(encoded)
        zeros = np.zeros((len(searches), 1))
        while (beam.totals > -np.inf).any():
            symbols = torch.from_numpy(beam.last_symbols).to(encoded.code.device)
            logits, state, _ = model.step(symbols, state, encoded)
            log_probs = logits.double().log_softmax(dim=-1)  # (B, V)
            log_probs[:, list(forbidden)] = -torch.inf
            _apply_constraints(log_probs, beam)
            if (log_probs == -torch.inf).all(dim=1).any():
                raise ValueError("a constraint allows no symbol, not even STOP: nothing can be sampled")
            drawn = torch.multinomial((log_probs / temperature).softmax(dim=-1).cpu(), 1, generator=generator)
            gained = log_probs.cpu().gather(1, drawn).numpy()
            continuations = Continuations(beam.totals + gained, zeros.astype(np.int64), drawn.numpy())
            after, _ = beam.advance(continuations, 1)
            _finish(searches, beam, continuations, zeros)
            beam = after.without(
                [search.is_finished(after.length, after.totals[row, 0]) for row, search in enumerate(searches)]
            )
        return [search.best()[0] for search in searches]


def _apply_constraints(log_probs: Tensor, beam: Beam) -> None:
    """Makes impossible in log_probs (A K, V), in place, what constraints do not allow: one call for all rows.

    Rows without a hypothesis stay as they are.
    """
    if not beam.constraints:
        return
    impossible = np.zeros(log_probs.shape, dtype=np.bool_)
    for number, (constraint, states) in enumerate(zip(beam.constraints, beam.states, strict=True)):
        for row, state in enumerate(states, start=number * beam.totals.shape[1]):
            impossible[row] = True
            impossible[row, constraint.allowed(state)] = False
    log_probs.masked_fill_(torch.from_numpy(impossible).to(log_probs.device), -torch.inf)


def _coverage(attended: Tensor, padding: Tensor) -> Tensor:
    """The sum over places of log(min(attention, 1)), 0 in padding, of attention summed over steps (A, K, S): (A, K)."""
    return attended.clamp(min=MIN_ATTENTION, max=1.0).log().masked_fill(padding, 0.0).sum(dim=-1)
