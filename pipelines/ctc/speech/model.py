"""A recogniser: recurrent layers over frames of sound, and for each step a distribution over characters and blank.

Shapes: B recordings, T frames in the longest, T' steps (several frames each), F features of a frame, C labels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from scipy.optimize import minimize_scalar
from torch import Tensor, nn

from pipelines.ctc.decoding import SearchParams
from pipelines.ctc.speech.data import Batch, Normalisation
from pipelines.nn.ctc import BLANK
from pipelines.nn.recurrent import Recurrent, within
from pipelines.nn.words import LockedDropout
from pipelines.sound.acoustics import FeatureParams, MaskParams, masked, with_deltas

SHARPNESS_BOUNDS = (0.25, 4.0)  # of calibration
IMPOSSIBLE = -1e4  # a logit whose probability is zero, and finite


@dataclass(frozen=True)
class RecogniserParams(FeatureParams, MaskParams, SearchParams):
    """The recogniser's shape, how it hears, what training changes of what it hears, and how its answers are read."""

    # What a feature's mean and variance are taken over. level: one number of the recording, its level, and the rest of
    # training | recording, speaker: all of theirs | training: nothing of theirs
    normalisation: Normalisation = "level"
    deltas: bool = False  # recurrent layers see slopes themselves; these cost a third more time
    speeds: tuple[float, ...] = (1.0,)  # at which training plays recordings; 1.0 as they are
    # Layers of them before the recurrent ones; 0: neighbouring frames are read as they are. A third is worth its time
    # only in longer training.
    convolutions: int = 2
    channels: int = 128  # of a convolution
    frames_per_step: int = 2  # frames that become one step of the recurrent layers
    cell: str = "lstm"  # twice as fast as gru on a CPU, where torch has no fused kernel for that
    hidden_size: int = 112  # per direction
    num_layers: int = 1
    bidirectional: bool = True
    dropout: float = 0.0
    blank: bool = True  # False: no blank, so that each step is a character: what the lecture calls trimming
    held_out_speaker: str = ""  # a speaker whom training does not hear, and who alone is tested; '': nobody

    def __post_init__(self) -> None:
        FeatureParams.__post_init__(self)
        SearchParams.__post_init__(self)
        if self.normalisation == "level" and self.features != "log-mel":
            raise ValueError(f"normalisation is level, which log-mel features have: features is {self.features}")
        if self.frames_per_step < 1:
            raise ValueError(f"frames_per_step is {self.frames_per_step}: at least 1 is needed")
        if self.convolutions < 0:
            raise ValueError(f"convolutions is {self.convolutions}: at least 0 is needed, which is none")
        if self.channels < 1:
            raise ValueError(f"channels is {self.channels}: at least 1 is needed")
        if not self.speeds or not all(0.5 <= speed <= 2 for speed in self.speeds):
            raise ValueError(f"speeds is {list(self.speeds)}: at least one is needed, each from 0.5 to 2")

    @property
    def step_seconds(self) -> float:
        """Duration of a step."""
        return self.frames_per_step * self.hop / self.sample_rate


