"""Connectionist temporal classification as its paper writes it (Graves, Fernández, Gomez & Schmidhuber 2006, ICML).

A network gives each frame of a recording a distribution over the labels and the *blank*, index 0 (see nn/ctc.py). The
probability of a text is the sum over all its paths. Forward and backward variables sum them, in log space.

This is the definition, in float64 too, and for pictures; training uses torch's kernel, which is tested against it.

Shapes: B recordings, T frames in the longest, C labels with the blank, L labels of the longest target,
S = 2 L + 1 states: the target with a blank before, between and after its labels.
"""

from typing import Any

import torch
from torch import Tensor

from pipelines.nn.ctc import BLANK, check_targets
from pipelines.nn.recurrent import within


class Lattice:
    """The states of each target of a batch, and the transitions between them."""

    def __init__(self, targets: Tensor, target_lengths: Tensor) -> None:
        """targets (B, L), of which what is beyond target_lengths (B,) does not matter."""
        batch, longest = targets.shape
        self.labels = targets.new_full((batch, 2 * longest + 1), BLANK)  # (B, S)
        self.labels[:, 1::2] = targets.masked_fill(~within(target_lengths, longest), BLANK)
        self.inside = within(2 * target_lengths + 1, 2 * longest + 1)  # (B, S)
        self.last = 2 * target_lengths  # (B,) the blank after the last label
        # The blank between two labels may be skipped, unless they are the same.
        before = self.labels.roll(2, dims=1)
        self.skips = (self.labels != BLANK) & (self.labels != before)
        self.skips[:, :2] = False

    def emissions(self, log_probs: Tensor) -> Tensor:
        """log_probs (B, T, C) of each state's label (B, T, S); -inf for a state that a shorter target lacks."""
        index = self.labels[:, None].expand(-1, log_probs.shape[1], -1)
        return log_probs.gather(2, index).masked_fill(~self.inside[:, None], -torch.inf)

    def predecessors(self, values: Tensor) -> Tensor:
        """For each state the values (B, S) of those before it: itself, the previous one, the one before: (3, B, S)."""
        one = values.roll(1, dims=1)
        one[:, 0] = -torch.inf
        return torch.stack([values, one, values.roll(2, dims=1).masked_fill(~self.skips, -torch.inf)])  # (3, B, S)

    def successors(self, values: Tensor) -> Tensor:
        """For each state the values (B, S) of those after it: itself, the next one, the one after that: (3, B, S)."""
        one = values.roll(-1, dims=1)
        one[:, -1] = -torch.inf
        return torch.stack([values, one, values.masked_fill(~self.skips, -torch.inf).roll(-2, dims=1)])

    def first_states(self) -> Tensor:
        """0 where a path may begin (the first blank or the first label), else -inf: (B, S)."""
        states = torch.arange(self.labels.shape[1], device=self.labels.device)
        return torch.zeros_like(self.inside, dtype=torch.float64).masked_fill(states > 1, -torch.inf)

    def last_states(self) -> Tensor:
        """0 where a path may end (the last label or the last blank), else -inf: (B, S)."""
        states = torch.arange(self.labels.shape[1], device=self.labels.device)
        ends = (states <= self.last[:, None]) & (states >= self.last[:, None] - 1)
        return torch.zeros_like(self.inside, dtype=torch.float64).masked_fill(~ends, -torch.inf)


def forward_variables(lattice: Lattice, log_probs: Tensor, lengths: Tensor) -> Tensor:
    """alpha_t(s): log probability of all beginnings of paths that are in state s at frame t (B, T, S).

    Equations 6 and 7; beyond a recording's length the last values are repeated.
    """
    first, *rest = lattice.emissions(log_probs).unbind(dim=1)
    alphas = [first + lattice.first_states().to(first)]
    for t, emission in enumerate(rest, start=1):
        grown = lattice.predecessors(alphas[-1]).logsumexp(dim=0) + emission
        alphas.append(torch.where(lengths.gt(t)[:, None], grown, alphas[-1]))
    return torch.stack(alphas, dim=1)


def backward_variables(lattice: Lattice, log_probs: Tensor, lengths: Tensor) -> Tensor:
    """beta_t(s): log probability of all ends of paths that were in state s at frame t (B, T, S).

    Equations 10 and 11, without frame t itself, which alpha counts; -inf beyond a recording's length.
    """
    emissions = lattice.emissions(log_probs)
    last = lattice.last_states().to(emissions)
    beta = torch.full_like(last, -torch.inf)
    betas = []
    for t in range(emissions.shape[1] - 1, -1, -1):
        if t + 1 < emissions.shape[1]:
            beta = lattice.successors(beta + emissions[:, t + 1]).logsumexp(dim=0)
        beta = torch.where(lengths.eq(t + 1)[:, None], last, beta)
        betas.append(beta)
    return torch.stack(betas[::-1], dim=1)


def log_likelihood(log_probs: Tensor, lengths: Tensor, targets: Tensor, target_lengths: Tensor) -> Tensor:
    """log p(target | recording) (B,): log_probs (B, T, C), targets (B, L); -inf for one that has too few frames.

    A target of length zero has one path, all blanks (equation 8).
    """
    lattice = Lattice(targets, target_lengths)
    alpha = forward_variables(lattice, log_probs, lengths)[:, -1]
    return (alpha + lattice.last_states().to(alpha)).logsumexp(dim=1)


def occupancy(log_probs: Tensor, lengths: Tensor, targets: Tensor, target_lengths: Tensor) -> Tensor:
    """The share of the target's probability whose paths are in state s at frame t (B, T, S); sums to one over s."""
    lattice = Lattice(targets, target_lengths)
    through = forward_variables(lattice, log_probs, lengths) + backward_variables(lattice, log_probs, lengths)
    return through.softmax(dim=2).masked_fill(~within(lengths, log_probs.shape[1])[..., None], 0.0)


class _NegativeLogLikelihood(torch.autograd.Function):
    """-log p(target | recording), with the gradient that forward and backward variables give (equation 15)."""

    @staticmethod
    def forward(ctx: Any, log_probs: Tensor, lengths: Tensor, targets: Tensor, target_lengths: Tensor) -> Tensor:
        ctx.save_for_backward(log_probs, lengths, targets, target_lengths)
        return -log_likelihood(log_probs, lengths, targets, target_lengths)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        log_probs, lengths, targets, target_lengths = ctx.saved_tensors
        found = occupancy(log_probs, lengths, targets, target_lengths)  # (B, T, S)
        labels = Lattice(targets, target_lengths).labels[:, None].expand_as(found)
        expected = torch.zeros_like(log_probs).scatter_add(2, labels, found)
        return -gradient[:, None, None] * expected, None, None, None


def ctc_loss(log_probs: Tensor, lengths: Tensor, targets: Tensor, target_lengths: Tensor) -> Tensor:
    """-log p(target | recording) of each recording (B,), differentiable.

    log_probs (B, T, C), lengths (B,), targets (B, L), target_lengths (B,). Raises ValueError for a target that has no
    path, which has no gradient either.
    """
    rows = [target[:count] for target, count in zip(targets.tolist(), target_lengths.tolist(), strict=True)]
    check_targets(lengths.tolist(), rows, [f"recording {index + 1} of {len(rows)}" for index in range(len(rows))])
    found: Tensor = _NegativeLogLikelihood.apply(log_probs, lengths, targets, target_lengths)
    return found
