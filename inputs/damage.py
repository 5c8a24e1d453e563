"""Damage of pictures that Pillow passes over, or stumbles over.

Where the data end before the picture does, though the file is closed properly, Pillow fills up silently. A camera's
EXIF block that cannot be read costs the whole picture, which does not need it.
"""

import io
import struct
import zlib
from collections.abc import Iterator

import numpy as np

OF_JPEG = b"\xff\xd9"
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # of PNG's colour types
_APP1 = 0xE1  # the marker of an EXIF block
_PROGRESSIVE = 0xC2  # the marker SOF2
_FILLING = bytes((37 * place * place + 11 * place) % 255 for place in range(1 << 14))  # looks like data, has no marker


def missing(content: bytes, kind: str) -> str:
    """What is missing at the end of a picture's data; '' where nothing is, or the format is another."""
    if kind in ("JPEG", "MPO"):
        return _of_jpeg(content)
    return _of_png(content) if kind == "PNG" else ""


def _of_jpeg(content: bytes) -> str:
    """A scan that is whole ignores what is put after it; one that ends early takes it for its own."""
    end = content.rfind(OF_JPEG) if content.count(b"\xff\xd8\xff") == 1 else _end_of_first(content)
    if end < 0:
        return ""
    if absent := _absent_scans(content[:end]):
        return absent
    plain, filled = _decoded(content[:end] + OF_JPEG), _decoded(content[:end] + _FILLING + OF_JPEG)
    if plain is None or filled is None or plain.shape != filled.shape or np.array_equal(plain, filled):
        return ""
    if any(marker == _PROGRESSIVE for _, marker in _markers(content)):
        return "its last scan ends early"
    row = int(np.flatnonzero((plain != filled).any(axis=(1, 2)))[0])
    return f"its scan ends early, {1 - row / len(plain):.0%} of the picture is missing"


def _end_of_first(content: bytes) -> int:
    """Where the first of several pictures in a file ends: its thumbnail is within, a phone's second view after."""
    for place, marker in _markers(content):
        if marker == 0xD9:
            return place
    return -1


def _markers(content: bytes) -> Iterator[tuple[int, int]]:
    """The markers of the first picture in a JPEG file, with their places."""
    place = 0
    while 0 <= (place := content.find(b"\xff", place)) < len(content) - 1:
        marker = content[place + 1]
        if marker in (0x00, 0xFF) or 0xD0 <= marker <= 0xD7 or marker == 0x01:
            place += 1 if marker == 0xFF else 2
            continue
        yield place, marker
        if marker in (0xD8, 0xD9):
            place += 2
        elif place + 4 <= len(content):
            place += 2 + struct.unpack(">H", content[place + 2 : place + 4])[0]
        else:
            return


def without_exif(content: bytes) -> bytes:
    """A JPEG file without its EXIF blocks."""
    kept, after = [], 0
    for place, marker in _markers(content):
        if marker == _APP1:
            kept.append(content[after:place])
            after = place + 2 + int.from_bytes(content[place + 2 : place + 4], "big")
    return b"".join([*kept, content[after:]])


def _absent_scans(content: bytes) -> str:
    """Of a progressive JPEG, whose scans refine the picture: whether the last ones are missing."""
    is_progressive, components = False, 0
    reached: dict[int, set[tuple[int, int]]] = {}
    for place, marker in _markers(content):
        part = content[place + 4 : place + 4 + 300]
        if marker == _PROGRESSIVE and len(part) > 5:
            is_progressive, components = True, part[5]
        if marker == 0xDA and is_progressive and part:
            count = part[0]
            tail = part[1 + 2 * count : 4 + 2 * count]
            if len(tail) < 3:
                return ""
            for component in range(count):
                reached.setdefault(part[1 + 2 * component], set()).update(
                    (coefficient, tail[2] & 15) for coefficient in range(tail[0], tail[1] + 1)
                )
    if not is_progressive or not components:
        return ""
    whole = sum(all((k, 0) in found for k in range(64)) for found in reached.values())
    return "" if whole >= components else f"{components - whole} of its {components} channels lack scans"


def _decoded(content: bytes) -> np.ndarray | None:
    from PIL import Image

    try:
        picture = Image.open(io.BytesIO(content), formats=["JPEG"])
        return np.atleast_3d(np.asarray(picture))
    except Exception:
        return None


def _of_png(content: bytes) -> str:
    """Compressed data of a PNG that hold fewer rows than its header names."""
    place, packed = 8, []
    width = height = depth = colour = interlace = 0
    while place + 8 <= len(content):
        length = int.from_bytes(content[place : place + 4], "big")
        kind, part = content[place + 4 : place + 8], content[place + 8 : place + 8 + length]
        if kind == b"IHDR" and len(part) == 13:
            width, height, depth, colour, _, _, interlace = struct.unpack(">IIBBBBB", part)
        elif kind == b"IDAT":
            packed.append(part)
        elif kind == b"IEND":
            break
        place += 12 + length
    row = 1 + (width * depth * _CHANNELS.get(colour, 0) + 7) // 8
    if interlace or not height or row == 1:
        return ""
    rows = _unpacked(packed) // row
    return f"{1 - rows / height:.0%} of its rows are missing" if rows < height else ""


def _unpacked(parts: list[bytes]) -> int:
    """How many bytes compressed parts hold; they are not kept."""
    unpacker, count = zlib.decompressobj(), 0
    for part in parts:
        try:
            count += len(unpacker.decompress(part, 1 << 20))
            while unpacker.unconsumed_tail:
                count += len(unpacker.decompress(unpacker.unconsumed_tail, 1 << 20))
        except zlib.error:
            return count
    return count
