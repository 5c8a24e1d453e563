"""Optimisers over groups of parameters: AdamW, and torch's SGD with Nesterov's momentum."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.optim.adamw import adamw

BETAS, EPSILON = (0.9, 0.999), 1e-8  # torch's defaults


class Optimizer(Protocol):
    """What training needs of an optimiser; a group has `params`, the `lr` of its next step, and its `scale`."""

    param_groups: list[dict[str, Any]]

    def zero_grad(self) -> None: ...

    def step(self) -> Any: ...

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state_dict: Any, /) -> Any: ...


class AdamW:
    """AdamW (Loshchilov and Hutter 2019, Decoupled weight decay regularization), in the steps of torch.optim.AdamW.

    Both call torch's fused kernel by its functional form. Constructing torch's class also imports the compiler
    (torch._dynamo), which takes longer than a small run: 1.3 s in each process.
    """

    def __init__(self, groups: Sequence[Mapping[str, Any]], weight_decay: float) -> None:
        self.param_groups: list[dict[str, Any]] = [{**group, "params": list(group["params"])} for group in groups]
        self.weight_decay = weight_decay
        self._parameters: list[nn.Parameter] = [p for group in self.param_groups for p in group["params"]]
        self._moments: dict[nn.Parameter, tuple[Tensor, Tensor, Tensor]] = {}  # first, second, and steps taken

    def zero_grad(self) -> None:
        for parameter in self._parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """One step for each parameter that has a gradient."""
        for group in self.param_groups:
            parameters = [parameter for parameter in group["params"] if parameter.grad is not None]
            moments = [self._moments_of(parameter) for parameter in parameters]
            adamw(
                parameters,
                [parameter.grad for parameter in parameters],
                [first for first, _, _ in moments],
                [second for _, second, _ in moments],
                [],
                [steps for _, _, steps in moments],
                fused=True,
                amsgrad=False,
                beta1=BETAS[0],
                beta2=BETAS[1],
                lr=group["lr"],
                weight_decay=self.weight_decay,
                eps=EPSILON,
                maximize=False,
            )

    def state_dict(self) -> dict[str, Any]:
        """The moments of each parameter, in order; none for one that has had no gradient."""
        return {"moments": [list(self._moments.get(parameter, ())) for parameter in self._parameters]}

    def load_state_dict(self, state_dict: Mapping[str, Any], /) -> None:
        for parameter, saved in zip(self._parameters, state_dict["moments"], strict=True):
            if saved:
                for own, value in zip(self._moments_of(parameter), saved, strict=True):
                    own.copy_(value)

    def _moments_of(self, parameter: nn.Parameter) -> tuple[Tensor, Tensor, Tensor]:
        """Zeros at first, in the parameter's memory format, which the fused kernel expects."""
        if parameter not in self._moments:
            zeros = torch.zeros_like(parameter, requires_grad=False), torch.zeros_like(parameter, requires_grad=False)
            self._moments[parameter] = (*zeros, torch.zeros((), dtype=torch.float32, device=parameter.device))
        return self._moments[parameter]


def sgd(groups: Sequence[Mapping[str, Any]], weight_decay: float) -> Optimizer:
    """Stochastic gradient descent with Nesterov's momentum of 0.9 (Sutskever et al. 2013).

    Not torch's fused form, which fails where parameters get their first gradient late, as in gradual unfreezing.
    """
    own = [dict(group) for group in groups]  # an optimiser writes into them
    return torch.optim.SGD(own, lr=0.0, weight_decay=weight_decay, momentum=0.9, nesterov=True)
