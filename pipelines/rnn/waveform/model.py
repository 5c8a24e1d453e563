"""Networks without input, one for each waveform, which its weights hold.

Shapes: B waveforms, T samples, H hidden units.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from pipelines.nn.cells import build_cell


@dataclass(frozen=True)
class WaveformParams:
    """Which waveforms are written, and by what."""

    val_waveforms: int = 1  # by which settings are chosen
    test_waveforms: int = 1  # by other networks with the same settings
    samples: int = 320  # of each waveform
    passes: int = 10  # over every waveform in an epoch
    cell: str = "clockwork"
    hidden_size: int = 27
    options: Mapping[str, Any] = field(default_factory=dict)  # the cell's own


class Generator(nn.Module):
    """y_t = V h_t + c, where the cell reads a constant 1: the waveform comes from the weights alone."""

    def __init__(self, params: WaveformParams) -> None:
        super().__init__()
        self.cell = build_cell(params.cell, 1, params.hidden_size, **params.options)
        self.output = nn.Linear(params.hidden_size, 1)

    def forward(self, samples: int) -> Tensor:
        """The first `samples` of its waveform (T,)."""
        outputs, _ = self.cell(self.output.weight.new_ones(1, samples, 1))
        waveform: Tensor = self.output(outputs)[0, :, 0]
        return waveform


class Generators(nn.Module):
    """A network for each of `count` waveforms; they share only their settings."""

    def __init__(self, params: WaveformParams, count: int) -> None:
        super().__init__()
        self.generators = nn.ModuleList(Generator(params) for _ in range(count))

    def forward(self, samples: int) -> Tensor:
        """The waveform of each (B, T)."""
        return torch.stack([generator(samples) for generator in self.generators])


def nmse(generated: Tensor, waveforms: Tensor) -> Tensor:
    """The mean squared error of each waveform (B, T) over its variance (B,): 1 for its mean, 0 for the waveform."""
    error = (generated - waveforms).square().mean(dim=1)
    return error / waveforms.var(dim=1, correction=0)
