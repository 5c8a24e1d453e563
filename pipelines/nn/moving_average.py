"""A copy of a model whose weights are the moving average of the model's during training."""

import copy
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import torch
from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

Model = TypeVar("Model", bound=nn.Module)


class MovingAverage(Generic[Model]):
    """The average w <- decay w + (1 - decay) w_model after each step, from the weights after the first; 0: the weights.

    torch's AveragedModel computes the same, and walks through all modules of both models at each step.
    """

    def __init__(self, model: Model, decay: float) -> None:
        self.model = copy.deepcopy(model)
        self._pairs = [
            [parameter.detach() for parameter in one.parameters()] for one in (self.model, model)
        ]  # of the average, of the model
        self._buffers = list(zip(self.model.buffers(), model.buffers(), strict=True))
        self._average = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
        self._steps = 0

    @torch.no_grad()
    def update(self) -> None:
        """Follows the model's parameters."""
        averages, parameters = self._pairs
        if self._steps:
            self._average(averages, parameters, self._steps)
        else:
            for average, parameter in zip(averages, parameters, strict=True):
                average.copy_(parameter)
        self._steps += 1

    @torch.no_grad()
    def evaluated(self) -> Model:
        """The averaged model, ready to be evaluated: in evaluation mode, and with the model's present buffers."""
        for own, followed in self._buffers:
            own.copy_(followed)
        return self.model.eval()

    def state_dict(self) -> dict[str, Any]:
        return {"model": self.model.state_dict(), "steps": self._steps}

    def load_state_dict(self, state_dict: Mapping[str, Any], /) -> None:
        self.model.load_state_dict(state_dict["model"])
        self._steps = state_dict["steps"]
