"""Picture files that users bring -> RGB pixels, by rules that are stated where they decide something.

PNG, JPEG, GIF, WebP, TIFF, BMP, AVIF and what else Pillow reads, in all its modes: samples of other ranges than 0 to
255 are scaled (`inputs/samples.py`), transparent pixels lie on white, the first page or frame counts, and a picture is
turned as its camera says. A picture that ends early, or whose samples are no picture, is refused.
"""

import io
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from inputs import damage
from inputs.samples import in_bytes

if TYPE_CHECKING:
    from PIL.Image import Image, Transpose

MAX_PIXELS = 50_000_000  # a small file can contain more than fit into memory
MAX_FRAMES = 50  # searched for the first that is not blank
# Formats that Pillow decodes itself; others need programs (EPS), or are no pictures to classify (fonts, video).
FORMATS = (
    *("PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP", "DIB", "PPM", "AVIF", "JPEG2000", "ICO", "TGA", "PCX", "SGI"),
    *("PSD", "DDS", "QOI", "XBM", "ICNS"),
)
# First bytes (from a place on) of what Pillow does not read, and what to do.
_OTHERS = (
    (4, b"ftypheic", "an HEIC photo, as iPhones take them"),
    (4, b"ftypheix", "an HEIC photo, as iPhones take them"),
    (4, b"ftypmif1", "an HEIF photo"),
    (4, b"ftypmsf1", "an HEIF photo"),
    (4, b"ftyphevc", "an HEIC sequence of photos"),
    (4, b"ftyp", "a video (MP4 or the like)"),
    (0, b"%PDF", "a PDF"),
    (0, b"%!PS", "a PostScript file"),
    (0, b"<svg", "an SVG drawing"),
    (0, b"<?xml", "an XML file, an SVG drawing perhaps"),
    (0, b"<!DOC", "a web page"),
    (0, b"<html", "a web page"),
    (0, b"FUJIFILM", "a camera's raw file"),
    (0, b"\x1aE\xdf\xa3", "a video (WebM or Matroska)"),
)
_EVEN_LEVELS, _EVEN_SHARE = 8, 0.005  # a blank picture: fewer pixels differ by more than this from the usual colour
_NO_EXIF = "its EXIF block cannot be read: the picture may be turned"
_FEW = 0.05  # of the pixels
_DITHERED = 0.15  # of the neighbours that differ: a drawing in black and white has fewer
_FAINT = 16  # levels of 255 that a picture should span
_LEVELS_IN_16 = ((15, 12), (3, 10))  # highest byte of 12 or 10 bits in 16, of which Pillow keeps the upper eight

Pixels = NDArray[np.uint8]


class TooLargeError(ValueError):
    """A picture of more pixels than are read."""


@dataclass(frozen=True)
class Picture:
    """A picture as a person sees it."""

    pixels: Pixels  # (H, W, 3)
    warnings: list[str] = field(default_factory=list)  # what was decided, and why an answer may be wrong


def square(pixels: Pixels, side: int) -> Pixels:
    """The square in the middle of pixels (H, W, 3), scaled to (side, side, 3) as networks read it."""
    from PIL import Image, ImageOps

    fitted = ImageOps.fit(Image.fromarray(pixels), (side, side), Image.Resampling.BOX)
    return np.asarray(fitted, np.uint8)


def is_blank(pixels: Pixels) -> bool:
    """Whether pixels (H, W, 3) all have about the same colour, so that there is nothing to see."""
    pixels = _looked_at(pixels).astype(np.int16)
    usual = np.median(pixels.reshape(-1, 3), axis=0).astype(np.int16)
    differs = (np.abs(pixels - usual) > _EVEN_LEVELS).any(axis=-1)
    return bool(differs.mean() < _EVEN_SHARE)


def _looked_at(pixels: Pixels) -> Pixels:
    """Of a large picture every so many pixels in both directions, at most about a million."""
    step = max(1, round((pixels.shape[0] * pixels.shape[1] / 1e6) ** 0.5))
    return pixels[::step, ::step]


def read_picture(content: bytes, name: str) -> Picture:
    """The picture in the bytes of a file that messages call `name`.

    Raises ValueError for what is no picture, is truncated, too large or otherwise broken.
    """
    if not content:
        raise ValueError(f"{name} is empty: expected a picture (PNG, JPEG, GIF, WebP, TIFF, ...)")
    doubts: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Pillow's, about tags and sizes: the limits here are lower
        pixels, kind, whole = _decoded(content, name, doubts)
    if ending := damage.missing(whole, kind):
        raise ValueError(f"{name} is a broken picture: {ending}")
    spread = int(np.ptp(_looked_at(pixels), axis=(0, 1)).max())
    if spread < _FAINT and not is_blank(pixels):
        doubts.append(f"faint: its colours span {spread + 1} of 256 levels")
    return Picture(pixels, doubts)


