"""A recurrence and its gradient by back-propagation through time, written out: a loop over time and one back.

Autograd would record each step, and accumulate a gradient of the recurrent weights at each. Here a step back is one
product, and the weights' gradient one product over all steps at the end (Werbos 1990, Backpropagation through time:
what it does and how to do it, section 3). On a CPU that is faster than `nn.RNN`: see `make bench-cells`.

Shapes: B batch, T time steps, I input_size, H hidden units.
"""

from collections.abc import Callable, Sequence
from functools import cache
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

Activation = Literal["tanh", "relu", "sigmoid"]

ACTIVATIONS: dict[Activation, Callable[[Tensor], Tensor]] = {  # in place
    "tanh": torch.tanh_,
    "relu": torch.relu_,
    "sigmoid": torch.sigmoid_,
}
_aten = torch.ops.aten
# (grad_output, output, out=grad_input); relu's mask is output > 0
_ACTIVATIONS_BACKWARD: dict[Activation, Callable[[Tensor, Tensor, Tensor], Any]] = {
    "tanh": lambda grad, output, out: _aten.tanh_backward.grad_input(grad, output, grad_input=out),
    "relu": lambda grad, output, out: _aten.threshold_backward.grad_input(grad, output, 0, grad_input=out),
    "sigmoid": lambda grad, output, out: _aten.sigmoid_backward.grad_input(grad, output, grad_input=out),
}


class Module(NamedTuple):
    """The units from `first` to before `last`: updated where time is a multiple of `period`, kept elsewhere."""

    period: int
    first: int
    last: int


def recurrence(
    inputs: Tensor,
    h: Tensor,
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias: Tensor,
    *,
    activation: Activation,
    modules: Sequence[Module] | None = None,
    time: int = 0,
) -> Tensor:
    """h_t = f(W x_t + b + U h_{t-1}) from h (B, H): inputs (B, T, I) -> outputs (B, T, H).

    weight_ih W (H, I), weight_hh U (H, H), bias b (H,). `modules` cover all units, in order; without them all units are
    updated at every step. The first step is at `time`. A module must not read those before it: below the blocks on its
    diagonal U is zero, and gets no gradient. There are no second derivatives.
    """
    modules = modules or [Module(1, 0, len(weight_hh))]
    outputs: Tensor = _Recurrence.apply(
        inputs.transpose(0, 1).contiguous(), h, weight_ih, weight_hh, bias, activation, modules, time
    )
    return outputs.transpose(0, 1)


class _Run(NamedTuple):
    """Neighbouring units, from `first` to before `last`, that are all updated at a step, or all kept."""

    first: int
    last: int
    is_updated: bool


class _Recurrence(torch.autograd.Function):
    """Time first: (T, B, I) -> (T, B, H)."""

    @staticmethod
    def forward(ctx: Any, *arguments: Any) -> Tensor:
        inputs, h, weight_ih, weight_hh, bias, activation, modules, time = arguments
        steps, units = len(inputs), h.shape[1]
        states: Tensor = inputs.new_empty(steps + 1, *h.shape)  # (T + 1, B, H)
        states[0] = h
        # states[1:] first holds W x + b; each step adds U h in place and applies f.
        torch.addmm(bias, inputs.flatten(0, 1), weight_ih.t(), out=states[1:].flatten(0, 1))
        schedule = _schedule(modules, time, steps)
        transposed = weight_hh.t().contiguous()
        weights = {run: transposed[run.first :, run.first : run.last] for run in set().union(*schedule)}
        function = ACTIVATIONS[activation]
        for runs, (before, after) in zip(schedule, pairwise(states.unbind(0)), strict=True):
            for run in runs:
                state = _columns(after, run.first, run.last)
                if run.is_updated:
                    function(state.addmm_(_columns(before, run.first, units), weights[run]))
                else:
                    state.copy_(_columns(before, run.first, run.last))
        ctx.save_for_backward(inputs, weight_ih, weight_hh, states)
        ctx.settings = activation, modules, time, schedule
        return states[1:]

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, grad_outputs: Tensor) -> Any:
        inputs, weight_ih, weight_hh, states = ctx.saved_tensors
        activation, modules, time, schedule = ctx.settings
        units = len(weight_hh)
        weights = {run: weight_hh[run.first : run.last, run.first :] for run in set().union(*schedule)}
        activation_backward = _ACTIVATIONS_BACKWARD[activation]
        grad_drives = torch.zeros_like(states[1:])  # w.r.t. pre-activations (T, B, H); zero where a unit is kept
        grad_state = torch.zeros_like(states[0])  # w.r.t. the state after a step (B, H)
        steps = zip(schedule, grad_outputs.unbind(0), states[1:].unbind(0), grad_drives.unbind(0), strict=True)
        for runs, grad_output, output, grad_drive in reversed(list(steps)):
            grad_state += grad_output
            for run in reversed(runs):  # a run changes only columns that the runs before it do not read
                if run.is_updated:
                    grad, out = (_columns(part, run.first, run.last) for part in (grad_state, grad_drive))
                    activation_backward(grad, _columns(output, run.first, run.last), out)
                    grad.zero_()
                    _columns(grad_state, run.first, units).addmm_(out, weights[run])
        rows = grad_drives.flatten(0, 1)  # (T B, H)
        grad_weight_hh = torch.zeros_like(weight_hh)
        for period, first, last in modules:
            updated = slice(-time % period, None, period)
            read = states[:-1][updated, :, first:].flatten(0, 1)
            grad_weight_hh[first:last, first:] = grad_drives[updated, :, first:last].flatten(0, 1).t() @ read
        grad_inputs = (rows @ weight_ih).view(inputs.shape) if ctx.needs_input_grad[0] else None
        grad_weight_ih = rows.t() @ inputs.flatten(0, 1)
        return grad_inputs, grad_state, grad_weight_ih, grad_weight_hh, rows.sum(dim=0), None, None, None


def _columns(rows: Tensor, first: int, last: int) -> Tensor:
    """Some columns of rows (B, H). narrow() costs about a tenth of a product, so the full width goes without."""
    return rows if last - first == rows.shape[1] else rows.narrow(1, first, last - first)


def _schedule(modules: Sequence[Module], time: int, steps: int) -> list[tuple[_Run, ...]]:
    """The runs of every step, in the order of the units."""
    hashable = tuple(modules)
    return [
        _runs(hashable, tuple(now % module.period == 0 for module in hashable)) for now in range(time, time + steps)
    ]


@cache
def _runs(modules: tuple[Module, ...], updated: tuple[bool, ...]) -> tuple[_Run, ...]:
    """Modules merged where neighbours are all updated, or all kept."""
    found = []
    for is_updated, part in groupby(zip(updated, modules, strict=True), key=itemgetter(0)):
        run = [module for _, module in part]
        found.append(_Run(run[0].first, run[-1].last, is_updated))
    return tuple(found)
