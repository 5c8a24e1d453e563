"""What a sound file's header promises against what the file holds.

libsndfile believes a WAV header where it can, and cuts it to the file where it cannot, without a word: of a recorder
that was switched off before it wrote its lengths nothing is left, of a download that broke off nobody is told.
"""

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

_NO_LENGTH = 0x7FFF0000  # what programs write that do not know the length yet, or more
_LEAST = 0.05  # seconds: shorter differences are padding
_KINDS = (b"RIFF", b"RF64", b"BW64")


@dataclass(frozen=True)
class Checked:
    """A recording whose samples are all there to be read."""

    source: BinaryIO | None  # to read instead of the file; None: the file itself
    notes: list[str]
    share: float = 1.0  # of what the header promises


class Joined(io.RawIOBase):
    """Parts of a file, and bytes before them, as one file to read."""

    def __init__(self, head: bytes, file: BinaryIO, parts: list[tuple[int, int]]) -> None:
        super().__init__()
        self._head, self._file, self._parts = head, file, parts
        self._size = len(head) + sum(length for _, length in parts)
        self._place = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._size}[whence]
        self._place = max(0, base + offset)
        return self._place

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        found = self._after(self._place, len(buffer))
        buffer[: len(found)] = found
        self._place += len(found)
        return len(found)

    def _after(self, place: int, count: int) -> bytes:
        if place < len(self._head):
            return self._head[place : place + count]
        place -= len(self._head)
        for start, length in self._parts:
            if place < length:
                self._file.seek(start + place)
                return self._file.read(min(count, length - place))
            place -= length
        return b""


@dataclass(frozen=True)
class _Chunk:
    kind: bytes
    start: int  # of its content
    length: int  # as its header has it


def check(file: BinaryIO) -> Checked:
    """The recording in a file, whose header may promise more or less than there is; only WAV can be mended."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(12)
    if head[:4] in _KINDS and head[8:12] == b"WAVE":
        return _wave(file, size)
    promised = _aiff_bytes(file, size) if head[:4] == b"FORM" else None
    if promised is None or promised[0] <= promised[1]:
        return Checked(None, [])
    share = promised[1] / promised[0]
    return Checked(None, [f"cut off: the header promises more, {share:.0%} of it is there"], share)


def _chunks(file: BinaryIO, size: int) -> Iterator[_Chunk]:
    """The chunks of a RIFF file up to one that is none, or has no length."""
    place = 12
    while place + 8 <= size:
        file.seek(place)
        head = file.read(8)
        length = int.from_bytes(head[4:], "little")
        if not _is_name(head[:4]):
            return
        yield _Chunk(head[:4], place + 8, length)
        if head[:4] == b"data" and (length >= _NO_LENGTH or not length):
            return
        place += 8 + length + length % 2


def _is_name(name: bytes) -> bool:
    return len(name) == 4 and all(32 <= letter < 127 for letter in name)


def _wave(file: BinaryIO, size: int) -> Checked:
    chunks = list(_chunks(file, size))
    form = next((chunk for chunk in chunks if chunk.kind == b"fmt "), None)
    data = [chunk for chunk in chunks if chunk.kind == b"data"]
    if form is None or not data or form.length > 1 << 16:
        return Checked(None, [])
    file.seek(form.start)
    content = file.read(form.length)
    rate = max(1, int.from_bytes(content[8:12], "little"))  # bytes a second
    if any(chunk.kind == b"ds64" for chunk in chunks):
        return _long_wave(file, chunks, size, rate)
    promised = [(chunk.start, chunk.length) for chunk in data]
    last, notes, share = _last(file, data[-1], size, rate)
    if len(data) > 1:
        notes.append(f"{len(data)} data chunks in one file: read one after the other")
    parts = [*promised[:-1], last]
    if parts == promised and len(parts) == 1:
        return Checked(None, notes, share)
    count = sum(length for _, length in parts)
    head = b"fmt " + len(content).to_bytes(4, "little") + content + bytes(len(content) % 2)
    head += b"data" + min(count, 0xFFFFFFFF).to_bytes(4, "little")
    whole = min(4 + len(head) + count, 0xFFFFFFFF).to_bytes(4, "little")
    joined = Joined(b"RIFF" + whole + b"WAVE" + head, file, parts)
    return Checked(io.BufferedReader(joined), notes, share)


def _last(file: BinaryIO, data: _Chunk, size: int, rate: int) -> tuple[tuple[int, int], list[str], float]:
    """Where the samples of the last data chunk are, what is wrong about its header, and the share that is there."""
    there = size - data.start
    if data.length >= _NO_LENGTH and data.length > there:  # written to a pipe: no fault
        return (data.start, there), [], 1.0
    if data.length > there:
        notes = [cut_off(data.length / rate, there / data.length)] if (data.length - there) / rate > _LEAST else []
        return (data.start, there), notes, there / data.length
    after = data.start + data.length
    if (size - after) / rate <= _LEAST or _goes_on_otherwise(file, after, size):
        return (data.start, data.length), [], 1.0
    if not data.length:
        return (data.start, there), [f"the header gives no length: all {there / rate:.2f} s of the file are read"], 1.0
    told = f"the header promises {data.length / rate:.2f} s, the file has {there / rate:.2f} s: all of it is read"
    return (data.start, there), [told], 1.0


def cut_off(seconds: float, share: float) -> str:
    return f"cut off: the header promises {seconds:.2f} s, {seconds * share:.2f} s ({share:.0%}) are there"


def _goes_on_otherwise(file: BinaryIO, place: int, size: int) -> bool:
    """Whether no samples follow at `place`, but another chunk or a constant filling."""
    file.seek(place)
    content = file.read(1 << 12)
    for start in (0, 1):  # a chunk of odd length is padded, or should be
        head = content[start : start + 8]
        if _is_name(head[:4]) and place + start + 8 + int.from_bytes(head[4:], "little") <= size + 1:
            return True
    return len(set(content)) == 1


def _long_wave(file: BinaryIO, chunks: list[_Chunk], size: int, rate: int) -> Checked:
    """Of RF64, whose lengths are in a chunk of their own: libsndfile reads it, up to the end of the file."""
    sizes = next(chunk for chunk in chunks if chunk.kind == b"ds64")
    file.seek(sizes.start + 8)
    promised = int.from_bytes(file.read(8), "little")
    data = next(chunk for chunk in chunks if chunk.kind == b"data")
    there = size - data.start
    if not 0 < there < promised < 1 << 48 or (promised - there) / rate < _LEAST:
        return Checked(None, [])
    return Checked(None, [cut_off(promised / rate, there / promised)], there / promised)


def _aiff_bytes(file: BinaryIO, size: int) -> tuple[int, int] | None:
    """The bytes of samples that an AIFF file promises, and those that are there."""
    place = 12
    while place + 8 <= size:
        file.seek(place)
        head = file.read(8)
        length = int.from_bytes(head[4:], "big")
        if head[:4] == b"SSND":
            return (max(1, length - 8), size - place - 16) if length > 8 else None
        place += 8 + length + length % 2
    return None
