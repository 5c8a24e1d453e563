"""Recordings as a table beside one array.

All clips of a split are in one array, one after the other. A row of the table has the start and length of its own and
its measurements.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stages.dataset import Arrays
from stages.sounds.waves import FRAME, Samples

COLUMNS = {
    "start": "int64",  # in `samples`
    "length": "int64",  # samples
    "loudness_db": "float64",  # root mean square; all three under full scale
    "peak_db": "float64",
    "noise_db": "float64",  # of the quiet tenth of the clip
}


ARRAYS = {"samples": "int16"}


PLACES = ("start",)


def with_sound(rows: pd.DataFrame, sounds: Sequence[Samples]) -> tuple[pd.DataFrame, Arrays]:
    """The rows with the columns of their sound, and the array that holds it in their order."""
    lengths = np.array([len(sound) for sound in sounds], np.int64)
    measured = pd.DataFrame([measure(sound) for sound in sounds], columns=list(COLUMNS)[2:], index=rows.index)
    table = rows.assign(start=np.cumsum(lengths) - lengths, length=lengths, **measured)
    return table, {"samples": np.concatenate(sounds)}


def measure(samples: NDArray[np.int16]) -> tuple[float, float, float]:
    """Loudness, peak and noise, in dB to two places: as exact as one can hear, and the same on every machine."""
    whole = samples.astype(np.int64)
    frames = whole[: len(whole) // FRAME * FRAME].reshape(-1, FRAME)
    quiet = np.sort((frames * frames).sum(axis=1))[: max(1, len(frames) // 10)]
    return (
        decibels(int(whole @ whole), len(whole)),
        decibels(int(np.abs(whole).max(initial=0)) ** 2, 1),
        decibels(int(quiet.sum()), FRAME * len(quiet)),
    )


def decibels(energy: int, count: int) -> float:
    """`energy` is a sum of squares of `count` samples; silence counts as half a step, -96.3 dB."""
    return round(10 * float(np.log10(max(energy / max(count, 1), 0.25) / 32768**2)), 2)