def _decoded(content: bytes, name: str, doubts: list[str]) -> tuple[Pixels, str, bytes]:
    """The pixels, the format, and the content that they come from: of a JPEG, with what can be mended."""
    try:
        picture = _opened(content, name)
        return _first(picture, doubts), picture.format or "", content
    except TooLargeError:
        raise
    except MemoryError:
        raise ValueError(f"{name} is a picture that does not fit into memory: make it smaller") from None
    except Exception as error:  # Pillow's readers raise whatever a broken file makes them stumble over
        doubts.clear()
        if (mended := _mended(content, str(error))) == content:
            raise _failure(content, name, error) from None
    if len(mended) < len(content):
        doubts.append(_NO_EXIF)
    return _decoded(mended, name, doubts)


def _mended(content: bytes, error: str) -> bytes:
    """A JPEG file with its end marker, which may be all that it lacks; or without EXIF, at which Pillow stumbled."""
    if not content.startswith(b"\xff\xd8"):
        return content
    if "truncated" in error:
        return content if content.endswith(damage.OF_JPEG) else content + damage.OF_JPEG
    return damage.without_exif(content)


def _opened(content: bytes, name: str) -> "Image":
    from PIL import Image

    Image.init()
    try:
        picture = Image.open(io.BytesIO(content), formats=[kind for kind in FORMATS if kind in Image.OPEN])
    except Image.DecompressionBombError as error:
        raise _too_large(name, str(error)) from None
    if picture.width * picture.height > MAX_PIXELS:
        raise _too_large(name, f"it is {picture.width:,} x {picture.height:,}")
    return picture


def _failure(content: bytes, name: str, error: Exception) -> ValueError:
    from PIL import UnidentifiedImageError

    if not isinstance(error, UnidentifiedImageError):
        return ValueError(f"{name} is a broken picture: {error or type(error).__name__}")
    for place, start, kind in _OTHERS:
        if content[place:].startswith(start):
            return ValueError(f"{name} is {kind}, which is not read: export it as JPEG or PNG")
    if content.startswith((b"II*\x00", b"MM\x00*")):
        return ValueError(f"{name} is a TIFF of a kind that is not read: export it as PNG, or with 8 bits")
    return ValueError(f"{name} is not a picture that can be read (PNG, JPEG, GIF, WebP, TIFF, ...)")


def _too_large(name: str, why: str) -> TooLargeError:
    return TooLargeError(f"{name} has more than the {MAX_PIXELS:,} pixels that are read ({why}): make it smaller")


def _first(picture: "Image", doubts: list[str]) -> Pixels:
    """The first page; of what moves the first frame that is not blank."""
    count = getattr(picture, "n_frames", 1)
    if count == 1 or picture.format not in ("GIF", "WEBP", "PNG", "AVIF"):
        if count > 1 and picture.format == "TIFF":
            doubts.append(f"only the first of {count} pages is used")
        return _turned(picture, _in_colour(picture, doubts), doubts)
    first = None
    for number, (pixels, found) in enumerate(_frames(picture, min(count, MAX_FRAMES)), start=1):
        if number == 1:
            first = pixels, found
        if not is_blank(pixels):
            which = "the first" if number == 1 else f"number {number}, as those before are blank,"
            doubts += [f"animated: only {which} of {count} frames is used", *found]
            return pixels
    if first is None:
        raise OSError("it has no frame")
    doubts += [f"animated: only the first of {count} frames is used", *first[1]]
    return first[0]


def _frames(picture: "Image", count: int) -> Iterator[tuple[Pixels, list[str]]]:
    for number in range(count):
        try:
            picture.seek(number)
        except EOFError:
            return
        found: list[str] = []
        yield _turned(picture, _in_colour(picture, found), found), found


def _in_colour(picture: "Image", doubts: list[str]) -> Pixels:
    """Pixels (H, W, 3) of a page in any mode."""
    bits = _bits(picture)
    picture.load()
    if picture.mode == "F" or picture.mode.startswith("I"):
        return in_bytes(_numbers(picture), doubts, is_inverted=_is_inverted(picture))
    if "A" in picture.getbands() or "a" in picture.getbands() or "transparency" in picture.info:
        colours = _deep(np.asarray(_rgba(picture), np.uint8), bits, doubts)
        return _on_ground(colours, doubts, is_palette=picture.mode == "P")
    pixels = _deep(np.asarray(_rgb(picture), np.uint8), bits, doubts)
    if picture.mode not in ("1", "L"):
        return pixels
    if _is_signed(picture):
        doubts.append("its samples are signed: scaled from -128..127")
        pixels = pixels ^ np.uint8(128)
    return _smooth(pixels, doubts)


