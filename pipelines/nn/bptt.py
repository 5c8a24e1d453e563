"""A recurrence and its gradient by back-propagation through time, written out: a loop over time and one back.

Autograd would record each step, and add up a gradient of the recurrent weights at each. Here a step back is one
product, and the weights' gradient one product over all steps at the end (Werbos 1990, Backpropagation through time:
what it does and how to do it, section 3). On a processor that is faster than `nn.RNN`: see `make bench-cells`.

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
# Gradient behind, output, room for the gradient before. Of relu: where the output is more than 0.
_SLOPES: dict[Activation, Callable[[Tensor, Tensor, Tensor], Any]] = {
    "tanh": lambda behind, output, before: _aten.tanh_backward.grad_input(behind, output, grad_input=before),
    "relu": lambda behind, output, before: _aten.threshold_backward.grad_input(behind, output, 0, grad_input=before),
    "sigmoid": lambda behind, output, before: _aten.sigmoid_backward.grad_input(behind, output, grad_input=before),
}


class Module(NamedTuple):
    """The units from `first` to before `last`, which move where time is a multiple of `period`, and else stay."""

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

    `modules` are all units, in order; without, all move at every step. The first step is at `time`. A module must not
    read those before it: below the blocks on its diagonal U is zero, and gets no gradient. There are no second
    derivatives.
    """
    modules = modules or [Module(1, 0, len(weight_hh))]
    outputs: Tensor = _Recurrence.apply(
        inputs.transpose(0, 1).contiguous(), h, weight_ih, weight_hh, bias, activation, modules, time
    )
    return outputs.transpose(0, 1)


class _Run(NamedTuple):
    """Neighbouring units, from `first` to before `last`, that all move at a step, or all stay."""

    first: int
    last: int
    moves: bool


class _Recurrence(torch.autograd.Function):
    """Time first: (T, B, I) -> (T, B, H)."""

    @staticmethod
    def forward(ctx: Any, *given: Any) -> Tensor:
        inputs, h, weight_ih, weight_hh, bias, activation, modules, time = given
        steps, units = len(inputs), h.shape[1]
        states: Tensor = inputs.new_empty(steps + 1, *h.shape)
        states[0] = h
        # What the inputs say stands where the states will: each step adds what the last one says, and bends the sum.
        torch.addmm(bias, inputs.flatten(0, 1), weight_ih.t(), out=states[1:].flatten(0, 1))
        schedule = _schedule(modules, time, steps)
        transposed = weight_hh.t().contiguous()
        weights = {run: transposed[run.first :, run.first : run.last] for run in set().union(*schedule)}
        function = ACTIVATIONS[activation]
        for runs, (before, after) in zip(schedule, pairwise(states.unbind(0)), strict=True):
            for run in runs:
                own = _part(after, run.first, run.last)
                if run.moves:
                    function(own.addmm_(_part(before, run.first, units), weights[run]))
                else:
                    own.copy_(_part(before, run.first, run.last))
        ctx.save_for_backward(inputs, weight_ih, weight_hh, states)
        ctx.kept = activation, modules, time, schedule
        return states[1:]

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Any:
        inputs, weight_ih, weight_hh, states = ctx.saved_tensors
        activation, modules, time, schedule = ctx.kept
        units = len(weight_hh)
        weights = {run: weight_hh[run.first : run.last, run.first :] for run in set().union(*schedule)}
        slope = _SLOPES[activation]
        drives = torch.zeros_like(states[1:])  # gradients of what f is of; zero where a unit stays
        carried = torch.zeros_like(states[0])  # gradient of the state that a step leaves
        steps = zip(schedule, gradient.unbind(0), states[1:].unbind(0), drives.unbind(0), strict=True)
        for runs, behind, output, drive in reversed(list(steps)):
            carried += behind
            for run in reversed(runs):  # none changes what the runs before it have yet to read
                if run.moves:
                    own, before = _part(carried, run.first, run.last), _part(drive, run.first, run.last)
                    slope(own, _part(output, run.first, run.last), before)
                    own.zero_()
                    _part(carried, run.first, units).addmm_(before, weights[run])
        rows = drives.flatten(0, 1)
        of_weight_hh = torch.zeros_like(weight_hh)
        for period, first, last in modules:
            moved = slice(-time % period, None, period)
            seen = states[:-1][moved, :, first:].flatten(0, 1)
            of_weight_hh[first:last, first:] = drives[moved, :, first:last].flatten(0, 1).t() @ seen
        of_inputs = (rows @ weight_ih).view(inputs.shape) if ctx.needs_input_grad[0] else None
        of_weight_ih = rows.t() @ inputs.flatten(0, 1)
        return of_inputs, carried, of_weight_ih, of_weight_hh, rows.sum(dim=0), None, None, None


def _part(rows: Tensor, first: int, last: int) -> Tensor:
    """Some columns of rows (B, H). A view takes as long as a tenth of a product: none is made of all."""
    return rows if last - first == rows.shape[1] else rows.narrow(1, first, last - first)


def _schedule(modules: Sequence[Module], time: int, steps: int) -> list[tuple[_Run, ...]]:
    """The runs of every step, in the order of the units."""
    known = tuple(modules)
    return [_runs(known, tuple(now % module.period == 0 for module in known)) for now in range(time, time + steps)]


@cache
def _runs(modules: tuple[Module, ...], moving: tuple[bool, ...]) -> tuple[_Run, ...]:
    found = []
    for moves, part in groupby(zip(moving, modules, strict=True), key=itemgetter(0)):
        run = [module for _, module in part]
        found.append(_Run(run[0].first, run[-1].last, moves))
    return tuple(found)
