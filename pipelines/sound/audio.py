"""Sound files -> waveforms: wav, flac, ogg and whatever else libsndfile reads, of any rate and length.

A file is read piece by piece, so that hours of sound need no more memory than seconds. A recording travels as a text
(nn/data_urls.py), to a served model too: `data:audio/wav;start=12.5;base64,...`, where `start` counts seconds.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pipelines.nn import data_urls
from pipelines.sound.acoustics import resample

MAX_SECONDS, MIN_SECONDS = 10.0, 5.0  # of a piece: a longer recording is cut where it is quietest between the two
QUIET_SECONDS = 0.1  # of which the quietest is searched for
SILENCE = 1e-3  # peak below which a piece is silent: 60 dB under full scale
CLIPPING = 0.999  # a sample at least this high may have been cut off


@dataclass(frozen=True)
class Piece:
    """A part of a recording, all channels as one: samples in [-1, 1] at `rate` a second, from `start` (seconds) on."""

    start: float
    samples: NDArray[np.float32]
    rate: int
    name: str = ""

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate

    def waveform(self, rate: int) -> Tensor:
        """The samples at another rate (N,)."""
        ratio = Fraction(rate, self.rate).limit_denominator(1000)  # of odd rates, to a millionth
        return resample(torch.from_numpy(self.samples)[None], ratio.numerator, ratio.denominator)[0]

    def warnings(self, rate: int) -> list[str]:
        """Reasons why a model trained at `rate` may be wrong about this piece."""
        found = []
        loudness = np.abs(self.samples)
        if loudness.max() < SILENCE:
            found.append("silent: nothing is louder than 60 dB under full scale")
        elif (share := float((loudness >= CLIPPING).mean())) > 1e-3:
            found.append(f"clipped: {share:.1%} of the samples are at full scale")
        if self.rate < rate:
            found.append(
                f"{self.rate} samples a second, where the model expects {rate}: nothing above {self.rate / 2:g} Hz"
            )
        return found


def pieces(source: Path | BinaryIO, name: str) -> Iterator[Piece]:
    """The recording in `source`, piece by piece. Messages call it `name`.

    Raises ValueError for a source that is not a recording, has no samples, or a sample that is not a number.
    """
    import soundfile  # libsndfile, which text alone does not need

    try:
        file = soundfile.SoundFile(source)
    except (soundfile.LibsndfileError, TypeError) as error:
        raise ValueError(f"{name} is no recording that can be read (wav, flac, ogg): {error}") from None
    with file:
        rate, start, rest = int(file.samplerate), 0, np.zeros(0, np.float32)
        for block in _blocks(file, name):
            rest = np.concatenate([rest, block])
            while len(rest) > MAX_SECONDS * rate:
                cut = _quietest(rest, rate)
                yield Piece(start / rate, rest[:cut], rate, name)
                start, rest = start + cut, rest[cut:]
        if not start + len(rest):
            raise ValueError(f"{name} is a recording without samples")
        if len(rest):
            yield Piece(start / rate, rest, rate, name)


def _blocks(file: Any, name: str) -> Iterator[NDArray[np.float32]]:
    """The samples of an open file, a few seconds at a time, channels averaged."""
    place = 0
    while len(block := file.read(int(MIN_SECONDS * file.samplerate), dtype="float32", always_2d=True)):
        if not np.isfinite(block).all():
            second = (place + int(np.flatnonzero(~np.isfinite(block).all(axis=1))[0])) / file.samplerate
            raise ValueError(f"{name} has a sample at {second:.3f} s that is not a number: the file is broken")
        place += len(block)
        yield block.mean(axis=1)


def _quietest(samples: NDArray[np.float32], rate: int) -> int:
    """The sample at which to cut: the middle of the quietest tenth of a second where a piece may end."""
    width = max(1, int(QUIET_SECONDS * rate))
    first, last = int(MIN_SECONDS * rate), int(MAX_SECONDS * rate)
    energy = np.cumsum(np.square(samples[first:last], dtype=np.float64))
    windows = energy[width:] - energy[:-width]
    return first + int(windows.argmin()) + width // 2


def as_text(piece: Piece) -> str:
    """A piece as text that `from_text` reads back, sample by sample."""
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, piece.samples, piece.rate, format="WAV", subtype="FLOAT")
    return data_urls.encode(file.getvalue(), "audio/wav", name=piece.name, start=f"{piece.start:.6f}")


def from_text(text: str, name: str) -> Iterator[Piece]:
    """The recording that a text holds, piece by piece. Raises ValueError as `pieces` does, and for other text."""
    found = data_urls.decode(text, name, "recording")
    start = found.parameters.get("start", "0")
    try:
        offset = float(start)
    except ValueError:
        raise ValueError(f"{name} starts at {start!r}: expected seconds") from None
    for piece in pieces(io.BytesIO(found.content), name):
        yield Piece(offset + piece.start, piece.samples, piece.rate, found.parameters.get("name", ""))


def texts_of_files(paths: Sequence[str]) -> Iterator[str]:
    """The recordings in files as texts, a piece at a time, as a file may be hours long.

    Raises ValueError where no file is named, for one that is not there, and as `pieces` does.
    """
    if not paths:
        raise ValueError("no sound file is named: add one or more to the command (wav, flac, ogg)")
    for path in paths:
        if not Path(path).is_file():
            raise ValueError(f"{path} is no file: name a sound file (wav, flac, ogg)")
        for piece in pieces(Path(path), path):
            yield as_text(piece)
