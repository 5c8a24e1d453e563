"""Clipped gradients: many small networks trained side by side, one for each seed and clipping rule.

The network is that of Le, Jaitly and Hinton 2015 (rectified linear units, identity recurrent weights), trained by plain
gradient descent, whose step is proportional to the gradient: where gradients explode, the network diverges.

Shapes: N networks (rules times seeds), B sequences, T steps, H hidden units, A classes.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd
import torch
from torch import Tensor, nn

from pipelines.rnn.sequences import Batch

HIDDEN_SIZE = 16  # small, as a network for each rule and seed is trained at the same time
INPUT_STD = 0.2  # of the input weights at the start
DIVERGED = 10.0  # times the loss of guessing


@dataclass(frozen=True)
class Rule:
    """How a gradient is clipped: its norm scaled down to the threshold, or each of its values clamped to it."""

    by: Literal["none", "norm", "value"]
    threshold: float = 0.0

    @property
    def name(self) -> str:
        return "none" if self.by == "none" else f"{self.by} {self.threshold:g}"


def train_side_by_side(
    batches: Sequence[Batch], classes: int, rules: Sequence[Rule], *, seeds: int, rate: float, seed: int
) -> pd.DataFrame:
    """Trains a network for each rule and seed, a step for each batch, the same seeds under every rule.

    Returns a row for each step of each network: rule, seed, step, loss, and the gradient's norm before and after
    clipping. A diverged network is trained on; its loss may be NaN or infinite.
    """
    generator = torch.Generator().manual_seed(seed)
    count = len(rules) * seeds

    def drawn(std: float, *shape: int) -> Tensor:
        """Random numbers, the same for each rule."""
        return (std * torch.randn(seeds, *shape, generator=generator)).repeat(len(rules), *[1] * len(shape))

    features = batches[0].inputs.shape[-1]
    weights = [
        drawn(INPUT_STD, features, HIDDEN_SIZE),
        torch.eye(HIDDEN_SIZE).repeat(count, 1, 1),
        torch.zeros(count, 1, HIDDEN_SIZE),
        drawn(HIDDEN_SIZE**-0.5, HIDDEN_SIZE, classes),
        torch.zeros(count, 1, classes),
    ]
    rows = []
    for step, batch in enumerate(batches):
        weights = [weight.detach().requires_grad_() for weight in weights]
        losses = _losses(batch, weights)  # (N,)
        gradients = list(torch.autograd.grad(losses.sum(), weights))
        before = _norms(gradients)
        for index, rule in enumerate(rules):
            of_rule = slice(index * seeds, (index + 1) * seeds)
            for gradient, clipped in zip(gradients, clip([g[of_rule] for g in gradients], rule), strict=True):
                gradient[of_rule] = clipped
        after = _norms(gradients)
        weights = [weight - rate * gradient for weight, gradient in zip(weights, gradients, strict=True)]
        figures = torch.stack([losses.detach(), before, after], dim=1).tolist()
        rows += [(rules[number // seeds].name, number % seeds, step, *found) for number, found in enumerate(figures)]
    return pd.DataFrame(rows, columns=["rule", "seed", "step", "loss", "norm", "norm_clipped"])


def clip(gradients: list[Tensor], rule: Rule) -> list[Tensor]:
    """Gradients (N, ...) of N networks, each network's clipped on its own."""
    if rule.by == "none":
        return gradients
    if rule.by == "value":
        return [gradient.clamp(-rule.threshold, rule.threshold) for gradient in gradients]
    scale = (rule.threshold / _norms(gradients)).clamp(max=1.0)  # (N,)
    return [gradient * scale.view(-1, *[1] * (gradient.dim() - 1)) for gradient in gradients]


def diverged(steps: pd.DataFrame, classes: int) -> pd.DataFrame:
    """For each rule the percentage of networks that diverged, and the median over all networks of the last losses.

    A network has diverged if at some step its loss was DIVERGED times that of guessing, log A, or not a number. It
    seldom recovers: rectified units that are pushed far to the negative side stay at zero.
    """
    runs = steps.sort_values("step", kind="stable").groupby(["rule", "seed"], sort=False)["loss"]
    worst = runs.agg(lambda losses: losses.fillna(math.inf).max())
    last = runs.agg(lambda losses: losses.fillna(math.inf).iloc[-10:].mean())
    has_diverged = (worst > DIVERGED * math.log(classes)).groupby("rule", sort=False)
    return pd.DataFrame(
        {
            "networks": has_diverged.size(),
            "diverged_percent": 100 * has_diverged.mean(),
            "median_last_loss": last.groupby("rule", sort=False).median(),
        }
    )


def _losses(batch: Batch, weights: Sequence[Tensor]) -> Tensor:
    """Each network's mean cross entropy (N,)."""
    weight_ih, weight_hh, bias, weight_out, bias_out = weights
    count = len(weight_ih)
    hidden = bias.new_zeros(count, len(batch.targets), HIDDEN_SIZE)
    for inputs in batch.inputs.unbind(1):  # (B, I)
        hidden = torch.relu(inputs @ weight_ih + hidden @ weight_hh + bias)  # (N, B, H)
    logits = hidden @ weight_out + bias_out  # (N, B, A)
    losses = nn.functional.cross_entropy(logits.flatten(0, 1), batch.targets.repeat(count), reduction="none")
    return losses.view(count, -1).mean(dim=1)


def _norms(gradients: Sequence[Tensor]) -> Tensor:
    """The norm of each network's gradient (N,)."""
    return torch.stack([gradient.flatten(1).square().sum(dim=1) for gradient in gradients]).sum(dim=0).sqrt()
