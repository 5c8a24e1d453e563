"""Networks without input, one for each waveform: the waveform is all that they hold.

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


class Writer(nn.Module):
    """y_t = V h_t + c, where the cell reads a constant 1: what it writes comes out of its weights alone."""

    def __init__(self, params: WaveformParams) -> None:
        super().__init__()
        self.cell = build_cell(params.cell, 1, params.hidden_size, **params.options)
        self.output = nn.Linear(params.hidden_size, 1)

    def forward(self, samples: int) -> Tensor:
        """The first `samples` of its waveform (T,)."""
        outputs, _ = self.cell(self.output.weight.new_ones(1, samples, 1))
        written: Tensor = self.output(outputs)[0, :, 0]
        return written


class Writers(nn.Module):
    """A network for each of `count` waveforms, which share nothing but their settings."""

    def __init__(self, params: WaveformParams, count: int) -> None:
        super().__init__()
        self.writers = nn.ModuleList(Writer(params) for _ in range(count))

    def forward(self, samples: int) -> Tensor:
        """What each writes (B, T)."""
        return torch.stack([writer(samples) for writer in self.writers])


def nmse(written: Tensor, waveforms: Tensor) -> Tensor:
    """The squared error of each waveform as a share of its variance (B,): 1 for a constant, 0 for the waveform."""
    error = (written - waveforms).square().mean(dim=1)
    return error / waveforms.var(dim=1, correction=0)