def _is_signed(picture: "Image") -> bool:
    """Whether a TIFF has signed samples, which Pillow heeds for 16 and 32 bits alone."""
    return picture.format == "TIFF" and getattr(picture, "tag_v2", {}).get(339, (1,))[0] == 2


def _smooth(pixels: Pixels, doubts: list[str]) -> Pixels:
    """Greys that are shown as a pattern of black and white points become greys again."""
    grey = pixels[..., 0]
    is_two = bool(((grey == grey.min()) | (grey == grey.max())).all())
    if not is_two or float((grey[:, 1:] != grey[:, :-1]).mean() if grey.shape[1] > 1 else 0) < _DITHERED:
        return pixels
    from PIL import Image, ImageFilter

    doubts.append("black and white points alone: smoothed to greys")
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(1)), np.uint8)


def _numbers(picture: "Image") -> NDArray[np.generic]:
    """The samples of a page with one channel of more than 8 bits, unsigned where the file says so."""
    samples = np.asarray(picture)
    tags = getattr(picture, "tag_v2", {})
    is_unsigned = tags.get(339, (1,))[0] == 1 and picture.format == "TIFF"  # SampleFormat
    return samples.view(np.uint32) if samples.dtype == np.int32 and is_unsigned and samples.min() < 0 else samples


def _is_inverted(picture: "Image") -> bool:
    """Whether 0 is white (PhotometricInterpretation), which Pillow heeds for 8 bits alone."""
    return picture.format == "TIFF" and getattr(picture, "tag_v2", {}).get(262) == 0


def _bits(picture: "Image") -> int:
    """Bits of a sample in the file, where Pillow keeps 8 of 16."""
    if picture.format == "PNG" and (tiles := getattr(picture, "tile", None)):
        raw = tiles[0][3]
        return 16 if "16" in str(raw[0] if isinstance(raw, tuple) else raw) else 8
    tags = getattr(picture, "tag_v2", {})
    return 16 if picture.format == "TIFF" and tags.get(258, (8,))[0] == 16 else 8  # BitsPerSample


def _deep(pixels: Pixels, bits_in_file: int, doubts: list[str]) -> Pixels:
    """Colours of 16 bits, of which Pillow keeps the upper 8: where 10 or 12 are used, these are nearly black."""
    highest = int(pixels.max()) if bits_in_file == 16 else 255
    for top, bits in reversed(_LEVELS_IN_16):
        if 0 < highest <= top:
            doubts.append(f"{bits} bits in 16: scaled from 0..{2**bits - 1}, with {top + 1} levels left")
            return (pixels.astype(np.uint16) * 255 // top).astype(np.uint8)
    return pixels


def _rgb(picture: "Image") -> "Image":
    if picture.mode != "LAB":
        return picture.convert("RGB")
    from PIL import ImageCms

    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return ImageCms.buildTransform(lab, srgb, "LAB", "RGB").apply(picture)


def _rgba(picture: "Image") -> "Image":
    """In RGBA. Premultiplied colours are divided first."""
    plain = {"La": "LA", "RGBa": "RGBA"}.get(picture.mode)
    return (picture.convert(plain) if plain else picture).convert("RGBA")


def _on_ground(rgba: Pixels, doubts: list[str], *, is_palette: bool) -> Pixels:
    """A picture with transparent pixels on white; on black where nothing of it would be seen on white.

    A transparent entry of a palette that few pixels have keeps its own colour.
    """
    opacity = rgba[..., 3]
    if not opacity.any():
        doubts.append("all of it is transparent: its colours are read as if they were not")
        return rgba[..., :3]
    if is_palette and 0 < (share := float((opacity == 0).mean())) < _FEW:
        doubts.append(f"{share:.1%} of its pixels are transparent: they have the colour of their palette")
        return rgba[..., :3]
    on_white = _on(rgba, "white")
    if is_blank(on_white) and not is_blank(on_black := _on(rgba, "black")):
        doubts.append("white on a transparent ground: put on black")
        return on_black
    return on_white


def _on(rgba: Pixels, colour: str) -> Pixels:
    from PIL import Image

    picture = Image.fromarray(rgba)
    ground = Image.new("RGBA", picture.size, colour)
    return np.asarray(Image.alpha_composite(ground, picture).convert("RGB"), np.uint8)


def _turned(picture: "Image", pixels: Pixels, doubts: list[str]) -> Pixels:
    """Upright, as the camera says in its EXIF block; a block that cannot be read costs a warning."""
    from PIL import Image

    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    try:
        turn: Transpose | None = turns.get(picture.getexif().get(0x0112, 1))
    except Exception:  # a damaged block, in one of many ways
        doubts.append(_NO_EXIF)
        return pixels
    return pixels if turn is None else np.asarray(Image.fromarray(pixels).transpose(turn), np.uint8)
