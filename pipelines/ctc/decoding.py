"""From a network's distributions over labels and blank to texts: trimming and beam search; greedy is in nn/ctc.py.

Shapes: B recordings, T frames in the longest, C labels with the blank (index 0), K prefixes kept, N labels tried.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from typing import NamedTuple

import torch
from torch import Tensor

from pipelines.ctc.automata import Automaton
from pipelines.nn.ctc import BLANK, best_paths
from pipelines.nn.recurrent import within

# Hashes of a place without a prefix, and of the empty prefix's parent: no prefix has them.
NO_PREFIX, NO_PARENT = 1, 2


@dataclass(frozen=True)
class SearchParams:
    """How a beam searches, and the weight of a language model of characters in it: see `beam_search`."""

    beam_size: int = 16  # prefixes kept, and labels tried at a step
    lm_order: int = 4  # of the n-gram model, which knows how training texts are written
    lm_weight: float = 0.4  # of its log probabilities; 0: it has no say
    label_bonus: float = 2.0  # for each character: a language model favours short texts

    def __post_init__(self) -> None:
        for name in ("beam_size", "lm_order"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}: at least 1 is needed")
        if self.lm_weight < 0:
            raise ValueError(f"lm_weight is {self.lm_weight:g}: 0 or more is needed")


@dataclass(frozen=True)
class Hypothesis:
    """A text of a beam search: its log probability, and the score, to which automata and bonus are added."""

    labels: tuple[int, ...]
    log_prob: float
    score: float


def trimmed(log_probs: Tensor, lengths: Tensor) -> list[tuple[int, ...]]:
    """The best path of each recording, merged where it repeats, as if there were no blank: the way that fails.

    Blanks are removed before repeats are merged, so that no text has the same label twice in a row.
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
    """Prefix beam search: the `beam` best texts of each recording, best first; log_probs (B, T, C), lengths (B,).

    A prefix is scored by the probability of all paths that spell it so far (Graves 2006; Hannun et al. 2014,
    First-Pass Large Vocabulary Continuous Speech Recognition using Bi-Directional Recurrent DNNs, algorithm 1), times
    each automaton's probability of it to the power of its weight, and exp(label_bonus) for each of its labels. At each
    frame a prefix is tried with the `candidates` labels that are best there (all of them where it is None).

    With a beam and candidates that leave nothing out, the result is exact. All recordings and prefixes advance
    together: the one loop is over frames. A hypothesis of score -inf is not allowed by an automaton.
    """
    batch, _, labels = log_probs.shape
    tried = labels - 1 if candidates is None else min(candidates, labels - 1)
    # Beyond its end a recording has a blank of probability one, which leaves every prefix as it is.
    padding = ~within(lengths, log_probs.shape[1])[..., None]
    silence = torch.full_like(log_probs[0, 0], -torch.inf)
    silence[BLANK] = 0.0
    log_probs = torch.where(padding, silence, log_probs)
    automata = [(automaton.to(log_probs), weight) for automaton, weight in automata]
    prefixes = _Prefixes.empty(batch, beam, log_probs, len(automata))
    trail = []
    for frame in log_probs.unbind(dim=1):
        prefixes, parent, added = prefixes.advance(frame, tried, automata, label_bonus)
        trail.append((parent, added))

    log_prob = prefixes.log_prob
    score = log_prob + prefixes.external
    for (automaton, weight), state in zip(automata, prefixes.states, strict=True):
        score = score + weight * automaton.end[state]
    order = score.sort(dim=1, descending=True, stable=True).indices  # (B, K)
    texts = _texts_of(trail, order)
    scores, log_prob_rows = score.gather(1, order).tolist(), log_prob.gather(1, order).tolist()
    return [
        [Hypothesis(tuple(text), p, s) for text, p, s in zip(*row, strict=True) if p > -torch.inf]
        for row in zip(texts, log_prob_rows, scores, strict=True)
    ]


class _Extensions(NamedTuple):
    """Prefixes with one label more."""

    labels: Tensor  # (B, N) the labels that are tried
    repeats: Tensor  # (B, K, N) whether a label is the prefix's last one
    log_prob: Tensor  # (B, K, N)


