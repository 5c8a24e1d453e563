"""Recordings as raw files, and as a table beside one array.

Raw, a split is `<split>.tsv`, a row per clip under a line of column names, and `<split>.zip` with the clips, as large
collections of speech are published. Prepared, all clips of a split stand in one array, one after the other; a row of
the table says where its own starts and how long it is, and what can be measured of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stages.archives import members, pack
from stages.dataset import Arrays
from stages.errors import StageError
from stages.sounds.waves import FRAME, Samples, parse_wave, wave_bytes
from stages.texts.rules import text_lines

COLUMNS = {
    "start": "int64",  # in `samples`
    "length": "int64",  # samples
    "loudness_db": "float64",  # root mean square; all three under full scale
    "peak_db": "float64",
    "noise_db": "float64",  # of the quiet tenth of the clip
}
ARRAYS = {"samples": "int16"}
PLACES = ("start",)
LIMIT_BYTES = 512 << 20  # of a split's clips


@dataclass(frozen=True)
class Clip:
    """One recording and its row."""

    row: Mapping[str, str]
    samples: Samples


def clip_files(split: str, clips: Sequence[Clip]) -> Iterator[tuple[str, bytes]]:
    """The raw files of a split."""
    lines = ["\t".join(("file", *clips[0].row))]
    files = {}
    for number, clip in enumerate(clips):
        name = f"{number:06}.wav"
        lines.append("\t".join((name, *clip.row.values())))
        files[name] = wave_bytes(clip.samples)
    yield f"{split}.tsv", "".join(f"{line}\n" for line in lines).encode()
    yield f"{split}.zip", pack(files)


def read_clips(folder: Path, split: str, columns: Sequence[str]) -> list[Clip]:
    """The clips of a split, in the order of their rows; a file without a row is an error, and a row without a file."""
    path, archive = folder / f"{split}.tsv", folder / f"{split}.zip"
    head, *lines = text_lines(path.read_bytes(), str(path))
    if head.split("\t") != ["file", *columns]:
        raise StageError(f"{path}, line 1: the columns are {head!r}, expected file and {', '.join(columns)}")
    files = members(archive, limit_bytes=LIMIT_BYTES, limit_members=len(lines))
    clips = []
    for number, line in enumerate(lines, start=2):
        name, *cells = line.split("\t")
        if len(cells) != len(columns):
            raise StageError(f"{path}, line {number}: {len(cells) + 1} cells, expected {len(columns) + 1}")
        if name not in files:
            raise StageError(f"{path}, line {number}: {archive.name} has no {name!r}, or two lines name it")
        clips.append(Clip(dict(zip(columns, cells, strict=True)), parse_wave(files.pop(name), f"{archive}, {name}")))
    if files:
        raise StageError(f"{archive} has {len(files)} clips that {path.name} does not name: {', '.join(sorted(files))}")
    return clips


def with_sound(rows: pd.DataFrame, sounds: Sequence[Samples]) -> tuple[pd.DataFrame, Arrays]:
    """The rows with the columns of their sound, and the array in which it stands in their order."""
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
