"""Recordings as raw files.

A split is `<split>.tsv`, a row per clip under a line of column names, and `<split>.zip` with the clips. That is how
large collections of speech are published.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stages.archives import members, pack
from stages.errors import StageError
from stages.sounds.waves import Samples, parse_wave, wave_bytes
from stages.texts.lines import text_lines

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