@dataclass(frozen=True)
class _Prefixes:
    """K prefixes of each recording, all (B, K).

    Prefixes are identified by 64-bit hashes of their labels: among the millions that a search may meet, two different
    ones have the same hash with a probability of about 1e-7. `last` is a prefix's last label, BLANK for none.
    """

    blank: Tensor  # log probability of the paths that end in a blank
    label: Tensor  # of those that end in the last label
    last: Tensor
    hash: Tensor
    parent_hash: Tensor  # of the prefix without its last label, NO_PARENT for the empty one
    external: Tensor  # what automata and bonus add to the score
    states: tuple[Tensor, ...]  # of each automaton

    @classmethod
    def empty(cls, batch: int, beam: int, like: Tensor, automata: int) -> "_Prefixes":
        """The empty prefix, and places for others, which have probability zero."""
        impossible = like.new_full((batch, beam), -torch.inf)
        certain = impossible.clone()
        certain[:, 0] = 0.0
        zeros = torch.zeros(batch, beam, dtype=torch.long, device=like.device)
        return cls(
            blank=certain,
            label=impossible,
            last=zeros,
            hash=torch.where(certain == 0, zeros, NO_PREFIX),
            parent_hash=zeros + NO_PARENT,
            external=torch.zeros_like(impossible),
            states=(zeros,) * automata,
        )

    @cached_property
    def log_prob(self) -> Tensor:
        return torch.logaddexp(self.blank, self.label)

    def advance(
        self, frame: Tensor, tried: int, automata: Sequence[tuple[Automaton, float]], label_bonus: float
    ) -> tuple["_Prefixes", Tensor, Tensor]:
        """The best prefixes one frame (B, C) later; their parents and added labels (BLANK for none), both (B, K)."""
        beam = self.last.shape[1]
        extensions = self.extend(frame, tried)
        stayed, extensions = self.merge(self.stay(frame), extensions, frame)
        external = self.external[..., None] + label_bonus  # (B, K, 1)
        for (automaton, weight), state in zip(automata, self.states, strict=True):
            external = external + weight * automaton.score[state[..., None], extensions.labels[:, None]]  # (B, K, N)
        both = stayed.log_prob + self.external, (extensions.log_prob + external).flatten(1)
        score, chosen = torch.cat(both, dim=1).topk(beam, dim=1, sorted=False)  # of (B, K + K N)

        is_extended = chosen >= beam
        place = (chosen - beam).clamp(min=0)  # among the extensions
        parent = torch.where(is_extended, place // tried, chosen)
        added = torch.where(is_extended, extensions.labels.gather(1, place % tried), BLANK)
        log_prob = extensions.log_prob.flatten(1).gather(1, place)
        stayed = stayed.select(parent)
        after = stayed.append(added, log_prob, automata, label_bonus).where(is_extended, stayed)
        exists = score > -torch.inf
        hashes = after.hash.where(exists, NO_PREFIX), after.parent_hash.where(exists, NO_PARENT)
        return replace(after, hash=hashes[0], parent_hash=hashes[1]), parent, added

    def stay(self, frame: Tensor) -> "_Prefixes":
        """The same prefixes one frame later: by a blank, or by their last label again."""
        return replace(self, blank=self.log_prob + frame[:, :1], label=self.label + frame.gather(1, self.last))

    def extend(self, frame: Tensor, tried: int) -> _Extensions:
        """Each prefix with each of the frame's best labels; with its own last label only after a blank."""
        best, labels = frame[:, BLANK + 1 :].topk(tried, dim=1, sorted=False)  # (B, N)
        labels = labels + BLANK + 1
        repeats = labels[:, None] == self.last[..., None]
        before = torch.where(repeats, self.blank[..., None], self.log_prob[..., None])
        return _Extensions(labels, repeats, before + best[:, None])

    def merge(self, stayed: "_Prefixes", extensions: _Extensions, frame: Tensor) -> tuple["_Prefixes", _Extensions]:
        """Adds an extension that is itself a prefix to that prefix, and removes it from the extensions.

        A text has at most one parent, so that at most one extension is added to a prefix.
        """
        is_parent = (self.hash[:, :, None] == self.parent_hash[:, None]).to(frame)  # (B, K parents, K prefixes)
        has_parent, parent = is_parent.max(dim=1)  # (B, K)
        repeats = self.last.gather(1, parent) == self.last
        before = torch.where(repeats, self.blank.gather(1, parent), self.log_prob.gather(1, parent))
        extended = (before + frame.gather(1, self.last)).masked_fill(has_parent == 0, -torch.inf)
        is_merged = is_parent @ extensions.repeats.to(frame) > 0  # (B, K, N)
        return (
            replace(stayed, label=torch.logaddexp(stayed.label, extended)),
            extensions._replace(log_prob=extensions.log_prob.masked_fill(is_merged, -torch.inf)),
        )

    def append(
        self, labels: Tensor, log_prob: Tensor, automata: Sequence[tuple[Automaton, float]], label_bonus: float
    ) -> "_Prefixes":
        """Each prefix with one of labels (B, K) more; `log_prob` (B, K) is that of the paths that now end in it."""
        external = self.external + label_bonus
        for (automaton, weight), state in zip(automata, self.states, strict=True):
            external = external + weight * automaton.score[state, labels]
        return _Prefixes(
            blank=torch.full_like(log_prob, -torch.inf),
            label=log_prob,
            last=labels,
            hash=_hashed(self.hash, labels),
            parent_hash=self.hash,
            external=external,
            states=tuple(
                automaton.move[state, labels] for (automaton, _), state in zip(automata, self.states, strict=True)
            ),
        )

    def select(self, index: Tensor) -> "_Prefixes":
        """The prefixes at the places index (B, K)."""
        return self._of(part.gather(1, index) for part in self._parts())

    def where(self, condition: Tensor, other: "_Prefixes") -> "_Prefixes":
        """These prefixes where condition (B, K) is true, else those of `other`."""
        pairs = zip(self._parts(), other._parts(), strict=True)
        return self._of(torch.where(condition, own, others) for own, others in pairs)

    def _parts(self) -> list[Tensor]:
        return [self.blank, self.label, self.last, self.hash, self.parent_hash, self.external, *self.states]

    @classmethod
    def _of(cls, parts: Iterable[Tensor]) -> "_Prefixes":
        blank, label, last, hashes, parent_hash, external, *states = parts
        return cls(blank, label, last, hashes, parent_hash, external, tuple(states))


def _hashed(hashes: Tensor, labels: Tensor) -> Tensor:
    """Hashes of prefixes with one label more, modulo 2^64.

    The multipliers are odd and well mixed: 2^64 over the golden ratio, as in SplitMix64 (Steele, Lea and Flood 2014,
    Fast splittable pseudorandom number generators), and that of Knuth's MMIX generator.
    """
    mixed = (hashes ^ ((labels + 1) * -7046029254386353131)) * 6364136223846793005
    return mixed ^ (mixed >> 29)


def _texts_of(trail: Sequence[tuple[Tensor, Tensor]], order: Tensor) -> list[list[list[int]]]:
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
