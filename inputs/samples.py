"""Samples of pictures that are not 0 to 255: floats, 1 to 32 bits, signed or not -> bytes, by a stated rule.

The range is told from the lowest and the highest sample, as files seldom say it: the smallest usual range that holds
them. A picture that is darker than its range allows thus becomes brighter; the note names the range.
"""

import numpy as np
from numpy.typing import NDArray

_BITS = (1, 8, 10, 12, 14, 16, 20, 24, 32)  # of samples that are not negative
_SIGNED = (8, 16, 32)
_OVERSHOOT = 0.25  # beyond 0..1 or -1..1, from sharpening and resampling
_TENTH = 0.1
_AT_ONCE = 1 << 20  # samples that are converted together

Pixels = NDArray[np.uint8]
_Range = tuple[float, float]


def in_bytes(samples: NDArray[np.generic], notes: list[str], *, is_inverted: bool = False) -> Pixels:
    """Grey samples (H, W) as pixels (H, W, 3); what was decided is added to `notes`.

    Raises OSError where no sample is a number.
    """
    is_number = np.isfinite(samples) if samples.dtype.kind == "f" else np.ones(1, bool)
    if not is_number.any():
        raise OSError("none of the samples is a number: this is no picture")
    known = samples if is_number.all() else samples[is_number]
    if known.size < samples.size:
        notes.append(f"{1 - known.size / samples.size:.1%} of its samples are not numbers: shown as black")
        samples = np.where(is_number, samples, known.min())
    lowest, highest = float(known.min()), float(known.max())
    find = _of_floats if samples.dtype.kind == "f" else _of_integers
    (low, high), note = find(lowest, highest)
    if (low, high) not in ((0.0, 255.0), (0.0, 65535.0)) or note:
        notes.append(f"its samples are {lowest:.6g}..{highest:.6g}: scaled from {note or f'{low:g}..{high:g}'}")
    grey = np.empty(samples.shape, np.uint8)
    for row in range(0, len(samples), rows := max(1, _AT_ONCE // samples.shape[1])):
        scaled = (samples[row : row + rows].astype(np.float64) - low) * (255 / (high - low))
        grey[row : row + rows] = np.rint((255 - scaled if is_inverted else scaled).clip(0, 255))
    return np.repeat(grey[..., None], 3, axis=2)


def _of_floats(lowest: float, highest: float) -> tuple[_Range, str]:
    if lowest == highest and not 0 <= highest <= 255:
        return (lowest - 1, lowest + 1), "its only value"
    if lowest >= -_OVERSHOOT and highest <= 1 + _OVERSHOOT:
        return (0.0, 1.0), ""
    if lowest >= -1 - _OVERSHOOT and highest <= 1 + _OVERSHOOT:
        return (-1.0, 1.0), ""
    for top in (255.0, 1023.0, 4095.0, 16383.0, 65535.0):
        if max(-_TENTH * top, -highest) <= lowest and highest <= (1 + _TENTH) * top:
            return (0.0, top), ""
    return _stretched(lowest, highest)


def _of_integers(lowest: float, highest: float) -> tuple[_Range, str]:
    if lowest >= 0:
        bits = next((bits for bits in _BITS if highest < 2**bits), 64)
        return (0.0, 2.0**bits - 1), ""
    for bits in _SIGNED:
        half = 2.0 ** (bits - 1)
        if -half <= lowest and highest < half and highest - lowest > half / 2:
            return (-half, half - 1), ""
    return _stretched(lowest, highest)


def _stretched(lowest: float, highest: float) -> tuple[_Range, str]:
    """Of no usual range: the lowest sample is black, the highest white."""
    return (lowest, highest if highest > lowest else lowest + 1), "the lowest to the highest"
