"""From a network's distributions over labels and blank to texts: four ways, and where each label is in time.

Shapes: B recordings, T frames in the longest, C labels with the blank (index 0), K prefixes kept, N labels tried,
S states of a target's lattice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import torch
from torch import Tensor

from pipelines.ctc.automata import Automaton
from pipelines.ctc.loss import Lattice
from pipelines.nn.ctc import BLANK, Span, best_paths
from pipelines.nn.recurrent import within

NOBODY, ORPHAN = 1, 2  # hashes of places without a prefix, and of what has no parent: neither meets anything


@dataclass(frozen=True)
class SearchParams:
    """How a beam searches, and what a language model of characters has to say in it: see `beam_search`."""

    beam: int = 16  # prefixes kept, and labels tried at a step
    lm_order: int = 4  # of the n-gram model, which knows how training texts are written
    lm_weight: float = 0.4  # of its log probabilities; 0: it has no say
    label_bonus: float = 2.0  # for each character: a language model favours short texts

    def __post_init__(self) -> None:
        for name in ("beam", "lm_order"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}: at least 1 is needed")
        if self.lm_weight < 0:
            raise ValueError(f"lm_weight is {self.lm_weight:g}: 0 or more is needed")


@dataclass(frozen=True)
class Hypothesis:
    """A text that a beam search found: its log probability, and the score with what automata add to it."""

    labels: tuple[int, ...]
    log_prob: float
    score: float


def trimmed(log_probs: Tensor, lengths: Tensor) -> list[tuple[int, ...]]:
    """Each frame's most probable label, merged where it repeats, as if there were no blank: the way that fails.

    Blanks are left out first, so that they keep nothing apart: a label can never stand twice in a row.
    """
    paths = best_paths(log_probs, lengths)
    return [tuple(label for label, _ in groupby(label for label in path if label != BLANK)) for path in paths]


def beam_search(
    log_probs: Tensor,
    lengths: Tensor,
    *,
    beam: int,
    candidates: int | None = None,
    automata: Sequence[tuple[Automaton, float]] = (),
    label_bonus: float = 0.0,
) -> list[list[Hypothesis]]:
    """Prefix beam search: the `beam` best texts of each recording, best first.

    A prefix is scored by the probability of all paths that spell it so far (Graves 2006; Hannun et al. 2014,
    First-Pass Large Vocabulary Continuous Speech Recognition using Bi-Directional Recurrent DNNs, algorithm 1), times
    what each automaton says of it to the power of its weight, and exp(label_bonus) for each of its labels. At each
    frame a prefix is tried with the `candidates` labels that are best there (all of them where it is None).

    With a beam and candidates that leave nothing out, the result is exact. All recordings and prefixes advance
    together: the one loop is over frames. A hypothesis of score -inf is one that an automaton does not allow.
    """
    batch, _, labels = log_probs.shape
    tried = labels - 1 if candidates is None else min(candidates, labels - 1)
    # Beyond its end a recording says blank with certainty, which leaves every probability as it is.
    padding = ~within(lengths, log_probs.shape[1])[..., None]
    silence = torch.full_like(log_probs[0, 0], -torch.inf)
    silence[BLANK] = 0.0
    log_probs = torch.where(padding, silence, log_probs)
    automata = [(automaton.to(log_probs), weight) for automaton, weight in automata]
    prefixes = _Prefixes.empty(batch, beam, log_probs, len(automata))
    trail = []
    for frame in log_probs.unbind(dim=1):
        prefixes, parent, added = prefixes.advanced(frame, tried, automata, label_bonus)
        trail.append((parent, added))

    log_prob = prefixes.log_prob()
    score = log_prob + prefixes.outside
    for (automaton, weight), state in zip(automata, prefixes.states, strict=True):
        score = score + weight * automaton.end[state]
    order = score.sort(dim=1, descending=True, stable=True).indices  # (B, K)
    texts = _spelled(trail, order)
    scores, log_prob_rows = score.gather(1, order).tolist(), log_prob.gather(1, order).tolist()
    return [
        [Hypothesis(tuple(text), p, s) for text, p, s in zip(*row, strict=True) if p > -torch.inf]
        for row in zip(texts, log_prob_rows, scores, strict=True)
    ]


@dataclass(frozen=True)
class _Prefixes:
    """K prefixes of each recording, all (B, K).

    Prefixes are told apart by 64-bit hashes of their labels: among the millions that a search may meet, two that agree
    by chance have a probability of about 1e-7. `last` is a prefix's last label, BLANK for none.
    """

    blank: Tensor  # log probability of the paths that end in a blank
    label: Tensor  # of those that end in the last label
    last: Tensor
    hash: Tensor
    parent_hash: Tensor  # of the prefix without its last label, ORPHAN for the empty one
    outside: Tensor  # what automata and bonus add to the score
    states: tuple[Tensor, ...]  # of each automaton

    @classmethod
    def empty(cls, batch: int, beam: int, like: Tensor, automata: int) -> "_Prefixes":
        """The empty prefix, and places for others, which have probability zero."""
        nothing = like.new_full((batch, beam), -torch.inf)
        certain = nothing.clone()
        certain[:, 0] = 0.0
        zeros = torch.zeros(batch, beam, dtype=torch.long, device=like.device)
        hashes = torch.where(certain == 0, zeros, NOBODY)
        return cls(certain, nothing, zeros, hashes, zeros + ORPHAN, torch.zeros_like(nothing), (zeros,) * automata)

    def log_prob(self) -> Tensor:
        return torch.logaddexp(self.blank, self.label)

    def advanced(
        self, frame: Tensor, tried: int, automata: Sequence[tuple[Automaton, float]], label_bonus: float
    ) -> tuple["_Prefixes", Tensor, Tensor]:
        """The best prefixes one frame (B, C) later; from which each comes, and its new label or BLANK, both (B, K)."""
        beam = self.last.shape[1]
        total = self.log_prob()
        # A prefix stays as it is by a blank, or by its last label once more,
        stays_blank = total + frame[:, :1]
        stays_label = self.label + frame.gather(1, self.last)
        # or grows by a label; by its own last label only from a blank.
        best, new = frame[:, BLANK + 1 :].topk(tried, dim=1, sorted=False)  # (B, N)
        new = new + BLANK + 1
        repeats = new[:, None] == self.last[..., None]  # (B, K, N)
        grows = torch.where(repeats, self.blank[..., None], total[..., None]) + best[:, None]

        # Where a prefix grows into another that is kept too, the two are one. (A text has one parent at most.)
        meets = self.hash[:, :, None] == self.parent_hash[:, None]  # (B, K, K)
        one = meets.to(frame)
        met, place = one.max(dim=1)  # (B, K), where there is none the first
        again = self.last.gather(1, place) == self.last
        into = torch.where(again, self.blank.gather(1, place), total.gather(1, place)) + frame.gather(1, self.last)
        stays_label = torch.logaddexp(stays_label, into.masked_fill(met == 0, -torch.inf))
        known = one @ repeats.to(frame) > 0  # (B, K, N)
        grows = grows.masked_fill(known, -torch.inf)

        outside = self.outside[..., None] + label_bonus  # (B, K, 1)
        for (automaton, weight), state in zip(automata, self.states, strict=True):
            outside = outside + weight * automaton.score[state[..., None], new[:, None]]
        stays = torch.logaddexp(stays_blank, stays_label)
        scores = torch.cat([stays + self.outside, (grows + outside).flatten(1)], dim=1)  # (B, K + K N)
        score, chosen = scores.topk(beam, dim=1, sorted=False)

        grown = chosen >= beam
        place = (chosen - beam).clamp(min=0)
        parent = torch.where(grown, place // tried, chosen)
        added = torch.where(grown, new.gather(1, place % tried), BLANK)
        alive = score > -torch.inf

        def pick(old: Tensor, changed: Tensor) -> Tensor:
            return torch.where(grown, changed, old.gather(1, parent))

        nothing = torch.full_like(score, -torch.inf)
        hashes = self.hash.gather(1, parent)
        before = [state.gather(1, parent) for state in self.states]
        states = tuple(
            pick(state, automaton.move[old, added])
            for (automaton, _), state, old in zip(automata, self.states, before, strict=True)
        )
        more = self.outside.gather(1, parent) + label_bonus
        for (automaton, weight), old in zip(automata, before, strict=True):
            more = more + weight * automaton.score[old, added]
        later = _Prefixes(
            blank=pick(stays_blank, nothing),
            label=pick(stays_label, grows.flatten(1).gather(1, place)),
            last=pick(self.last, added),
            hash=pick(self.hash, _hashed(hashes, added)).where(alive, NOBODY),
            parent_hash=pick(self.parent_hash, hashes).where(alive, ORPHAN),
            outside=pick(self.outside, more),
            states=states,
        )
        return later, parent, added


def _hashed(hashes: Tensor, labels: Tensor) -> Tensor:
    """Hashes of prefixes with one label more: multiplication by odd numbers and shifts, modulo 2^64."""
    mixed = (hashes ^ ((labels + 1) * -7046029254386353131)) * 6364136223846793005
    return mixed ^ (mixed >> 29)


def _spelled(trail: Sequence[tuple[Tensor, Tensor]], order: Tensor) -> list[list[list[int]]]:
    """The texts of the last prefixes, taken in `order` (B, K), read back through the frames."""
    place = order
    steps = []
    for parent, added in reversed(trail):
        steps.append(added.gather(1, place))
        place = parent.gather(1, place)
    if not steps:
        return [[[] for _ in row] for row in order.tolist()]
    rows = torch.stack(steps[::-1], dim=2).tolist()  # (B, K, T)
    return [[[label for label in text if label != BLANK] for text in row] for row in rows]


def align(log_probs: Tensor, lengths: Tensor, targets: Tensor, target_lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Forced alignment: the most probable path of each target (Viterbi), as states of its lattice (B, T).

    State 2 i + 1 is label i of the target, even ones are blanks; -1 beyond a recording's length. Also its log
    probability (B,), which is -inf for a target with too few frames.
    """
    lattice = Lattice(targets, target_lengths)
    first, *rest = lattice.emissions(log_probs).unbind(dim=1)  # (B, S)
    score = first + lattice.first_states().to(first)
    steps_back = []
    for t, emission in enumerate(rest, start=1):
        best, back = lattice.predecessors(score).max(dim=0)
        inside = (t < lengths)[:, None]
        score = torch.where(inside, best + emission, score)
        steps_back.append(torch.where(inside, back, 0))
    log_prob, state = (score + lattice.last_states().to(score)).max(dim=1)
    states = [state]
    for back in reversed(steps_back):
        state = state - back.gather(1, state[:, None])[:, 0]
        states.append(state)
    path = torch.stack(states[::-1], dim=1)
    return path.masked_fill(~within(lengths, log_probs.shape[1]), -1), log_prob


def spans(path: Sequence[int], target: Sequence[int]) -> list[Span]:
    """Where each label of a target stands, from the states of its alignment."""
    found = []
    for index, label in enumerate(target):
        frames = [t for t, state in enumerate(path) if state == 2 * index + 1]
        found.append(Span(label, frames[0], frames[-1] + 1))
    return found
