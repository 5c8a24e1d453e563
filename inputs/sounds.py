"""Sound files that users bring -> pieces of one channel: wav, flac, ogg, mp3 and whatever else libsndfile reads.

A file is read twice, piece by piece, so that hours need no more memory than seconds: first to see what is wrong with
it, then for its samples. What can be put right is, and each piece reports it in `notes`: an offset and mains hum are
taken out, of channels that cancel each other one is read, samples beyond full scale are scaled, long silence is left
out, and a header that promises more or less than there is, is named.
"""

import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from inputs import containers, hum

MAX_SECONDS, MIN_SECONDS = 10.0, 5.0  # of a piece: a longer recording is cut where it is quietest between the two
QUIET_SECONDS = 0.1  # of which the quietest is searched for
SILENCE = 1e-3  # peak below which a piece is silent: 60 dB under full scale
# Seconds of silence: within a piece up to the first, at its ends up to the second; of longer ones the third is kept.
# Training has 40 to 70 ms at the ends, and a tenth of a second more already costs words.
WITHIN, AT_ENDS, KEPT = 0.8, 0.1, 0.06
OFFSET = 0.05  # of a recording's deviation: a mean beyond it is taken out (of 1000 built-in clips 1 % have more)
CANCELLING = 0.5  # of the energy that the mean of unrelated channels has
OVERS = 4.0  # a float file with samples beyond was written in another scale
SCALES = {15: "16-bit", 23: "24-bit", 31: "32-bit"}
_FRAME = 0.02  # seconds whose loudness is measured
_RANGE, _ABOVE_FLOOR = 12.0, 0.25  # dB between speech and silence at least; of that range, what still is silence
# First bytes (from a place on) of what is no recording that libsndfile reads.
_OTHERS = (
    (4, b"ftyp", "MP4, M4A or 3GP (AAC)"),
    (0, b"\x1aE\xdf\xa3", "WebM or Matroska"),
    (0, b"#!AMR", "AMR"),
    (0, b"0&\xb2u", "WMA"),
    (0, b"\xff\xf1", "AAC"),
    (0, b"\xff\xf9", "AAC"),
    (0, b"MThd", "MIDI, which has notes and no sound"),
)

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Piece:
    """A part of a recording, all channels as one: samples (N,) in [-1, 1] at `rate` a second, from `start` (s) on."""

    start: float
    samples: Samples
    rate: int
    notes: tuple[str, ...] = ()  # what is odd about the file
    share: float = 1.0  # of what the file promises, that is there


@dataclass(frozen=True)
class _Survey:
    """What the first reading of a file finds."""

    scale: float  # by which samples are multiplied
    offsets: NDArray[np.float64] | None  # of the channels, where they matter
    channel: int | None  # the one that is read; None: their mean
    silence: float | None  # dB, of a frame; None: there is no silence to tell from speech
    peak: float
    notes: tuple[str, ...]
    share: float

    def one_channel(self, block: Samples) -> Samples:
        """A block (N, C) as (N,)."""
        if self.scale != 1.0:
            block = block * np.float32(self.scale)
        if self.offsets is not None:
            block = block - self.offsets.astype(np.float32)
        return block.mean(axis=1) if self.channel is None else block[:, self.channel]


def pieces(source: Path | BinaryIO, name: str) -> Iterator[Piece]:
    """The recording in `source`, piece by piece. Messages call it `name`.

    Raises ValueError for a source that is not a recording, has no samples, or a sample that is not a number.
    """
    if isinstance(source, Path):
        try:
            with source.open("rb") as file:
                yield from _pieces(file, name)
        except OSError as error:
            raise ValueError(f"{name} cannot be read: {error.strerror or error}") from None
    else:
        yield from _pieces(source, name)


def _pieces(source: BinaryIO, name: str) -> Iterator[Piece]:
    checked = containers.check(source)
    whole = checked.source or source
    with _opened(whole, name) as file:
        survey = _survey(file, name, checked)
    is_found = False
    with _opened(whole, name) as file:  # anew: in some formats libsndfile does not go back
        for piece in _cut(file, name, survey):
            for part in _without_silence(piece, survey):
                if not survey.peak >= SILENCE > np.abs(part.samples).max():
                    is_found = True
                    yield _without_hum(part)
    if not is_found:
        with _opened(whole, name) as file:
            yield next(_cut(file, name, survey))


