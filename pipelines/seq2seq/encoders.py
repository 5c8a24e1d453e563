"""Encoders of a source for a decoder: of symbols, or of frames of sound.

Shapes: B sequences, S source steps, S' output steps, F features of a frame, E outputs of a step.
"""

import torch
from torch import Tensor, nn

from pipelines.nn.recurrent import Recurrent
from pipelines.nn.words import LockedDropout


class SymbolEncoder(nn.Module):
    """Embeds symbols and runs recurrent layers over them."""

    def __init__(
        self,
        symbols: int,
        embedding_size: int,
        *,
        cell: str,
        hidden_size: int,
        num_layers: int,
        bidirectional: bool,
        dropout: float,
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(symbols, embedding_size, padding_idx=0)
        nn.init.normal_(self.embedding.weight, std=embedding_size**-0.5)
        self.dropout = LockedDropout(dropout)
        self.recurrent = Recurrent(
            cell,
            embedding_size,
            hidden_size,
            num_layers=num_layers,
            bidirectional=bidirectional,
            dropout=dropout,
        )
        self.output_size = self.recurrent.output_size

    def forward(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """source (B, S), lengths (B,) -> states (B, S, E), lengths (B,), and the last output of each direction (B, E).

        States are zero in the padding.
        """
        states = self.recurrent(self.dropout(self.embedding(source)), lengths)
        return states, lengths, self.recurrent.last_output(states, lengths)


class FrameEncoder(nn.Module):
    """A pyramid of recurrent layers: each but the first reads two neighbouring outputs of the one below as one step.

    Chan et al. (2016), Listen, Attend and Spell, equation 5: L layers keep 1 / 2^(L-1) of the steps, so that attention
    has few of them to choose from.
    """

    def __init__(
        self,
        features: int,
        *,
        cell: str,
        hidden_size: int,
        num_layers: int,
        bidirectional: bool,
        dropout: float,
        frames_per_step: int = 1,
    ) -> None:
        """The first layer reads `frames_per_step` frames as one step."""
        super().__init__()
        self.output_size = hidden_size * (2 if bidirectional else 1)
        if num_layers < 1:
            raise ValueError(f"num_layers must be at least 1, found {num_layers}")
        if frames_per_step < 1:
            raise ValueError(f"frames_per_step is {frames_per_step}: at least 1 is needed")
        self.factors = [frames_per_step, *[2] * (num_layers - 1)]  # steps of the layer below that a layer reads as one
        sizes = [features * frames_per_step, *[2 * self.output_size] * (num_layers - 1)]
        self.layers = nn.ModuleList(Recurrent(cell, size, hidden_size, bidirectional=bidirectional) for size in sizes)
        self.dropout = LockedDropout(dropout)

    def forward(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """source (B, S, F), lengths (B,) -> states (B, S', E), lengths (B,), last output of each direction (B, E)."""
        states = source
        for number, (layer, factor) in enumerate(zip(self.layers, self.factors, strict=True)):
            states, lengths = join_steps(self.dropout(states) if number else states, lengths, factor)
            states = layer(states, lengths)
        last = self.layers[-1]
        assert isinstance(last, Recurrent)
        return states, lengths, last.last_output(states, lengths)


def join_steps(states: Tensor, lengths: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Joins `count` neighbouring steps to one: (B, S, F) -> (B, ceil(S / count), count F), and the new lengths (B,).

    Where the last step is short of some, they are zeros.
    """
    steps = torch.arange(states.shape[1], device=states.device)
    states = states.masked_fill((steps >= lengths[:, None])[..., None], 0.0)
    short = -states.shape[1] % count
    padded = nn.functional.pad(states, (0, 0, 0, short))
    return padded.reshape(len(padded), -1, count * padded.shape[2]), -(-lengths // count)