class Convolutions(nn.Module):
    """Convolutions over neighbouring frames; the first layer has a stride of `frames_per_step`.

    Amodei et al. (2016), Deep Speech 2, sections 3.4 and 3.5: a sound is recognised by how it changes, and all layers
    after the first have fewer steps. Each layer's outputs are normalised step by step (Ba et al. 2016, Layer
    normalization), so that padding has no part in it.
    """

    def __init__(self, features: int, channels: int, layers: int, frames_per_step: int) -> None:
        super().__init__()
        sizes = [features, *[channels] * (layers - 1)]
        self.strides = [frames_per_step, *[1] * (layers - 1)]
        self.layers = nn.ModuleList(
            nn.Conv1d(size, channels, 3 * stride, stride, padding=stride)
            for size, stride in zip(sizes, self.strides, strict=True)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(channels) for _ in sizes)

    def forward(self, features: Tensor, lengths: Tensor) -> Tensor:
        """features (B, T, F), T a multiple of `frames_per_step`, frames (B,) -> (B, T', channels)."""
        for layer, norm, stride in zip(self.layers, self.norms, self.strides, strict=True):
            inside = features.masked_fill(~within(lengths, features.shape[1])[..., None], 0.0)
            features = norm(layer(inside.transpose(1, 2)).transpose(1, 2)).relu()
            lengths = -(-lengths // stride)
        return features


class Recogniser(nn.Module):
    """Log probabilities of labels for each step; label 0 is the blank."""

    def __init__(self, params: RecogniserParams, labels: int) -> None:
        super().__init__()
        self.params = params
        size = params.size * (3 if params.deltas else 1)
        self.convolutions = (
            Convolutions(size, params.channels, params.convolutions, params.frames_per_step)
            if params.convolutions
            else None
        )
        self.recurrent = Recurrent(
            params.cell,
            params.channels if params.convolutions else size * params.frames_per_step,
            params.hidden_size,
            num_layers=params.num_layers,
            bidirectional=params.bidirectional,
            dropout=params.dropout,
        )
        self.dropout = LockedDropout(params.dropout)
        self.output = nn.Linear(self.recurrent.output_size, labels)
        self.sharpness: Tensor
        self.register_buffer("sharpness", torch.ones(()))  # of the distributions; set after training, by `calibrate`

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Log probabilities (B, T', C) and steps (B,)."""
        features = batch.features
        if self.training:
            features = masked(features, batch.lengths, self.params)
        if self.params.deltas:
            features = with_deltas(features, batch.lengths)
        steps = self.steps(batch.lengths)
        logits = self.output(self.dropout(self.recurrent(self._stepped(features, batch.lengths), steps)))
        if not self.params.blank:
            no_blank = torch.zeros_like(logits[0, 0])
            no_blank[BLANK] = IMPOSSIBLE
            logits = logits + no_blank
        return (logits * self.sharpness).log_softmax(dim=-1), steps

    def calibrate(self, log_probs: Sequence[Tensor], targets: Sequence[Sequence[int]]) -> None:
        """Sets the confidence of the model by log probabilities (T', C) of recordings that it was not trained on.

        Temperature scaling (Guo et al. 2017, On calibration of modern neural networks, section 4.2) with the loss of
        CTC: `sharpness`, the inverse of the temperature, is the one for which the texts are most probable. A network
        trained with label smoothing is under-confident of a whole text, whose probability is a product over steps.
        """
        rows, steps = nn.utils.rnn.pad_sequence(list(log_probs)), torch.tensor([len(row) for row in log_probs])
        labels = torch.tensor([label for target in targets for label in target])
        lengths = torch.tensor([len(target) for target in targets])

        def loss(sharpness: float) -> float:
            sharpened = (rows * sharpness).log_softmax(dim=-1)
            # A text that is too long for its recording does not count.
            return float(nn.functional.ctc_loss(sharpened, labels, steps, lengths, BLANK, "sum", zero_infinity=True))

        found = minimize_scalar(loss, bounds=SHARPNESS_BOUNDS, method="bounded")
        self.sharpness.mul_(float(found.x))

    def steps(self, lengths: Tensor) -> Tensor:
        """The number of steps of recordings of `lengths` frames (B,); the last step may be short of frames."""
        return -(-lengths // self.params.frames_per_step)

    def _stepped(self, features: Tensor, lengths: Tensor) -> Tensor:
        """The inputs of the recurrent layers: features (B, T, F), frames (B,) -> (B, T', F').

        By convolutions, or by joining the frames of a step. A step that is short of frames has zeros for them.
        """
        batch, frames, size = features.shape
        short = -frames % self.params.frames_per_step
        whole = nn.functional.pad(features, (0, 0, 0, short))
        if self.convolutions is not None:
            found: Tensor = self.convolutions(whole, lengths)
            return found
        return whole.reshape(batch, -1, self.params.frames_per_step * size)

    def loss(self, batch: Batch, label_smoothing: float = 0.0) -> Tensor:
        """The mean over recordings of -log p(text), in nats, by torch's kernel; ctc/loss.py has the definition.

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
