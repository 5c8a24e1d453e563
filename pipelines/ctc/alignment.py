"""Forced alignment: the frames of each label of a text that is known.

Shapes: B recordings, T frames in the longest, C labels with the blank (index 0), L labels of the longest target,
S = 2 L + 1 states of a target's lattice.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from pipelines.ctc.loss import Lattice
from pipelines.nn.ctc import Span
from pipelines.nn.recurrent import within


def align(log_probs: Tensor, lengths: Tensor, targets: Tensor, target_lengths: Tensor) -> tuple[Tensor, Tensor]:
    """The most probable path of each target (Viterbi), as states of its lattice (B, T), and its log probability (B,).

    log_probs (B, T, C), lengths (B,), targets (B, L), target_lengths (B,). State 2 i + 1 is label i of the target, even
    ones are blanks; -1 beyond a recording's length. The log probability is -inf for a target with too few frames.
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
    """The frames of each label of a target, from the states of its alignment."""
    found = []
    for index, label in enumerate(target):
        frames = [t for t, state in enumerate(path) if state == 2 * index + 1]
        found.append(Span(label, frames[0], frames[-1] + 1))
    return found
