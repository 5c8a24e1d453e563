"""Features against the published formulas in NumPy, padding that changes nothing, and the two ways to vary training."""

import math
from typing import Any

import numpy as np
import pytest
import scipy.fft
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from pipelines.sound.acoustics import (
    ENERGY_FLOOR,
    FeatureParams,
    Features,
    MaskParams,
    frame_counts,
    masked,
    mel_filterbank,
    normalised,
    resample,
    statistics,
    with_deltas,
)

pytestmark = pytest.mark.usefixtures("one_thread")


def params(**changes: Any) -> FeatureParams:
    usual = {"features": "log-mel", "sample_rate": 8000, "window_ms": 25.0, "hop_ms": 10.0, "filters": 20}
    return FeatureParams(**{**usual, "coefficients": 13, **changes})


def sound(length: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=length) * 0.1


def by_formula(samples: np.ndarray, asked: FeatureParams) -> np.ndarray:
    """Frame by frame and filter by filter, in float64."""
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(asked.window) / asked.window)
    lowest, highest = (2595 * math.log10(1 + f / 700) for f in (20, asked.sample_rate / 2))
    corners = np.linspace(lowest, highest, asked.filters + 2)
    hertz = 700 * (10 ** (corners / 2595) - 1)
    rows = []
    for start in range(0, len(samples) - asked.window + 1, asked.hop):
        frame = samples[start : start + asked.window] * window
        power = np.abs(np.fft.rfft(frame, 256)) ** 2
        energies = []
        for low, peak, high in zip(hertz, hertz[1:], hertz[2:], strict=False):
            weights = [
                max(0.0, min((f - low) / (peak - low), (high - f) / (high - peak))) for f in np.arange(129) * 31.25
            ]
            energies.append(max(ENERGY_FLOOR, float(np.dot(weights, power))))
        rows.append(np.log(energies))
    found = np.array(rows)
    return scipy.fft.dct(found, type=2, norm="ortho")[:, : asked.coefficients] if asked.features == "mfcc" else found


def features_of(asked: FeatureParams, *sounds: np.ndarray, padding: float = 0.0) -> tuple[Tensor, Tensor]:
    longest = max(map(len, sounds))
    rows = [np.pad(samples, (0, longest - len(samples)), constant_values=padding) for samples in sounds]
    lengths = torch.tensor([len(samples) for samples in sounds])
    found: tuple[Tensor, Tensor] = Features(asked).double()(torch.tensor(np.array(rows)), lengths)
    return found


@pytest.mark.parametrize("kind", ["log-mel", "mfcc"])
def test_features_are_the_formula(kind: str) -> None:
    asked = params(features=kind)
    found, frames = features_of(asked, sound(1234))
    expected = by_formula(sound(1234), asked)
    assert frames.tolist() == [len(expected)]
    np.testing.assert_allclose(found[0].numpy(), expected, rtol=0, atol=1e-4)  # the filters are kept in float32


