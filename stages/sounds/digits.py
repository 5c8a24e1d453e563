"""The Free Spoken Digit Dataset: its recordings, and strings of digits joined from them.

Six speakers say each of ten digits fifty times. By the rule of its README takes 0 to 4 are for testing; of the others
takes 5 to 9 are kept for validation here. All splits so share the speakers. Each row names its speaker, and a joined
string has one speaker only: leaving one out of training and testing on that one alone is a choice of rows.

Joined strings are no new recordings: takes of one speaker and one split, one after the other, with a pause of up to
150 ms between two of them or an overlap of up to 20 ms; no take is in two splits. Which digits, takes and pauses is
drawn from a fixed seed, digits being often the same again.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import isqrt
from pathlib import Path
from random import Random

import numpy as np

from stages.archives import members
from stages.errors import StageError
from stages.origin import PublicArchive
from stages.sounds.recording import NOISE_RMS, Whole, noise, scaled
from stages.sounds.waves import FRAME, Samples, parse_wave
from stages.texts.grammar import choose

RECORDING = re.compile(r"[^/]+/recordings/(\d)_([a-z]+)_(\d+)\.wav")
ARCHIVE = PublicArchive(
    path="free-spoken-digit-dataset.zip",
    published="fsdd/free-spoken-digit-dataset.tar.gz",
    url="https://github.com/Jakobovski/free-spoken-digit-dataset/archive/refs/tags/v1.0.10.tar.gz",
    wanted=lambda path: re.fullmatch(r"[^/]+/README\.md", path) is not None or RECORDING.fullmatch(path) is not None,
    tree_sha256="1a54a85f84b5b1dd61229c17e1856f9396831d35bcfd9bd839496e38547e8fea",
    files=3001,
    limit=64 << 20,
)
WHERE = "Free Spoken Digit Dataset v1.0.10, github.com/Jakobovski/free-spoken-digit-dataset"
LICENCE = "CC BY-SA 4.0"

ENGLISH = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
CHINESE = "零一二三四五六七八九"
SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
TAKES = {"train": range(10, 50), "val": range(5, 10), "test": range(5)}
SEED = 7
LENGTHS = range(3, 8)  # digits of a string
REPEAT_SHARE = 0.3  # of digits that are the one before again
OVERLAP, PAUSE = 160, 1200  # samples, at most: 20 and 150 ms
FADE = 40  # samples

Takes = Mapping[tuple[str, str, int], Samples]  # digit, speaker, number


@dataclass(frozen=True)
class Joint:
    """Digits by one speaker: which takes, and the samples between two of them, fewer than 0 being an overlap."""

    digits: str
    speaker: str
    takes: tuple[int, ...]
    gaps: tuple[int, ...] = ()

    @property
    def keys(self) -> list[tuple[str, str, int]]:
        return [(digit, self.speaker, take) for digit, take in zip(self.digits, self.takes, strict=True)]


def read_takes(folder: Path) -> Takes:
    """Every recording, by the digit, speaker and take in its name."""
    path = folder / ARCHIVE.path
    takes = {}
    for name, content in members(path).items():
        if found := RECORDING.fullmatch(name):
            takes[found[1], found[2], int(found[3])] = parse_wave(content, f"{path}, {name}")
    expected = {(str(d), speaker, take) for d in range(10) for speaker in SPEAKERS for take in range(50)}
    if lacking := sorted(expected ^ takes.keys()):
        raise StageError(f"{path} lacks or adds {len(lacking)} recordings, the first {lacking[0]}. Download it again.")
    return takes


def isolated(split: str) -> list[Joint]:
    """Each take of a split by itself."""
    return [Joint(str(digit), speaker, (take,)) for digit in range(10) for speaker in SPEAKERS for take in TAKES[split]]


def connected(split: str, count: int) -> list[Joint]:
    """Strings of digits, the speakers taking turns; a string, its takes and its speaker are together new each time."""
    rng = Random(f"{SEED}/{split}")
    found: dict[tuple[str, str, tuple[int, ...]], Joint] = {}
    while len(found) < count:
        speaker = SPEAKERS[len(found) % len(SPEAKERS)]
        digits = digit_string(choose(LENGTHS, rng), rng)
        takes = tuple(choose(TAKES[split], rng) for _ in digits)
        gaps = tuple(int(rng.random() * (OVERLAP + PAUSE + 1)) - OVERLAP for _ in digits[1:])
        found.setdefault((digits, speaker, takes), Joint(digits, speaker, takes, gaps))
    return list(found.values())


def digit_string(length: int, rng: Random) -> str:
    """Digits, with the one before often again."""
    digits = ""
    for _ in range(length):
        again = digits and rng.random() < REPEAT_SHARE
        digits += digits[-1] if again else str(int(10 * rng.random()))
    return digits


def join(joint: Joint, takes: Takes) -> Samples:
    """The samples of a string."""
    whole = [takes[key].astype(np.int64) for key in joint.keys]
    sound = whole[0]
    for gap, (last, take) in zip(joint.gaps, pairwise(whole), strict=True):
        if gap < 0:
            fade = np.arange(1, 1 - gap)  # 1 .. -gap
            both = (sound[gap:] * (1 - gap - fade) + take[:-gap] * fade) // (1 - gap)
            sound = np.concatenate([sound[:gap], both, take[-gap:]])
        else:
            sound = np.concatenate([sound, _pause(last, take, gap), take])
    return sound.clip(-32768, 32767).astype(np.int16)


def _pause(before: Whole, after: Whole, length: int) -> Whole:
    """Noise as quiet as the quietest 20 ms of either take, around their means; these are reached within 5 ms."""
    place = np.arange(length)
    means = int(before[-FRAME:].mean()), int(after[:FRAME].mean())
    base = means[0] + (means[1] - means[0]) * place // max(length, 1)
    leaving = (before[-1] - means[0]) * (FADE - place).clip(0) // FADE
    coming = (after[0] - means[1]) * (FADE - place[::-1]).clip(0) // FADE
    quiet = scaled(noise(f"{length}/{means}", length), min(_quietest(before), _quietest(after)), NOISE_RMS)
    return np.asarray(base + leaving + coming + quiet, dtype=np.int64)


def _quietest(take: Whole) -> int:
    """The least deviation, as a root mean square, of 20 ms of a take."""
    frames = take[: len(take) // FRAME * FRAME].reshape(-1, FRAME)
    return min(isqrt(int(frame @ frame) // FRAME) for frame in frames - frames.sum(axis=1, keepdims=True) // FRAME)
