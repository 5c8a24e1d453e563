"""A stack of recurrent layers over a padded batch, of any cell, in one or both directions.

Shapes: B batch, T time steps (the longest sequence, or more), I input_size, H hidden_size, D directions (1 or 2).
`lengths` (B,) counts the steps of each sequence; the steps after are padding and never change a result.
"""

from typing import Any

import torch
from torch import Tensor, nn

from pipelines.nn.cells import build_cell


def within(lengths: Tensor, steps: int) -> Tensor:
    """True where a step belongs to its sequence: (B,) -> (B, T)."""
    return torch.arange(steps, device=lengths.device) < lengths.unsqueeze(1)


def reversal(lengths: Tensor, steps: int) -> Tensor:
    """The rows of inputs (B T, *) that turn each sequence back to front within its length, padding kept: (B T,)."""
    time = torch.arange(steps, device=lengths.device)
    mirrored = lengths.unsqueeze(1) - 1 - time  # (B, T), negative in the padding
    index = torch.where(mirrored >= 0, mirrored, time)
    return (index + steps * torch.arange(len(lengths), device=lengths.device)[:, None]).flatten()


def reversed_by(inputs: Tensor, rows: Tensor) -> Tensor:
    """Inputs (B, T, *) in the order of `reversal`; twice, it is the inputs again."""
    return inputs.flatten(0, 1).index_select(0, rows).view(inputs.shape)


class Recurrent(nn.Module):
    """`num_layers` layers of one kind of cell, batch first, with dropout between layers as in torch.nn.

    The backward direction reads each sequence reversed within its own length, so that any cell can run it and its
    first input is the last real step. `options` are the cell's own.
    """

    def __init__(
        self,
        cell: str,
        input_size: int,
        hidden_size: int,
        *,
        num_layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
        **options: Any,
    ) -> None:
        super().__init__()
        if num_layers < 1:
            raise ValueError(f"num_layers must be at least 1, found {num_layers}")
        self.hidden_size = hidden_size
        self.bidirectional = bidirectional
        self.output_size = hidden_size * (2 if bidirectional else 1)
        sizes = [input_size] + [self.output_size] * (num_layers - 1)
        self.forward_cells = nn.ModuleList(build_cell(cell, size, hidden_size, **options) for size in sizes)
        self.backward_cells = nn.ModuleList(
            build_cell(cell, size, hidden_size, **options) for size in sizes if bidirectional
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        """inputs (B, T, I), lengths (B,) -> outputs of the last layer (B, T, D * H), zero in the padding."""
        lengths = lengths.to(inputs.device)
        padding = ~within(lengths, inputs.shape[1]).unsqueeze(-1)  # (B, T, 1)
        outputs = inputs.masked_fill(padding, 0)  # also NaN: zero times NaN would reach the weights' gradients
        back_to_front = reversal(lengths, inputs.shape[1]) if self.bidirectional else None
        for layer, forward_cell in enumerate(self.forward_cells):
            if layer > 0:
                outputs = self.dropout(outputs)
            directions = [forward_cell(outputs)[0]]  # (B, T, H)
            if back_to_front is not None:
                reverse, _ = self.backward_cells[layer](reversed_by(outputs, back_to_front))
                directions.append(reversed_by(reverse, back_to_front))
            outputs = torch.cat(directions, dim=-1).masked_fill(padding, 0)  # (B, T, D * H)
        return outputs

    def last_output(self, outputs: Tensor, lengths: Tensor) -> Tensor:
        """The last output of each direction: outputs (B, T, D * H) of `forward` -> (B, D * H).

        That is the forward direction at the last real step and the backward direction at the first.
        """
        last = (lengths.to(outputs.device) - 1).clamp(min=0)  # an empty sequence reads padding: zeros
        rows = torch.arange(outputs.shape[0], device=outputs.device)
        forward_last = outputs[rows, last, : self.hidden_size]
        return torch.cat([forward_last, outputs[:, 0, self.hidden_size :]], dim=-1)
