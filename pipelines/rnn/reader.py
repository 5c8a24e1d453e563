"""The network that reads a sequence step by step and answers at its end (many to one), its loss and its error.

Shapes: B sequences of a batch, N of a split, T steps, H hidden units, A answers (classes, or one number).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from pipelines.nn.recurrent import Recurrent
from pipelines.rnn.sequences import Batch, Problem


@dataclass(frozen=True)
class ReaderParams:
    """The network that reads: any cell, or `none`, a constant answer (the baseline)."""

    cell: str
    hidden_size: int
    num_layers: int = 1
    options: Mapping[str, Any] = field(default_factory=dict)  # the cell's own


class SequenceReader(nn.Module):
    """Recurrent layers over all steps, and an answer from the last state (many to one)."""

    def __init__(self, params: ReaderParams, problem: Problem) -> None:
        super().__init__()
        self.recurrent: Recurrent | None = None
        self.bias = nn.Parameter(torch.zeros(problem.outputs))
        if params.cell != "none":
            self.recurrent = Recurrent(
                params.cell, problem.features, params.hidden_size, num_layers=params.num_layers, **params.options
            )
            self.output = nn.Linear(params.hidden_size, problem.outputs, bias=False)

    def forward(self, batch: Batch) -> Tensor:
        """Logits over classes, or a number (B, A)."""
        if self.recurrent is None:
            return self.bias.expand(len(batch.lengths), -1)
        outputs = self.recurrent(batch.inputs, batch.lengths)
        return self.answer(self.recurrent.last_output(outputs, batch.lengths))

    def answer(self, last: Tensor) -> Tensor:
        """From the last state (B, H) alone."""
        answer: Tensor = self.output(last) + self.bias
        return answer


def sequence_loss(outputs: Tensor, batch: Batch, label_smoothing: float = 0.0) -> Tensor:
    """The mean squared error of numbers, or the mean cross entropy of classes."""
    if batch.targets.is_floating_point():
        return nn.functional.mse_loss(outputs[:, 0], batch.targets)
    return nn.functional.cross_entropy(outputs, batch.targets, label_smoothing=label_smoothing)


def sequence_error(outputs: Tensor, targets: Tensor) -> float:
    """The mean squared error of numbers, or the share of wrong classes (from 0 to 1)."""
    if targets.is_floating_point():
        return nn.functional.mse_loss(outputs[:, 0], targets).item()
    return (outputs.argmax(dim=1) != targets).double().mean().item()


def answers(model: SequenceReader, batches: Sequence[Batch]) -> Tensor:
    """The outputs of a model for batches, concatenated (N, A)."""
    device = next(model.parameters()).device
    with torch.inference_mode():
        return torch.cat([model(batch.to(device)).cpu() for batch in batches])
