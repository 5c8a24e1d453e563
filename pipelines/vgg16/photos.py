"""Picture files -> pixels: PNG, JPEG and all else that Pillow reads, of any size, mode and orientation.

A picture travels as text (nn/data_urls.py), to a served model too: `data:image/png;base64,...`, or base64 alone.
"""

import io
import mimetypes
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pipelines.nn import data_urls

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_PIXELS = 50_000_000  # a small file can contain more than fit into memory


@dataclass(frozen=True)
class Photo:
    """The square in the middle of a picture, scaled."""

    pixels: NDArray[np.uint8]  # (S, S, 3)
    name: str  # of the file; '' if it is not known
    warnings: list[str]  # why an answer may be wrong


def as_text(path: Path) -> str:
    """A file as text for `from_text`. Raises ValueError for a file that cannot be read."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return data_urls.encode(content, kind, name=path.name)


def from_text(text: str, side: int, name: str) -> Photo:
    """The picture in a text, `side` pixels wide and high; messages call it `name`.

    Raises ValueError for text without a picture, and for a picture that is truncated, too large or otherwise broken.
    """
    found = data_urls.decode(text, name, "picture")
    return _photo(found.content, side, name, file=found.parameters.get("name", ""))


def _photo(content: bytes, side: int, name: str, file: str) -> Photo:
    from PIL import Image, ImageOps, UnidentifiedImageError

    doubts = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the limit here is lower
            picture: Image.Image = Image.open(io.BytesIO(content))
        if picture.width * picture.height > MAX_PIXELS:
            raise _too_large(name, f"it is {picture.width:,} x {picture.height:,}")
        if getattr(picture, "n_frames", 1) > 1:
            doubts.append(f"animated: only the first of {picture.n_frames} frames is used")  # type: ignore[attr-defined]
        picture.load()
        picture = ImageOps.exif_transpose(picture)
    except UnidentifiedImageError:
        raise ValueError(f"{name} is not a picture that can be read (PNG, JPEG, GIF, WebP, ...)") from None
    except Image.DecompressionBombError as error:
        raise _too_large(name, str(error)) from None
    except (OSError, SyntaxError) as error:
        raise ValueError(f"{name} is a broken picture: {error}") from None
    if picture.width != picture.height:
        doubts.append(f"{picture.width} x {picture.height} pixels: only the square in the middle is used")
    if min(picture.size) < side:
        doubts.append(f"only {min(picture.size)} pixels wide or high: the model was trained on {side}")
    fitted = ImageOps.fit(_in_colour(picture), (side, side), Image.Resampling.BOX)
    return Photo(np.asarray(fitted, np.uint8), file, doubts)


def _too_large(name: str, why: str) -> ValueError:
    return ValueError(f"{name} has more than the {MAX_PIXELS:,} pixels that are read ({why}): make it smaller")


def _in_colour(picture: "Image") -> "Image":
    """The picture in RGB: transparent pixels become white, and 16 bits of grey become 8."""
    from PIL import Image

    if picture.mode.startswith("I"):
        grey = np.asarray(picture, np.float64)
        top = 65535 if grey.max() > 255 else 255
        return Image.fromarray((grey.clip(0, top) * (255 / top)).astype(np.uint8)).convert("RGB")
    if "A" in picture.getbands() or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")
    return picture.convert("RGB")
