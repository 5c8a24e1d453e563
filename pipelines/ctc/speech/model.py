"""A recogniser: recurrent layers over frames of sound, and for each step a distribution over characters and blank.

Shapes: B recordings, T frames in the longest, T' steps (several frames each), F features of a frame, C labels.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pipelines.acoustics import FeatureParams, MaskParams, masked, with_deltas
from pipelines.ctc.loss import BLANK
from pipelines.ctc.speech.data import Batch, Normalisation
from pipelines.recurrent import Recurrent, within
from pipelines.words import LockedDropout

NEVER = -1e4  # a logit whose probability is zero, and finite


@dataclass(frozen=True)
class RecogniserParams(FeatureParams, MaskParams):
    """The recogniser's shape, how it hears, and what training changes of what it hears."""

    normalisation: Normalisation  # what a feature's mean and variance are taken over
    deltas: bool
    speeds: tuple[float, ...]  # at which training plays recordings; 1.0 as they are
    frames_a_step: int  # frames that the recurrent layers read at a time
    cell: str
    hidden_size: int  # per direction
    num_layers: int
    bidirectional: bool
    dropout: float
    blank: bool  # False: no null, so that each step says a character; what the lecture calls trimming
    left_out: str  # a speaker whom training does not hear, and who alone is tested; '': nobody

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.frames_a_step < 1:
            raise ValueError(f"frames_a_step is {self.frames_a_step}: at least 1 is needed")
        if not self.speeds or not all(0.5 <= speed <= 2 for speed in self.speeds):
            raise ValueError(f"speeds is {list(self.speeds)}: at least one is needed, each from 0.5 to 2")

    @property
    def step_seconds(self) -> float:
        """How much of a recording a step stands for."""
        return self.frames_a_step * self.hop / self.sample_rate


class Recogniser(nn.Module):
    """Log probabilities of labels for each step; label 0 is the blank."""

    def __init__(self, params: RecogniserParams, labels: int) -> None:
        super().__init__()
        self.params = params
        self.recurrent = Recurrent(
            params.cell,
            params.size * (3 if params.deltas else 1) * params.frames_a_step,
            params.hidden_size,
            num_layers=params.num_layers,
            bidirectional=params.bidirectional,
            dropout=params.dropout,
        )
        self.dropout = LockedDropout(params.dropout)
        self.output = nn.Linear(self.recurrent.output_size, labels)

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Log probabilities (B, T', C) and steps (B,)."""
        features = batch.features
        if self.training:
            features = masked(features, batch.lengths, self.params)
        if self.params.deltas:
            features = with_deltas(features, batch.lengths)
        stacked = self._stacked(features)  # (B, T', F')
        steps = self.steps(batch.lengths)
        logits = self.output(self.dropout(self.recurrent(stacked, steps)))
        if not self.params.blank:
            never = torch.zeros_like(logits[0, 0])
            never[BLANK] = NEVER
            logits = logits + never
        return logits.log_softmax(dim=-1), steps

    def steps(self, lengths: Tensor) -> Tensor:
        """Steps of recordings of so many frames: the last one may be short of frames."""
        return -(-lengths // self.params.frames_a_step)

    def _stacked(self, features: Tensor) -> Tensor:
        """Neighbouring frames as one step: (B, T, F) -> (B, T', frames_a_step F), zeros beyond the end."""
        batch, frames, size = features.shape
        short = -frames % self.params.frames_a_step
        wide = nn.functional.pad(features, (0, 0, 0, short))
        return wide.reshape(batch, -1, self.params.frames_a_step * size)

    def loss(self, batch: Batch, label_smoothing: float = 0.0) -> Tensor:
        """The mean over recordings of -log p(text), by torch's kernel; see `pipelines.ctc.loss` for what it computes.

        With label smoothing e, (1 - e) of it and e times the cross entropy of each step with a uniform distribution
        (Kim et al. 2018, Improved training for online end-to-end speech recognition systems, equation 7).
        """
        log_probs, steps = self(batch)
        total = nn.functional.ctc_loss(
            log_probs.transpose(0, 1), batch.targets, steps, batch.target_lengths, blank=BLANK, reduction="sum"
        )
        if label_smoothing:
            uniform = -log_probs.mean(dim=-1).masked_fill(~within(steps, log_probs.shape[1]), 0.0).sum()
            total = (1 - label_smoothing) * total + label_smoothing * uniform
        return total / len(steps)
