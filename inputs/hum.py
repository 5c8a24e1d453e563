"""Mains hum: tones at 50 or 60 Hz and its multiples that go on unchanged, as no voice does, found and taken out."""

import numpy as np
from numpy.typing import NDArray

MAINS = (50.0, 60.0)
_HARMONICS = 10
_LEAST_SECONDS = 0.4
_LEAST_SHARE = 0.003  # of the energy: 25 dB under the rest
_PEAK, _AROUND = 4.0, 4.0  # times the highest power around a line, which is up to so many widths of the line away
_DRIFT = 0.5  # Hz, by which mains may be off
_STEADY = (0.6, 1.4)  # of the tone's amplitude, in each quarter of the recording

Samples = NDArray[np.float32]
_Exact = NDArray[np.float64]


def taken_out(samples: Samples, rate: int) -> tuple[Samples, str]:
    """The samples without hum, and a note; the samples themselves and '' where there is none."""
    if len(samples) < _LEAST_SECONDS * rate or rate < 1000:
        return samples, ""
    exact = samples.astype(np.float64)
    for mains in MAINS:
        if not (strong := [tone for tone in (mains, 2 * mains) if _is_peak(exact, rate, tone)]):
            continue
        found = _frequency(exact, rate, strong[0]) * mains / strong[0]
        tones = [found * k for k in range(1, _HARMONICS + 1) if found * k < rate / 2]
        steady = [tone for tone in tones if _is_steady(exact, _fitted(exact, rate, [tone]))]
        if not any(abs(tone - one) < 1.5 for tone in steady for one in strong):
            continue
        fitted = _fitted(exact, rate, steady)
        share = float(np.square(fitted).sum() / np.square(exact).sum())
        if share >= _LEAST_SHARE:
            note = f"mains hum at {mains:g} Hz was taken out ({share:.0%} of the energy)"
            return (exact - fitted).astype(np.float32), note
    return samples, ""


def _is_peak(samples: _Exact, rate: int, tone: float) -> bool:
    """Whether the spectrum has a line at `tone` that matters, of the width that the recording's length allows."""
    power = np.square(np.abs(np.fft.rfft(samples * np.hanning(len(samples)))))
    apart = np.abs(np.arange(len(power)) * rate / len(samples) - tone)  # Hz
    width = 1 + 2 * rate / len(samples)
    near, around = power[apart <= width], power[(apart > width) & (apart <= _AROUND * width)]
    return bool(near.max() > _PEAK * around.max() and near.sum() > 0.1 * _LEAST_SHARE * power.sum())


def _frequency(samples: _Exact, rate: int, tone: float) -> float:
    """The frequency near `tone` that explains most."""
    tried = np.arange(tone - _DRIFT, tone + _DRIFT + 1e-9, 0.05)
    times = np.arange(len(samples)) / rate
    found = [abs(np.exp(-2j * np.pi * one * times) @ samples) for one in tried]
    return float(tried[int(np.argmax(found))])


def _fitted(samples: _Exact, rate: int, tones: list[float]) -> _Exact:
    """The sum of tones of any amplitude and phase that is nearest to the samples."""
    if not tones:
        return np.zeros_like(samples)
    angles = 2 * np.pi * np.outer(np.arange(len(samples)) / rate, tones)
    waves = np.concatenate([np.cos(angles), np.sin(angles)], axis=1)
    return np.asarray(waves @ np.linalg.lstsq(waves, samples, rcond=None)[0])


def _is_steady(samples: _Exact, tone: _Exact) -> bool:
    """Whether each quarter of the recording has the tone about as loud."""
    quarters = zip(np.array_split(samples, 4), np.array_split(tone, 4), strict=True)
    low, high = _STEADY
    return all(low <= float(part @ wave) / max(float(wave @ wave), 1e-30) <= high for part, wave in quarters)
