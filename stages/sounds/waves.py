"""Wave files of the one kind that all data sets of speech use: one channel, 16 bits, 8000 samples a second."""

import struct

import numpy as np
from numpy.typing import NDArray

from stages.errors import StageError

RATE = 8000  # samples a second: what the Free Spoken Digit Dataset has, and telephones
FRAME = RATE // 50  # samples in 20 ms, the unit in which loudness changes
FORMAT = struct.Struct("<HHIIHH")  # kind, channels, samples and bytes a second, bytes of a frame, bits of a sample
EXPECTED = (1, 1, RATE, 2 * RATE, 2, 16)

Samples = NDArray[np.int16]


def wave_bytes(samples: Samples) -> bytes:
    """`samples` as a wave file."""
    data = samples.astype("<i2").tobytes()
    head = struct.pack("<4sI4s4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", FORMAT.size)
    return head + FORMAT.pack(*EXPECTED) + struct.pack("<4sI", b"data", len(data)) + data


def parse_wave(content: bytes, name: str) -> Samples:
    """The samples of a wave file, whole; `name` identifies the file in messages."""
    chunks = _chunks(content, name)
    if len(chunks.get(b"fmt ", b"")) < FORMAT.size or b"data" not in chunks:
        raise StageError(f"{name} is no wave file of samples: it has the chunks {sorted(chunks)}. Download it again.")
    found = FORMAT.unpack(chunks[b"fmt "][: FORMAT.size])
    if found != EXPECTED:
        raise StageError(
            f"{name} has (kind, channels, samples a second, bytes a second, bytes a frame, bits) {found}, "
            f"expected {EXPECTED}. Download it again."
        )
    if len(chunks[b"data"]) % 2 or not chunks[b"data"]:
        raise StageError(f"{name} has {len(chunks[b'data'])} bytes of samples, not two a sample. Download it again.")
    return np.frombuffer(chunks[b"data"], dtype="<i2").astype(np.int16)


def _chunks(content: bytes, name: str) -> dict[bytes, bytes]:
    """The file's chunks by name; every length that is written down must be there."""
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise StageError(f"{name} is no wave file: it starts with {content[:12]!r}. Download it again.")
    if (size := int.from_bytes(content[4:8], "little") + 8) != len(content):
        raise StageError(f"{name} holds {len(content)} bytes, its header announces {size}. Download it again.")
    chunks: dict[bytes, bytes] = {}
    place = 12
    while place < len(content):
        kind, size = content[place : place + 4], int.from_bytes(content[place + 4 : place + 8], "little")
        chunk = content[place + 8 : place + 8 + size]
        if len(chunk) < size or kind in chunks:
            raise StageError(f"{name}: the chunk {kind!r} has {len(chunk)} of {size} bytes, or is there twice.")
        chunks[kind] = chunk
        place += 8 + size + size % 2
    return chunks
