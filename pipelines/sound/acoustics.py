"""Waveforms -> features: log-mel energies or MFCC with deltas, normalised; and two kinds of augmentation.

All of it works on padded batches, and padding never changes a result.

Shapes: B recordings, N samples in the longest, T frames in the longest, W samples of a window, K frequencies,
M mel filters, F features of a frame. `lengths` (B,) counts samples before `Features`, frames after it.
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from pipelines.nn.recurrent import within
from pipelines.nn.words import by_length

ENERGY_FLOOR = 1e-10  # of a filter, before the logarithm: digital silence is -23
LOWEST_HZ = 20.0  # where the first filter begins
ZERO_CROSSINGS, ROLL_OFF = 16, 0.95  # of the low-pass filter of `resample`
BATCH_SIZE = 128  # recordings whose features are computed at once


@dataclass(frozen=True)
class FeatureParams:
    """What a frame of sound becomes."""

    features: Literal["log-mel", "mfcc"] = "log-mel"
    sample_rate: int = 8000  # samples a second, of the recordings in the tables
    window_ms: float = 25.0
    hop_ms: float = 10.0  # from the start of a frame to that of the next
    filters: int = 40  # mel filters between 20 Hz and half the sample rate
    coefficients: int = 13  # of the cosine transform; mfcc only

    def __post_init__(self) -> None:
        if not 0 < self.hop_ms <= self.window_ms:
            raise ValueError(
                f"hop_ms is {self.hop_ms:g}: expected more than 0 and at most window_ms {self.window_ms:g}"
            )
        if self.features == "mfcc" and not 0 < self.coefficients <= self.filters:
            raise ValueError(f"coefficients is {self.coefficients}: expected 1 to {self.filters}, one for each filter")

    @property
    def size(self) -> int:
        return self.filters if self.features == "log-mel" else self.coefficients

    @property
    def window(self) -> int:
        """Samples of a frame."""
        return round(self.window_ms * self.sample_rate / 1000)

    @property
    def hop(self) -> int:
        return round(self.hop_ms * self.sample_rate / 1000)


class Features(nn.Module):
    """Power spectra of Hann-windowed frames, summed by triangular mel filters, as logarithms (or as MFCC).

    A frame is wholly within its recording; a recording shorter than a frame is padded with silence.
    """

    window: Tensor
    filterbank: Tensor
    cosines: Tensor

    def __init__(self, params: FeatureParams) -> None:
        super().__init__()
        self.params = params
        self.fft_size = 2 ** math.ceil(math.log2(params.window))
        self.register_buffer("window", torch.hann_window(params.window), persistent=False)
        filterbank = mel_filterbank(params.filters, self.fft_size, params.sample_rate)
        if narrow := (filterbank.sum(dim=0) == 0).sum().item():
            raise ValueError(
                f"filters is {params.filters}: {narrow} of them lie between two frequencies of the spectrum; "
                "take fewer, or a longer window_ms"
            )
        self.register_buffer("filterbank", filterbank.float(), persistent=False)
        self.register_buffer("cosines", cosine_transform(params.filters, params.size).float(), persistent=False)

    def forward(self, waveforms: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """waveforms (B, N) in [-1, 1], lengths (B,) -> features (B, T, F), zero in the padding, and frames (B,)."""
        size, hop = self.params.window, self.params.hop
        waveforms = waveforms.masked_fill(~within(lengths, waveforms.shape[1]), 0.0)
        waveforms = nn.functional.pad(waveforms, (0, max(0, size - waveforms.shape[1])))
        windows = waveforms.unfold(1, size, hop) * self.window  # (B, T, W)
        power = torch.fft.rfft(windows, self.fft_size).abs().square()  # (B, T, K)
        features = (power @ self.filterbank).clamp(min=ENERGY_FLOOR).log()  # (B, T, M)
        if self.params.features == "mfcc":
            features = features @ self.cosines
        frames = frame_counts(lengths, self.params)
        return features.masked_fill(~within(frames, features.shape[1])[..., None], 0.0), frames


def features_of(compute: Features, waveforms: Sequence[Tensor], speed: float = 1.0) -> list[Tensor]:
    """Features (T, F) of each recording (N,), played at `speed`; computed in batches of about the same length."""
    found: list[Tensor] = [torch.empty(0)] * len(waveforms)
    for chosen in by_length(map(len, waveforms), BATCH_SIZE):
        batch = torch.nn.utils.rnn.pad_sequence([waveforms[index] for index in chosen], batch_first=True)
        lengths = torch.tensor([len(waveforms[index]) for index in chosen])
        if speed != 1.0:
            up, down = 100, round(100 * speed)
            batch, lengths = resample(batch, up, down), -(-lengths * up // down)
        features, frames = compute(batch, lengths)
        for index, row, length in zip(chosen, features, frames.tolist(), strict=True):
            found[index] = row[:length].clone()
    return found


def frame_counts(lengths: Tensor, params: FeatureParams) -> Tensor:
    """The number of frames of recordings of `lengths` samples (B,); at least one."""
    return 1 + (lengths - params.window).clamp(min=0) // params.hop


def mel_filterbank(filters: int, fft_size: int, sample_rate: int) -> Tensor:
    """Triangles (K, M) whose corners are equally far apart in mel = 2595 log10(1 + Hz / 700), in float64.

    O'Shaughnessy 1987, Speech Communication; peaks of height one, as in HTK (Young et al., The HTK Book, 5.4).
    """
    lowest, highest = (2595 * math.log10(1 + hertz / 700) for hertz in (LOWEST_HZ, sample_rate / 2))
    mels = torch.linspace(lowest, highest, filters + 2, dtype=torch.float64)
    corners = 700 * (10 ** (mels / 2595) - 1)
    hertz = torch.arange(fft_size // 2 + 1, dtype=torch.float64) * sample_rate / fft_size
    rising = (hertz[:, None] - corners[:-2]) / (corners[1:-1] - corners[:-2])
    falling = (corners[2:] - hertz[:, None]) / (corners[2:] - corners[1:-1])
    return torch.minimum(rising, falling).clamp(min=0)


def cosine_transform(size: int, kept: int) -> Tensor:
    """The first `kept` columns of the orthonormal DCT-II (size, kept), in float64 (Davis & Mermelstein 1980)."""
    places = (torch.arange(size, dtype=torch.float64) + 0.5) * math.pi / size
    columns = torch.cos(places[:, None] * torch.arange(kept)) * math.sqrt(2 / size)
    columns[:, 0] /= math.sqrt(2)
    return columns


def with_deltas(features: Tensor, lengths: Tensor, reach: int = 2) -> Tensor:
    """Features with their slopes and the slopes of these beside them: (B, T, F) -> (B, T, 3 F).

    The slope is the regression d_t = sum_n n (c_{t+n} - c_{t-n}) / (2 sum_n n^2), n = 1 to `reach`; beyond its ends a
    recording counts as constant (The HTK Book, equation 5.16).
    """
    slopes = _slopes(features, lengths, reach)
    both = torch.cat([features, slopes, _slopes(slopes, lengths, reach)], dim=-1)
    return both.masked_fill(~within(lengths, features.shape[1])[..., None], 0.0)


def _slopes(features: Tensor, lengths: Tensor, reach: int) -> Tensor:
    steps = torch.arange(-reach, features.shape[1] + reach, device=features.device)
    inside = torch.minimum(steps.clamp(min=0), (lengths[:, None] - 1).clamp(min=0))
    wide = features.take_along_dim(inside[..., None], 1)  # (B, T + 2 reach, F), constant beyond the ends
    count = features.shape[1]
    total = torch.zeros_like(features)
    for n in range(1, reach + 1):
        total += n * (wide[:, reach + n : reach + n + count] - wide[:, reach - n : reach - n + count])
    return total / (2 * sum(n * n for n in range(1, reach + 1)))


def normalised(recordings: Sequence[Tensor], groups: Sequence[Hashable]) -> list[Tensor]:
    """Recordings (T, F) with mean zero and variance one in each feature over all recordings of a group.

    A group may be a speaker, or a single recording. A feature that is constant in its group becomes zero.
    """
    members: dict[Hashable, list[int]] = {}
    for index, group in enumerate(groups):
        members.setdefault(group, []).append(index)
    found = list(recordings)
    for indices in members.values():
        mean, deviation = statistics([recordings[index] for index in indices])
        for index in indices:
            found[index] = (recordings[index] - mean) / deviation
    return found


def statistics(recordings: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation (F,) of each feature over all frames; a deviation is at least 1e-3."""
    frames = torch.cat(list(recordings)).double()
    mean, deviation = frames.mean(dim=0), frames.std(dim=0, correction=0)
    return mean.to(recordings[0].dtype), deviation.clamp(min=1e-3).to(recordings[0].dtype)


