"""Networks of every cell trained side by side on the same sequences, so that only their cells and starts differ.

Shapes: B sequences, T steps, H hidden units, A classes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor, nn

from pipelines.nn.cells import Cell
from pipelines.rnn.reader import ReaderParams, SequenceReader, sequence_loss
from pipelines.rnn.sequences import Batch, Problem


@dataclass(frozen=True)
class NetworkParams:
    """One of the networks that are compared, by name in params.yaml."""

    cell: str
    seeds: int = 1  # networks of that kind, which differ in their random start
    init: Literal["own", "identity", "random"] = "own"  # of the recurrent weights: the cell's own, or another
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class DynamicsParams:
    """What is compared: on which problem, how large, and which networks."""

    problem: str  # a table of the data set, whose sequences are images read pixel by pixel
    networks: Mapping[str, NetworkParams]  # by name
    train_rows: int = 0  # sequences that are trained on; 0: all
    hidden_size: int = 20
    clipped_seeds: int = 20  # networks that each rule of clipping is tried on
    clipped_steps: int = 40
    # At 0.001 hardly a network diverges without clipping; from 0.03 on some do that are clipped at the lecture's 15.
    clipped_rate: float = 0.01
    surface_points: int = 121  # along each axis of the error surface


class SideBySide(nn.Module):
    """The networks, by name and seed as in `lstm-0`. Their losses are summed; each has its own gradient."""

    def __init__(self, params: DynamicsParams, problem: Problem) -> None:
        super().__init__()
        self.networks = nn.ModuleDict(
            {
                f"{name}-{seed}": build_network(kind, params.hidden_size, problem)
                for name, kind in params.networks.items()
                for seed in range(kind.seeds)
            }
        )

    def forward(self, batch: Batch) -> Tensor:
        """The logits of every network, in the order of their names (networks, B, A)."""
        return torch.stack([network(batch) for network in self.networks.values()])

    def loss(self, batch: Batch, label_smoothing: float = 0.0) -> Tensor:
        """The sum of the networks' losses."""
        logits: Tensor = self(batch)
        return torch.stack([sequence_loss(own, batch, label_smoothing) for own in logits.unbind()]).sum()


def build_network(kind: NetworkParams, hidden_size: int, problem: Problem) -> SequenceReader:
    """A network of that kind. Raises ValueError for a start that needs one matrix of recurrent weights, without one."""
    network = SequenceReader(ReaderParams(kind.cell, hidden_size, options=kind.options), problem)
    if kind.init != "own":
        cell = cell_of(network)
        weight = cell.weight_hh
        if not isinstance(weight, Tensor) or weight.shape != (hidden_size, hidden_size):
            raise ValueError(f"init {kind.init!r} is for elman and irnn, whose recurrent weights are one matrix")
        with torch.no_grad():
            if kind.init == "identity":
                weight.copy_(torch.eye(hidden_size))
            else:
                weight.normal_(std=hidden_size**-0.5)  # keeps variance from step to step, on average
    return network


def gradient_reach(network: SequenceReader, batch: Batch) -> Tensor:
    """How strongly the loss at the end depends on the state after each step: mean |d loss_T / d state_t| (T,).

    The state is all that a step passes to the next: h_t, and the LSTM's memory cell. Computed on the step form, by
    autograd; the norm is of each sequence's own gradient, the mean over sequences, which all have the same length.
    """
    cell = cell_of(network)
    state = cell.initial_state(len(batch.targets))
    kept = []
    for inputs in batch.inputs.unbind(1):
        state = cell.step(inputs, state)
        # h_t is a function of the memory; copies have gradients of their own
        state = state._replace(h=state.h.clone(), memory=state.memory.clone())
        kept.append((state.h, state.memory) if cell.has_memory else (state.h,))
    loss = sequence_loss(network.answer(state.h), batch) * len(batch.targets)  # each sequence's own loss
    flat = [part for parts in kept for part in parts]
    gradients = iter(torch.autograd.grad(loss, flat, allow_unused=True))
    norms = []
    for parts in kept:
        found = [next(gradients) for _ in parts]
        squares = [gradient.square().sum(dim=1) for gradient in found if gradient is not None]  # (B,)
        norms.append(torch.stack(squares).sum(dim=0).sqrt().mean())
    return torch.stack(norms)


def cell_of(network: SequenceReader) -> Cell:
    """The cell of a network with one layer in one direction."""
    assert network.recurrent is not None
    cell = network.recurrent.forward_cells[0]
    assert isinstance(cell, Cell)
    return cell
