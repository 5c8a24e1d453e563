"""Recordings as models read them: pieces of files and of texts, and what is doubtful about each.

Files are read by `inputs/sounds.py`. A recording travels as a text (nn/data_urls.py), to a served model too:
`data:audio/wav;start=12.5;base64,...`, where `start` counts seconds.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inputs import sounds
from inputs.sounds import MAX_SECONDS, MIN_SECONDS, SILENCE
from pipelines.nn import data_urls
from pipelines.sound.acoustics import resample

__all__ = ["MAX_SECONDS", "MIN_SECONDS", "SILENCE"]
CLIPPING = 0.999  # a sample at least this high may have been cut off


@dataclass(frozen=True)
class Piece:
    """A part of a recording, all channels as one: samples in [-1, 1] at `rate` a second, from `start` (seconds) on."""

    start: float
    samples: NDArray[np.float32]
    rate: int
    name: str = ""
    notes: tuple[str, ...] = ()  # what is odd about its file
    share: float = 1.0  # of what its file promises, that is there

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate

    def waveform(self, rate: int) -> Tensor:
        """The samples at another rate (N,)."""
        ratio = Fraction(rate, self.rate).limit_denominator(1000)  # of odd rates, to a millionth
        return resample(torch.from_numpy(self.samples)[None], ratio.numerator, ratio.denominator)[0]

    @property
    def is_silent(self) -> bool:
        return bool(np.abs(self.samples).max() < SILENCE)

    def warnings(self, rate: int) -> list[str]:
        """Reasons why a model trained at `rate` may be wrong about this piece."""
        found = list(self.notes)
        if self.is_silent:
            found.append("silent: nothing is louder than 60 dB under full scale")
        elif (share := float((np.abs(self.samples) >= CLIPPING).mean())) > 1e-3:
            found.append(f"clipped: {share:.1%} of the samples are at full scale")
        if self.rate < rate:
            found.append(
                f"{self.rate} samples a second, where the model expects {rate}: nothing above {self.rate / 2:g} Hz"
            )
        return found


def pieces(source: Path | BinaryIO, name: str) -> Iterator[Piece]:
    """The recording in `source`, piece by piece. Messages call it `name`. Raises ValueError as `sounds.pieces` does."""
    for piece in sounds.pieces(source, name):
        yield Piece(piece.start, piece.samples, piece.rate, name, piece.notes, piece.share)


def as_text(piece: Piece) -> str:
    """A piece as text that `from_text` reads back, sample by sample."""
    import soundfile

    file = io.BytesIO()
    soundfile.write(file, piece.samples, piece.rate, format="WAV", subtype="FLOAT")
    known = {"name": piece.name, "start": f"{piece.start:.6f}"}
    if piece.notes:
        known["notes"] = "\n".join(piece.notes)
    if piece.share < 1:
        known["share"] = repr(piece.share)
    return data_urls.encode(file.getvalue(), "audio/wav", **known)


def from_text(text: str, name: str) -> Iterator[Piece]:
    """The recording that a text holds, piece by piece. Raises ValueError as `pieces` does, and for other text."""
    found = data_urls.decode(text, name, "recording")
    file = found.parameters.get("name", "")
    start = _number(found.parameters.get("start", "0"), f"{name} starts at", "seconds")
    share = _number(found.parameters.get("share", "1"), f"{name} is a share of", "a number from 0 to 1")
    notes = tuple(filter(None, found.parameters.get("notes", "").split("\n")))
    for piece in pieces(io.BytesIO(found.content), file or name):
        yield replace(
            piece,
            start=start + piece.start,
            name=file,
            notes=tuple(dict.fromkeys((*notes, *piece.notes))),
            share=min(share, piece.share),
        )


def _number(text: str, what: str, expected: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{what} {text!r}: expected {expected}") from None


def texts_of_files(paths: Sequence[str]) -> Iterator[str]:
    """The recordings in files as texts, a piece at a time, as a file may be hours long.

    Raises ValueError where no file is named; on the way, for a file that is not there and as `pieces` does, and goes on
    with the next file when it is asked again.
    """
    if not paths:
        raise ValueError("no sound file is named: add one or more to the command (wav, flac, ogg, mp3)")
    return chain.from_iterable(map(_texts_of, paths))


def _texts_of(path: str) -> Iterator[str]:
    if not Path(path).is_file():
        raise ValueError(f"{path} is no file: name a sound file (wav, flac, ogg, mp3)")
    for piece in pieces(Path(path), path):
        yield as_text(piece)