@dataclass(frozen=True)
class MaskParams:
    """SpecAugment without warping (Park et al. 2019, section 2): how many masks, and the widest each may be."""

    frequency_masks: int = 0
    frequency_width: int = 6  # features
    time_masks: int = 0
    time_share: float = 0.0  # of a recording's frames


def masked(features: Tensor, lengths: Tensor, params: MaskParams) -> Tensor:
    """Features (B, T, F) with random bands of frequency and spans of time set to zero, drawn for each recording."""
    steps, size = features.shape[1:]
    device = features.device
    bins = torch.arange(size, device=device).expand(len(features), size)
    frames = torch.arange(steps, device=device).expand(len(features), steps)
    widest = torch.full_like(lengths, params.frequency_width).clamp(max=size)
    hidden = torch.zeros(features.shape, dtype=torch.bool, device=device)
    for _ in range(params.frequency_masks):
        hidden |= _span(bins, widest, torch.full_like(lengths, size))[:, None]
    for _ in range(params.time_masks):
        hidden |= _span(frames, (lengths * params.time_share).long(), lengths)[..., None]
    return features.masked_fill(hidden, 0.0)


def _span(places: Tensor, widest: Tensor, extent: Tensor) -> Tensor:
    """A random span in each row (B, places): width uniform in 0..widest, start uniform where it fits in extent."""
    width = (torch.rand(len(widest), device=widest.device) * (widest + 1)).long()
    start = (torch.rand(len(widest), device=widest.device) * (extent - width + 1)).long()
    return (places >= start[:, None]) & (places < (start + width)[:, None])


