"""From a voice to its recording: vocal tract, sampling rate, silence around the words, loudness, noise.

All of it is exact: sums of whole numbers, also where they are held as doubles, so the bytes are the same everywhere.
"""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from math import isqrt
from random import Random

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from stages.errors import StageError
from stages.sounds import synthesis, waves
from stages.sounds.synthesis import Voice
from stages.sounds.waves import Samples
from stages.texts.grammar import choose

SNRS = (40, 30, 20)  # dB, words over noise
LOUDNESSES = (-36, -33, -30, -27, -24)  # dB, words under full scale
SILENCES = (320, 400, 480, 560)  # samples before and after the words: 40 to 70 ms
UP = 160  # 8000 / 22050 = 160 / 441, and 441 is the tract that changes nothing
CUTOFF, TAPS = 3650, 16  # of the low-pass filter: Hz; samples of ours on either side of its middle
SCALE = 1 << 26  # of the filter's whole numbers
BLOCK = 16  # outputs of a matrix product; it divides UP
NOISE_RMS = 75674  # of `noise`
FULL_SCALE = 32767

Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Room:
    """How words are recorded."""

    snr: int
    loudness: int
    before: int
    after: int
    noise: str  # another text is other noise

    @property
    def words_rms(self) -> int:
        return round(32768 * 10 ** (self.loudness / 20))

    @property
    def noise_rms(self) -> int:
        return max(1, round(self.words_rms * 10 ** (-self.snr / 20)))


@dataclass(frozen=True)
class Utterance:
    """A text to be spoken, its voice and room, and its transcript."""

    said: str
    language: str  # of the spoken text
    voice: Voice
    room: Room
    text: str
    kind: str


def draw_room(rng: Random, noise: str) -> Room:
    return Room(choose(SNRS, rng), choose(LOUDNESSES, rng), choose(SILENCES, rng), choose(SILENCES, rng), noise)


def record(utterance: Utterance) -> Samples:
    """The utterance at 8000 samples a second."""
    voice, room = utterance.voice, utterance.room
    words = trimmed(resampled(synthesis.say(utterance.said, utterance.language, voice), voice.tract))
    sound = np.concatenate([np.zeros(room.before, np.int64), words, np.zeros(room.after, np.int64)])
    sound = scaled(sound, room.words_rms, isqrt(int(words @ words) // len(words)))
    sound += scaled(noise(room.noise, len(sound)), room.noise_rms, NOISE_RMS)
    if (highest := int(np.abs(sound).max())) > FULL_SCALE:
        raise StageError(f"{utterance} would be clipped at {highest}. Record it in a room of less loudness.")
    return sound.astype(np.int16)


def resampled(samples: Samples, tract: int) -> Whole:
    """From espeak's rate to ours. With `tract` above 441 all is faster and higher, as from a shorter throat.

    Each input counts as UP steps and each output as `tract`: output k is the sum of taps[k * tract - i * UP] times
    input i. UP outputs later the taps are the same and the inputs are `tract` further on, so that a few outputs of
    each such round are one matrix product for the whole clip. Whole numbers of which every sum stays below 2**53 are
    exact in doubles, in whatever order they are added.
    """
    count = -(-len(samples) * UP // tract)
    reach, products = _products(tract)
    rounds = -(-(count + TAPS) // UP)
    padded = np.zeros(reach + rounds * tract)
    padded[reach : reach + len(samples)] = samples
    windows = sliding_window_view(padded, reach + tract)[::tract]  # (rounds, reach + tract)
    exact = np.empty((rounds, UP))
    for block, (first, product) in enumerate(products):
        exact[:, block * BLOCK : (block + 1) * BLOCK] = windows[:, first : first + len(product)] @ product
    return np.rint(exact.ravel()[TAPS : TAPS + count] / SCALE).astype(np.int64)


@lru_cache(maxsize=64)
def _products(tract: int) -> tuple[int, list[tuple[int, NDArray[np.float64]]]]:
    """How many inputs before its own an output depends on, and for each BLOCK outputs the taps of their inputs.

    A matrix is (inputs, BLOCK) and comes with the place of its first input in the window of a round.
    """
    taps = _low_pass(tract)
    reach = (len(taps) - 1) // UP
    found = []
    for start in range(0, UP, BLOCK):
        outputs = np.arange(start, start + BLOCK) * tract
        inputs = np.arange(outputs[0] // UP - reach, outputs[-1] // UP + 1)
        which = outputs - UP * inputs[:, np.newaxis]
        has_tap = (which >= 0) & (which < len(taps))
        product = np.where(has_tap, taps[which.clip(0, len(taps) - 1)], 0.0)
        found.append((int(inputs[0]) + reach, product))
    return reach, found


@lru_cache(maxsize=64)
def _low_pass(tract: int) -> NDArray[np.float64]:
    from scipy.signal import firwin

    # At UP times espeak's rate, which counts as `tract` times ours: what is filtered comes TAPS samples of ours late.
    taps = firwin(2 * TAPS * tract + 1, CUTOFF, window=("kaiser", 5.65), fs=tract * waves.RATE)
    return np.asarray(np.rint(taps * SCALE) * UP, dtype=np.float64)


def trimmed(samples: Whole) -> Whole:
    """Without the near silence at both ends: what is below a hundredth of the peak."""
    (loud,) = np.nonzero(np.abs(samples) > np.abs(samples).max() // 100)
    return samples[loud[0] : loud[-1] + 1]


def noise(key: str, count: int) -> Whole:
    """Nearly Gaussian noise: sums of four uniform numbers, from a hash because NumPy may change its generators."""
    words = np.frombuffer(hashlib.shake_256(key.encode()).digest(8 * count), dtype="<u2")
    total = words[::4].astype(np.int64)
    for number in range(1, 4):
        total += words[number::4]
    return 2 * total - 4 * 65535


def scaled(samples: Whole, to: int, of: int) -> Whole:
    """`samples` times to / of, rounded."""
    return (2 * to * samples + of) // (2 * of)
