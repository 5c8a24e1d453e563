"""One linear neuron over a thousand steps: y_t = w y_{t-1}, so that y_T = w^(T-1) x_1.

That is the whole difficulty in one equation: with w = 1.01 a gain of one per cent a step is a factor of 20,751 after a
thousand steps, with w = 0.99 it is 0.00004; the gradient with respect to w explodes and vanishes with it.
"""

import numpy as np
import pandas as pd
import torch
from torch import Tensor

STEPS = 1000
WEIGHTS = (0.01, 0.99, 1.0, 1.01)  # the lecture's
GRID = tuple(np.round(np.linspace(0.95, 1.02, 71), 4))  # of the picture: on both sides of the weight 1


def last_output(weight: Tensor, steps: int = STEPS) -> Tensor:
    """y_steps of the network whose input is 1 at the first step and 0 after it, computed step by step."""
    output = torch.ones_like(weight)
    for _ in range(steps - 1):
        output = weight * output
    return output


def sweep(weights: tuple[float, ...], steps: int = STEPS) -> pd.DataFrame:
    """Output and gradient by autograd for each weight, and both in closed form: w^(T-1) and (T-1) w^(T-2)."""
    weight = torch.tensor(weights, dtype=torch.float64, requires_grad=True)
    output = last_output(weight, steps)
    (gradient,) = torch.autograd.grad(output.sum(), weight)
    known = np.array(weights)
    return pd.DataFrame(
        {
            "weight": known,
            "output": output.detach().numpy(),
            "output_closed_form": known ** (steps - 1),
            "gradient": gradient.numpy(),
            "gradient_closed_form": (steps - 1) * known ** (steps - 2),
        }
    )