@settings(max_examples=6)
@given(st.lists(st.integers(1, 900), min_size=1, max_size=4))
def test_padding_never_changes_a_feature(lengths: list[int]) -> None:
    sounds = [sound(length, seed) for seed, length in enumerate(lengths)]
    found, frames = features_of(params(), *sounds, padding=0.7)
    for samples, row, count in zip(sounds, found, frames.tolist(), strict=True):
        alone, _ = features_of(params(), samples)
        torch.testing.assert_close(row[:count], alone[0], rtol=0, atol=1e-12)
        assert not row[count:].any()
        assert count == max(1, 1 + (len(samples) - 200) // 80)


def test_digital_silence_is_the_floor() -> None:
    found, _ = features_of(params(), np.zeros(400))
    assert torch.allclose(found, torch.tensor(math.log(ENERGY_FLOOR), dtype=torch.float64))


def test_a_tone_is_in_its_filter() -> None:
    filterbank = mel_filterbank(20, 256, 8000)
    tone = np.sin(2 * np.pi * 1000 * np.arange(1000) / 8000)
    found, _ = features_of(params(), tone)
    assert found[0].mean(dim=0).argmax() == filterbank[32].argmax()  # 1000 Hz is frequency 32 of 129
    assert filterbank.amax() <= 1
    assert (filterbank > 0).sum(dim=1).max() <= 2, "at most two filters share a frequency"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"hop_ms": 30.0}, "hop_ms is 30: expected more than 0 and at most window_ms 25"),
        ({"features": "mfcc", "coefficients": 21}, "coefficients is 21: expected 1 to 20"),
    ],
)
def test_wrong_settings_are_named(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        params(**changes)


def test_too_many_filters_are_named() -> None:
    with pytest.raises(ValueError, match=r"filters is 200: \d+ of them lie between two frequencies"):
        Features(params(filters=200))


def test_deltas_are_the_regression_within_each_recording() -> None:
    """d_t = sum n (c_{t+n} - c_{t-n}) / (2 sum n^2), the ends repeated: by NumPy, recording by recording."""
    lengths = [7, 3, 1]
    values = torch.tensor(np.random.default_rng(1).normal(size=(3, 7, 2)))
    found = with_deltas(values, torch.tensor(lengths))
    for row, out, length in zip(values.numpy(), found.numpy(), lengths, strict=True):
        expected = [row[:length]]
        for _ in range(2):
            wide = np.pad(expected[-1], ((2, 2), (0, 0)), mode="edge")
            slopes = sum(n * (wide[2 + n : 2 + n + length] - wide[2 - n : 2 - n + length]) for n in (1, 2))
            expected.append(np.asarray(slopes) / 10)
        np.testing.assert_allclose(out[:length], np.concatenate(expected, axis=1), atol=1e-12)
        assert not out[length:].any()


def test_the_slope_of_a_line_is_its_slope() -> None:
    line = 3.0 * torch.arange(9, dtype=torch.float64).reshape(1, 9, 1)
    found = with_deltas(line, torch.tensor([9]))
    assert found[0, 2:-2, 1].tolist() == pytest.approx([3.0] * 5)
    assert found[0, 4, 2] == pytest.approx(0.0)


def test_normalisation_is_by_group() -> None:
    rows = [torch.randn(n, 3, generator=torch.Generator().manual_seed(n)) * n + n for n in (20, 30, 40)]
    together = normalised(rows, ["one", "two", "one"])
    for members in ([0, 2], [1]):
        mean, deviation = statistics([together[index] for index in members])
        torch.testing.assert_close(mean, torch.zeros(3), rtol=0, atol=1e-5)
        torch.testing.assert_close(deviation, torch.ones(3), rtol=0, atol=1e-4)
    apart = normalised(rows, range(3))
    assert torch.equal(apart[1], together[1])
    assert not torch.equal(apart[0], together[0])
    assert normalised([torch.full((4, 1), 5.0)], [0])[0].tolist() == [[0.0]] * 4, "what never changes is zero"


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.lists(st.integers(1, 40), min_size=1, max_size=5))
def test_masks_hide_bands_and_spans_of_each_recording(seed: int, lengths: list[int]) -> None:
    torch.manual_seed(seed)
    features = torch.ones(len(lengths), max(lengths), 12)
    found = masked(features, torch.tensor(lengths), MaskParams(1, 4, 1, 0.5))
    for row, length in zip(found, lengths, strict=True):
        hidden = row == 0
        bands, spans = hidden.all(dim=0), hidden.all(dim=1)
        assert torch.equal(hidden, bands | spans[:, None]), "nothing but whole bands and whole spans"
        if not bands.all():
            assert spans.sum() <= length / 2
        assert bands.sum() <= 4 or spans.all()
        for line in (bands, spans):
            places = line.nonzero().flatten()
            assert len(places) == 0 or places[-1] - places[0] + 1 == len(places), "one piece"


def test_masks_of_zero_width_hide_nothing() -> None:
    features = torch.randn(3, 9, 4)
    assert torch.equal(masked(features, torch.tensor([9, 5, 1]), MaskParams(2, 0, 2, 0.0)), features)


@pytest.mark.parametrize(("up", "down"), [(9, 10), (11, 10), (80, 441), (1, 6), (2, 1), (160, 441)])
def test_a_resampled_tone_is_the_same_tone(up: int, down: int) -> None:
    """440 Hz is far below every cut-off: the samples are those of the sine at the new rate."""
    samples = torch.sin(2 * math.pi * 440 * torch.arange(16000, dtype=torch.float64) / 16000)
    found = resample(samples[None], up, down)[0]
    assert len(found) == math.ceil(16000 * up / down)
    times = torch.arange(len(found), dtype=torch.float64) * down / up / 16000
    inner = slice(len(found) // 10, -len(found) // 10)
    torch.testing.assert_close(found[inner], torch.sin(2 * math.pi * 440 * times)[inner], rtol=0, atol=1e-3)


def test_what_the_new_rate_cannot_hold_is_gone() -> None:
    """3.5 kHz at 16000 samples a second would come back as 500 Hz at 4000: it is 60 dB lower instead."""
    tone = torch.sin(2 * math.pi * 3500 * torch.arange(16000, dtype=torch.float64) / 16000)
    found = resample(tone[None], 1, 4)[0]
    assert found[100:-100].abs().max() < 1e-3


def test_the_same_rate_is_the_same_sound() -> None:
    samples = torch.randn(2, 50)
    assert torch.equal(resample(samples, 3, 3), samples)


def test_frames_of_lengths() -> None:
    assert frame_counts(torch.tensor([1, 199, 200, 279, 280, 1000]), params()).tolist() == [1, 1, 1, 1, 2, 11]
