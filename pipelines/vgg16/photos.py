"""Picture files as the network sees them: the square in the middle, of the size that it was trained on.

A picture travels as text (nn/data_urls.py), to a served model too: `data:image/png;base64,...`, or base64 alone. Files
are read by `inputs/pictures.py`.
"""

import mimetypes
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inputs.pictures import is_blank, read_picture, square
from pipelines.nn import data_urls


@dataclass(frozen=True)
class Photo:
    """The square in the middle of a picture, scaled."""

    pixels: NDArray[np.uint8]  # (S, S, 3)
    name: str  # of the file; '' if it is not known
    warnings: list[str]  # why an answer may be wrong
    is_blank: bool  # of one colour: there is nothing to see


def as_text(path: Path) -> str:
    """A file as text for `from_text`. Raises ValueError for a file that cannot be read, and for an empty one."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    if not content:
        raise ValueError(f"{path} is empty: expected a picture")
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return data_urls.encode(content, kind, name=path.name)


def from_text(text: str, side: int, name: str) -> Photo:
    """The picture in a text, `side` pixels wide and high; messages call it by its file, or else `name`.

    Raises ValueError for text without a picture, and for a picture that is truncated, too large or otherwise broken.
    """
    found = data_urls.decode(text, name, "picture")
    file = found.parameters.get("name", "")
    picture = read_picture(found.content, file or name)
    doubts = list(picture.warnings)
    height, width = picture.pixels.shape[:2]
    if width != height:
        doubts.append(f"{width} x {height} pixels: only the square in the middle is used")
    if min(width, height) < side:
        doubts.append(f"only {min(width, height)} pixels wide or high: the model was trained on {side}")
    pixels = square(picture.pixels, side)
    if blank := is_blank(pixels):
        doubts.append("blank: all of it has about the same colour, so no class is given")
    return Photo(pixels, file, doubts, blank)