class _Forgiving:
    """A file in which a seek to before its start, as of a broken header, leaves the place as it was.

    libsndfile expects that. An exception there is lost within a callback, with a traceback on the terminal.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def seek(self, offset: int, whence: int = 0) -> int:
        with suppress(ValueError, OSError):
            self._file.seek(offset, whence)
        return self._file.tell()

    def tell(self) -> int:
        return self._file.tell()

    def read(self, size: int) -> bytes:
        return self._file.read(size)


def _opened(source: BinaryIO, name: str) -> Any:
    import soundfile  # libsndfile, which text alone does not need

    source.seek(0)
    head = source.read(64)
    source.seek(0)
    if not head:
        raise ValueError(f"{name} is empty: a recording (wav, flac, ogg, mp3) is expected")
    try:
        return soundfile.SoundFile(_Forgiving(source))
    except (soundfile.LibsndfileError, TypeError) as error:
        for place, start, kind in _OTHERS:
            if head[place:].startswith(start):
                raise ValueError(f"{name} is {kind}: convert it first, as by `ffmpeg -i FILE recording.wav`") from None
        raise ValueError(f"{name} is no recording that can be read (wav, flac, ogg, mp3): {error}") from None


# -- the first reading


def _survey(file: Any, name: str, checked: containers.Checked) -> _Survey:
    sums, squares = np.zeros(file.channels), np.zeros(file.channels)
    mixed, peak, count = 0.0, 0.0, 0
    levels, mixed_levels = [], []
    for block in _blocks(file, name):
        exact = block.astype(np.float64)
        sums += exact.sum(axis=0)
        squares += np.square(exact).sum(axis=0)
        mixed += float(np.square(exact.mean(axis=1)).sum())
        peak = max(peak, float(np.abs(block).max()))
        count += len(block)
        levels.append(_levels(exact, file.samplerate))
        mixed_levels.append(_levels(exact.mean(axis=1, keepdims=True), file.samplerate))
    notes = list(checked.notes)
    if not count:
        raise ValueError(f"{name} is a recording without samples" + "".join(f" ({note})" for note in notes))
    share = min(checked.share, _decoded(file, count, notes))
    scale = _scale(file, peak, notes)
    offsets = _offsets(sums / count, squares / count, scale, notes)
    channel = _channel(sums / count, squares / count, mixed / count, notes)
    silence = _silence(np.concatenate(mixed_levels if channel is None else levels) + 20 * math.log10(scale))
    return _Survey(scale, offsets, channel, silence, peak * scale, tuple(notes), share)


def _decoded(file: Any, count: int, notes: list[str]) -> float:
    """The share of the samples that the file names, of those that it holds."""
    promised, rate = file.frames, file.samplerate
    if not 0 < promised < 1 << 48 or promised - count <= max(0.05 * rate, 0.01 * promised):
        return 1.0
    share = count / promised
    if not any(note.startswith("cut off") for note in notes):
        notes.append(containers.cut_off(promised / rate, share))
    return float(share)


def _blocks(file: Any, name: str) -> Iterator[Samples]:
    """The samples (N, C) of an open file, a few seconds at a time."""
    import soundfile

    place = 0
    while True:
        try:
            block = file.read(max(1, int(MIN_SECONDS * file.samplerate)), dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            raise ValueError(f"{name} is broken after {place / file.samplerate:.2f} s: {error}") from None
        if not len(block):
            return
        if not np.isfinite(block).all():
            second = (place + int(np.flatnonzero(~np.isfinite(block).all(axis=1))[0])) / file.samplerate
            raise ValueError(f"{name} has a sample at {second:.3f} s that is not a number: the file is broken")
        place += len(block)
        yield block


def _scale(file: Any, peak: float, notes: list[str]) -> float:
    """What brings samples into [-1, 1]: of a float file whose samples are integers in the scale of 16 bits or more."""
    if file.subtype not in ("FLOAT", "DOUBLE") or peak <= OVERS:
        return 1.0
    bits = next((bits for bits in SCALES if peak <= 2.0**bits), 31)
    notes.append(f"samples up to {peak:,.6g} where full scale is 1: read as {SCALES[bits]} integers")
    return 2.0**-bits if peak <= 2.0**bits else 1 / peak


def _offsets(
    means: NDArray[np.float64], powers: NDArray[np.float64], scale: float, notes: list[str]
) -> NDArray[np.float64] | None:
    deviations = np.sqrt(np.maximum(powers - means**2, 0))
    if not (np.abs(means) > OFFSET * deviations + 1e-9).any():
        return None
    worst = float(np.abs(means * scale).max())
    if worst > SILENCE:
        notes.append(f"an offset of {worst:.1%} of full scale was taken out")
    return means * scale


def _channel(means: NDArray[np.float64], powers: NDArray[np.float64], mixed: float, notes: list[str]) -> int | None:
    """The channel to read where their mean cancels what they have."""
    energies = np.maximum(powers - means**2, 0)
    if len(means) == 1 or energies.sum() == 0:
        return None
    expected = float(energies.sum()) / len(means) ** 2
    if mixed - float(means.mean()) ** 2 >= CANCELLING * expected:
        return None
    loudest = int(np.argmax(energies >= 0.99 * energies.max()))
    notes.append(f"the channels cancel each other (opposite phase): channel {loudest + 1} of {len(means)} is read")
    return loudest


def _levels(block: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    """dB of each frame without its offset, the channels together."""
    size = max(2, round(_FRAME * rate))
    count = len(block) // size
    if not count:
        return np.zeros(0)
    variances = block[: count * size].reshape(count, size, -1).var(axis=1).mean(axis=1)
    return np.asarray(10 * np.log10(variances + 1e-12))


def _silence(levels: NDArray[np.float64]) -> float | None:
    """The level up to which a frame is silent; None where all frames are about as loud."""
    if len(levels) < 3:
        return None
    smooth = np.convolve(levels, np.ones(3) / 3, mode="valid")
    loud = float(smooth.max())
    floor = max(float(np.quantile(levels, 0.1)), loud - 60)
    return floor + _ABOVE_FLOOR * (loud - floor) if loud - floor >= _RANGE else None


# -- the second


def _cut(file: Any, name: str, survey: _Survey) -> Iterator[Piece]:
    """The whole recording, cut where it is quiet."""
    rate, start, rest = int(file.samplerate), 0, np.zeros(0, np.float32)
    for block in _blocks(file, name):
        rest = np.concatenate([rest, survey.one_channel(block)])
        while len(rest) > MAX_SECONDS * rate:
            cut = _quietest(rest, rate)
            yield Piece(start / rate, rest[:cut], rate, survey.notes, survey.share)
            start, rest = start + cut, rest[cut:]
    if len(rest):
        yield Piece(start / rate, rest, rate, survey.notes, survey.share)


def _quietest(samples: Samples, rate: int) -> int:
    """The sample at which to cut: the middle of the quietest tenth of a second where a piece may end."""
    width = max(1, int(QUIET_SECONDS * rate))
    first, last = int(MIN_SECONDS * rate), int(MAX_SECONDS * rate)
    energy = np.cumsum(np.square(samples[first:last], dtype=np.float64))
    windows = energy[width:] - energy[:-width]
    return first + int(windows.argmin()) + width // 2


def _without_silence(piece: Piece, survey: _Survey) -> Iterator[Piece]:
    """The parts of a piece between long silences."""
    levels = _levels(piece.samples[:, None].astype(np.float64), piece.rate)
    if survey.silence is None or not len(levels):
        yield piece
        return
    size = max(2, round(_FRAME * piece.rate))
    within, at_ends, kept = (round(seconds / _FRAME) for seconds in (WITHIN, AT_ENDS, KEPT))
    sounding = np.flatnonzero(levels > survey.silence)
    if not len(sounding):
        return
    breaks = np.flatnonzero(np.diff(sounding) > within)
    firsts = [int(sounding[0]), *(int(sounding[place + 1]) for place in breaks)]
    lasts = [*(int(sounding[place]) for place in breaks), int(sounding[-1])]
    for number, (first, last) in enumerate(zip(firsts, lasts, strict=True)):
        is_first, is_last = number == 0, number == len(firsts) - 1
        begin = 0 if is_first and first <= at_ends else (first - kept) * size
        end = len(piece.samples) if is_last and len(levels) - last - 1 <= at_ends else (last + 1 + kept) * size
        begin = begin + _constant(piece.samples[begin:end]) if begin else 0
        end = end - _constant(piece.samples[begin:end][::-1]) if end < len(piece.samples) else end
        yield replace(piece, start=piece.start + begin / piece.rate, samples=piece.samples[begin:end])


def _constant(samples: Samples) -> int:
    """How many samples at the start are the same as the first: silence without any noise, which no microphone has."""
    changes = np.flatnonzero(samples != samples[0])
    return int(changes[0]) if len(changes) else 0


def _without_hum(piece: Piece) -> Piece:
    samples, note = hum.taken_out(piece.samples, piece.rate)
    return replace(piece, samples=samples, notes=(*piece.notes, note)) if note else piece
