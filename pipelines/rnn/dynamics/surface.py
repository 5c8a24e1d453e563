"""The error surface of a recurrent network of one neuron: plains, and a cliff between them.

y_t = w1 sigmoid(y_{t-1}) + w2 over T steps, with one target at the end: Pascanu, Mikolov and Bengio 2013, On the
difficulty of training recurrent neural networks, figure 6, where w1 is the recurrent weight and w2 the bias. Where the
gradient is as large as at the cliff, one step of gradient descent leaves the map; a clipped step does not.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

STEPS, TARGET, FIRST = 50, 0.7, 0.5  # of the figure: T, the target, and y_0
W1, W2 = (3.8, 6.2), (-3.0, -1.2)  # the part of the surface that is drawn: the cliff and the valley at its foot
START = (4.5, -2.8)  # on the plain, from where descent leads to the cliff
RATE = 0.3  # at which a step at the cliff leaves the map; at 0.1 descent gets into the valley without clipping too
DESCENTS = 120  # steps of gradient descent


def total_loss(w1: Tensor, w2: Tensor, steps: int = STEPS) -> Tensor:
    """(sigmoid(y_T) - target)^2 for each pair of weights."""
    output = torch.full_like(w1, FIRST)
    for _ in range(steps):
        output = w1 * torch.sigmoid(output) + w2
    return (torch.sigmoid(output) - TARGET) ** 2


@dataclass(frozen=True)
class Surface:
    """Losses (len(w2), len(w1)) and the norms of their gradients over a grid."""

    w1: np.ndarray
    w2: np.ndarray
    losses: np.ndarray
    gradients: np.ndarray


def surface(points: int = 161) -> Surface:
    first, second = (torch.linspace(*ends, points, dtype=torch.float64) for ends in (W1, W2))
    w1, w2 = (grid.requires_grad_() for grid in torch.meshgrid(first, second, indexing="xy"))
    losses = total_loss(w1, w2)
    slopes = torch.autograd.grad(losses.sum(), (w1, w2))
    gradients = torch.hypot(*slopes)
    return Surface(first.numpy(), second.numpy(), losses.detach().numpy(), gradients.numpy())


def descend(clip_norm: float | None, start: tuple[float, float] = START, steps: int = DESCENTS) -> np.ndarray:
    """Gradient descent from `start`: w1, w2, loss and the gradient's norm at each point on the way (steps + 1, 4)."""
    weights = torch.tensor(start, dtype=torch.float64)
    path = []
    for _ in range(steps + 1):
        weights = weights.detach().requires_grad_()
        loss = total_loss(weights[0], weights[1])
        (gradient,) = torch.autograd.grad(loss, weights)
        norm = gradient.norm()
        path.append([*weights.tolist(), loss.item(), norm.item()])
        if clip_norm is not None and norm > clip_norm:
            gradient = gradient * (clip_norm / norm)
        weights = weights - RATE * gradient
    return np.array(path)
