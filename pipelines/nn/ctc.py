"""What connectionist temporal classification does without a network (Graves et al. 2006, ICML, sections 3.1 and 3.2).

A network gives each step of a recording a distribution over the labels and the *blank*, index 0 (the lecture calls it
null). A path has one label a step; its text is what is left when repeats are merged and blanks removed.

Shapes: B recordings, T steps in the longest, C labels with the blank.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from torch import Tensor

BLANK = 0


@dataclass(frozen=True)
class Span:
    """A label and its steps: from `start` to before `end`."""

    label: int
    start: int
    end: int


def needed_steps(target: Sequence[int]) -> int:
    """The fewest steps that a path of `target` has: one a label, and a blank between two that are the same."""
    return len(target) + sum(one == other for one, other in pairwise(target))


def check_targets(steps: Sequence[int], targets: Sequence[Sequence[int]], names: Sequence[object]) -> None:
    """Raises ValueError that names the first recording with too few steps for its target, or with none at all."""
    for count, target, name in zip(steps, targets, names, strict=True):
        if BLANK in target:
            raise ValueError(f"the target of {name} contains index {BLANK}, the blank: labels begin at {BLANK + 1}")
        if count < max(1, needed := needed_steps(target)):
            raise ValueError(
                f"{name} has {count} steps, too few for its target of {len(target)} labels, which needs {needed} "
                "(one a label, and a blank between two that are the same): make a step shorter (frames_per_step)"
            )


def best_paths(log_probs: Tensor, lengths: Tensor) -> list[list[int]]:
    """The most probable label of each step: log_probs (B, T, C), lengths (B,)."""
    rows = log_probs.argmax(dim=2).tolist()
    return [row[:length] for row, length in zip(rows, lengths.tolist(), strict=True)]


def greedy(log_probs: Tensor, lengths: Tensor) -> list[list[Span]]:
    """Best-path decoding (section 3.2): in the best path of each recording repeats are merged, then blanks removed."""
    found = []
    for path in best_paths(log_probs, lengths):
        spans, start = [], 0
        for label, run in groupby(path):
            end = start + sum(1 for _ in run)
            if label != BLANK:
                spans.append(Span(label, start, end))
            start = end
        found.append(spans)
    return found