def resample(waveforms: Tensor, up: int, down: int) -> Tensor:
    """Waveforms (B, N) with up / down times as many samples (B, ceil(N up / down)).

    Band-limited interpolation with a Hann-windowed sinc, cut off just below the lower of both Nyquist frequencies
    (Smith, Digital Audio Resampling). Played at the old rate, it is speed perturbation (Ko et al. 2015): 9 / 10 of the
    samples are faster and higher.
    """
    divisor = math.gcd(up, down)
    up, down = up // divisor, down // divisor
    if up == down:
        return waveforms
    cutoff = ROLL_OFF * min(1.0, up / down)  # as a share of the old Nyquist frequency
    reach = math.ceil(ZERO_CROSSINGS / cutoff)  # old samples on either side
    # Output sample n up + p lies at n down + p down / up in old samples: a filter for each phase p, at stride `down`.
    phases = torch.arange(up, dtype=torch.float64) * down / up
    taps = torch.arange(-reach, down + reach + 1, dtype=torch.float64)
    distance = taps - phases[:, None]  # (up, taps)
    window = torch.cos(math.pi / 2 * (distance / reach).clamp(-1, 1)).square()
    kernel = (cutoff * torch.sinc(cutoff * distance) * window).to(waveforms)
    count = -(-waveforms.shape[1] * up // down)
    wide = nn.functional.pad(waveforms, (reach, down + reach))
    found = nn.functional.conv1d(wide[:, None], kernel[:, None], stride=down)  # (B, up, count / up)
    return found.transpose(1, 2).flatten(1)[:, :count]
