"""Pictures of every kind of sample, mode and damage: what a person sees, or one error with the file's name."""

import io
import os
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from inputs.pictures import Picture, is_blank, read_picture

CASES = Path(os.environ.get("DATA_MIRROR", "none")).parent / "cases" / "pictures"
SIDE = 48


def scene() -> np.ndarray:
    """Greys (SIDE, SIDE) from 20 to 230: a disc on a slope."""
    y, x = np.mgrid[:SIDE, :SIDE]
    slope = 120 + 100 * (x / (SIDE - 1)) - 0.0 * y
    return np.where((x - 20) ** 2 + (y - 24) ** 2 < 150, 20, np.rint(slope)).astype(np.uint8)


def coloured() -> Image.Image:
    grey = scene()
    return Image.fromarray(np.stack([grey, 255 - grey, np.full_like(grey, 90)], axis=2))


def stored(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def read(content: bytes) -> Picture:
    return read_picture(content, "cat.png")


def tiff(samples: np.ndarray, sample_format: int, *, white_is_0: bool = False) -> bytes:
    """A plain TIFF. Sample formats: 1 unsigned, 2 signed, 3 float."""
    content = samples.astype(samples.dtype.newbyteorder("<")).tobytes()
    height, width = samples.shape
    bits, shorts = samples.dtype.itemsize * 8, 3
    tags = [(256, 4, width), (257, 4, height), (258, 3, bits), (259, 3, 1), (262, 3, 0 if white_is_0 else 1)]
    tags += [(273, 4, 8), (277, 3, 1), (278, 4, height), (279, 4, len(content)), (339, 3, sample_format)]
    entries = b"".join(
        struct.pack("<HHI", tag, kind, 1)
        + (struct.pack("<HH", value, 0) if kind == shorts else struct.pack("<I", value))
        for tag, kind, value in tags
    )
    return (
        b"II*\x00" + struct.pack("<I", 8 + len(content)) + content + struct.pack("<H", len(tags)) + entries + bytes(4)
    )


def png(samples: np.ndarray, colour: int, depth: int = 16, rows: int | None = None) -> bytes:
    """A PNG with samples (H, W) or (H, W, C) of `depth` bits, of which `rows` are there."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    height, width = samples.shape[:2]
    packed = b"".join(b"\0" + row.astype(f">u{depth // 8}").tobytes() for row in samples[:rows])
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(packed)) + chunk(b"IEND", b"")


def shows_scene(picture: Picture, tolerance: int = 3) -> bool:
    expected = scene().astype(int)[..., None]
    return picture.pixels.shape == (SIDE, SIDE, 3) and bool(np.abs(picture.pixels - expected).max() <= tolerance)


GREY = scene().astype(np.float64)


@pytest.mark.parametrize(
    ("samples", "kind", "note"),
    [
        ((GREY / 255).astype(np.float32), 3, "scaled from 0..1"),
        ((GREY / 127.5 - 1).astype(np.float32), 3, "scaled from -1..1"),
        (GREY.astype(np.float32), 3, ""),
        ((GREY * 257).astype(np.float32), 3, ""),
        ((GREY / 255 * 4095).astype(np.float32), 3, "scaled from 0..4095"),
        ((GREY / 255 * 1023).astype(np.float32), 3, "scaled from 0..1023"),
        ((GREY * 257).astype(np.uint16), 1, ""),
        ((GREY / 255 * 4095).astype(np.uint16), 1, "scaled from 0..4095"),
        ((GREY / 255 * 1023).astype(np.uint16), 1, "scaled from 0..1023"),
        ((GREY / 255 * 16383).astype(np.uint16), 1, "scaled from 0..16383"),
        (GREY.astype(np.uint16), 1, ""),
        ((GREY / 255 * (2**32 - 1)).astype(np.uint32), 1, "scaled from 0..4.29497e+09"),
        ((GREY * 257).astype(np.uint32), 1, ""),
        (GREY.astype(np.int32), 2, ""),
        ((GREY - 128).astype(np.int8), 2, "scaled from -128..127"),
        (((GREY - 128) * 256).astype(np.int16), 2, "scaled from -32768..32767"),
        ((GREY - 128).astype(np.int16), 2, "scaled from -128..127"),
        (((GREY - 128) * 2**24).astype(np.int32), 2, "scaled from -2.14748e+09..2.14748e+09"),
    ],
)
def test_samples_of_every_range(samples: np.ndarray, kind: int, note: str) -> None:
    found = read(tiff(samples, kind))
    assert shows_scene(found)
    assert note in "".join(found.warnings)
    assert bool(found.warnings) == bool(note)


def test_white_may_be_0() -> None:
    assert shows_scene(read(tiff((65535 - GREY * 257).astype(np.uint16), 1, white_is_0=True)))
    assert shows_scene(read(tiff((255 - GREY).astype(np.uint8), 1, white_is_0=True)))


@pytest.mark.parametrize(("factor", "note"), [(257, ""), (16, "12 bits in 16"), (4, "10 bits in 16")])
def test_colours_of_16_bits(factor: int, note: str) -> None:
    samples = np.asarray(coloured()).astype(int)
    opaque = np.full((SIDE, SIDE, 1), 255)
    for content in (png(samples * factor, 2), png(np.concatenate([samples, opaque], axis=2) * factor, 6)):
        found = read(content)
        tolerance = 255 if not note else {16: 17, 4: 85}[factor]
        assert np.abs(found.pixels - samples).max() <= (0 if not note else tolerance)
        assert note in "".join(found.warnings)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.full((8, 8), np.nan, np.float32), "cat.png is a broken picture: none of the samples is a number"),
        (np.full((8, 8), np.inf, np.float32), "none of the samples is a number"),
    ],
)
def test_samples_that_are_no_picture(samples: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(tiff(samples, 3))


def test_samples_that_are_partly_not_numbers_and_of_no_usual_range() -> None:
    partly = (GREY / 255).astype(np.float32)
    partly[:10] = np.nan
    found = read(tiff(partly, 3))
    assert "20.8% of its samples are not numbers: shown as black" in found.warnings
    assert np.abs(found.pixels[10:, :, 0] - GREY[10:]).max() <= 3
    for strange in (GREY * 1e6, -GREY, (GREY - 100) * 1e4):
        found = read(tiff(strange.astype(np.float32), 3))
        assert "the lowest to the highest" in found.warnings[0]
        assert (found.pixels.min(), found.pixels.max()) == (0, 255)


# -- modes


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "1", "I;16", "F", "PA"])
def test_every_mode_that_pillow_writes(mode: str) -> None:
    picture = Image.fromarray(scene())
    if mode == "LAB":
        picture = Image.merge("LAB", [Image.fromarray(scene()), *[Image.new("L", (SIDE, SIDE), 128)] * 2])
    elif mode != "L":
        picture = picture.convert("RGB").convert(mode) if mode in ("CMYK", "YCbCr") else picture.convert(mode)
    kind = "PNG" if mode in ("L", "LA", "P", "RGB", "RGBA", "1") else "TIFF"
    found = read(stored(picture, kind))
    if mode == "1":
        assert np.corrcoef(found.pixels[..., 0].ravel(), scene().ravel())[0, 1] > 0.9
        assert found.warnings == ["black and white points alone: smoothed to greys"]
    elif mode == "LAB":
        assert np.corrcoef(found.pixels[..., 0].ravel(), scene().ravel())[0, 1] > 0.98
    else:
        assert shows_scene(found, tolerance=4)
        assert found.warnings == []


def test_a_drawing_in_black_and_white_is_not_smoothed() -> None:
    drawing = np.where(scene() < 50, 0, 255).astype(np.uint8)
    assert (read(stored(Image.fromarray(drawing).convert("1"))).pixels[..., 0] == drawing).all()


def test_the_ground_of_transparent_pixels() -> None:
    grey = scene()
    disc = np.where(grey == 20, 255, 0).astype(np.uint8)

    def logo(colour: int, opacity: np.ndarray) -> Picture:
        return read(stored(Image.fromarray(np.dstack([np.full((SIDE, SIDE, 3), colour, np.uint8), opacity]))))

    assert (logo(0, disc).pixels[..., 0] == 255 - disc).all()
    assert logo(0, disc).warnings == []
    assert (logo(255, disc).pixels[..., 0] == disc).all()
    assert logo(255, disc).warnings == ["white on a transparent ground: put on black"]
    hidden = read(stored(Image.fromarray(np.dstack([grey, grey, grey, 0 * grey]))))
    assert shows_scene(hidden)
    assert "all of it is transparent" in hidden.warnings[0]
    few = Image.fromarray(grey).convert("P")
    found = read(stored(few, transparency=int(np.asarray(few)[0, 0])))
    assert "transparent: they have the colour of their palette" in found.warnings[0]
    assert shows_scene(found)


def test_nothing_to_see_is_blank() -> None:
    for colour in (0, 128, 255):
        assert is_blank(read(stored(Image.new("RGB", (SIDE, SIDE), (colour, 10, 20)))).pixels)
    assert is_blank((scene() // 40).astype(np.uint8)[..., None].repeat(3, axis=2))
    assert not is_blank(read(stored(coloured())).pixels)
    faint = read(stored(Image.fromarray((100 + scene() // 20).astype(np.uint8))))
    assert is_blank(faint.pixels) or "faint: its colours span" in faint.warnings[0]


# -- pages, frames, cameras


def frames(kind: str, pictures: Sequence[Image.Image]) -> Picture:
    options = {"lossless": True} if kind == "WEBP" else {}
    return read(stored(pictures[0], kind, save_all=True, append_images=list(pictures[1:]), **options))


def test_pages_and_frames() -> None:
    black, other = Image.new("RGB", (SIDE, SIDE)), Image.new("RGB", (SIDE, SIDE), (1, 0, 0))
    picture = Image.fromarray(scene()).convert("RGB")
    for kind in ("GIF", "WEBP", "PNG"):
        assert shows_scene(frames(kind, [picture, black]))
        assert frames(kind, [picture, black]).warnings == ["animated: only the first of 2 frames is used"]
        found = frames(kind, [black, other, picture])
        assert shows_scene(found)
        assert "as those before are blank" in found.warnings[0]
    assert is_blank(frames("GIF", [black, Image.new("RGB", (SIDE, SIDE), (9, 0, 0))]).pixels)
    pages = frames("TIFF", [picture, black])
    assert shows_scene(pages)
    assert pages.warnings == ["only the first of 2 pages is used"]
    phone = frames("MPO", [picture, black])
    assert np.corrcoef(phone.pixels[..., 0].ravel(), scene().ravel())[0, 1] > 0.99
    assert phone.warnings == []


@pytest.mark.parametrize("turn", range(1, 9))
def test_every_way_to_hold_a_camera(turn: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = turn
    content = stored(coloured(), "JPEG", exif=exif, quality=95)
    upright = read(content).pixels.astype(int)
    from PIL import ImageOps

    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(content)))).astype(int)
    assert np.abs(upright - expected).max() <= 1


def test_a_damaged_exif_block_is_at_most_a_warning() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a description"
    content = stored(coloured(), "JPEG", exif=exif)
    start = content.index(b"Exif\0\0") + 6
    end = start - 8 + int.from_bytes(content[start - 8 : start - 6], "big")
    rng = np.random.default_rng(0)
    for _ in range(100):
        damaged = bytearray(content)
        for place in rng.integers(start, end, 4):
            damaged[place] = rng.integers(256)
        found = read(bytes(damaged))
        assert found.pixels.shape == (SIDE, SIDE, 3)
        assert all("EXIF" in warning for warning in found.warnings)


# -- pictures that end early


@pytest.mark.parametrize(
    "options",
    [{}, {"progressive": True}, {"optimize": True}, {"subsampling": 0}, {"restart_marker_rows": 1}, {"quality": 20}],
)
def test_a_scan_that_ends_early_is_refused(options: dict[str, object]) -> None:
    for picture in (coloured(), Image.fromarray(scene()), Image.new("RGB", (SIDE, SIDE), (128, 128, 128))):
        whole = stored(picture, "JPEG", **options)
        assert read(whole).warnings == []
        assert (read(whole + b"left over").pixels == read(whole).pixels).all()
        assert (read(whole[:-2]).pixels == read(whole).pixels).all(), "only the end marker is missing"
    whole = stored(coloured(), "JPEG", **options)
    head = whole.index(b"\xff\xda") + 14
    for end in (head + (len(whole) - head) // 2, len(whole) - 40):
        for content in (whole[:end], whole[:end] + b"\xff\xd9"):
            with pytest.raises(ValueError, match=r"cat.png is a broken picture: .*(ends early|lack scans|truncated)"):
                read(content)


def test_rows_that_are_missing_are_refused() -> None:
    samples = np.asarray(coloured())
    assert (read(png(samples, 2, 8)).pixels == samples).all()
    with pytest.raises(ValueError, match=r"cat\.png is a broken picture: 58% of its rows are missing"):
        read(png(samples, 2, 8, rows=20))
    for kind in ("PNG", "GIF", "BMP", "TIFF", "WEBP"):
        whole = stored(coloured(), kind)
        with pytest.raises(ValueError, match=r"cat\.png is (a broken|not a) picture"):
            read(whole[: len(whole) // 2])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cat.png is empty"),
        (b"\0\0\0\x20ftypheic" + bytes(40), "cat.png is an HEIC photo, as iPhones take them.*export it as JPEG"),
        (b"\0\0\0\x20ftypmp42" + bytes(40), "cat.png is a video"),
        (b"%PDF-1.7 ", "cat.png is a PDF"),
        (b"<svg xmlns=''>", "cat.png is an SVG drawing"),
        (b"<!DOCTYPE html>", "cat.png is a web page"),
        (b"no picture", "cat.png is not a picture that can be read"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "cat.png is a PostScript file"),
        (tiff(GREY, 3), "cat.png is a TIFF of a kind that is not read"),
    ],
)
def test_what_is_not_read_is_named(content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(content)


@given(st.binary(max_size=40), st.sampled_from(["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP", "PPM", "TGA"]), st.data())
@settings(max_examples=100)
def test_damaged_files_are_read_or_one_error(damage: bytes, kind: str, data: st.DataObject) -> None:
    whole = stored(coloured().resize((9, 7)), kind)
    place = data.draw(st.integers(0, len(whole)))
    content = whole[:place] + damage + whole[place + len(damage) :]
    try:
        found = read(content)
    except ValueError as error:
        assert str(error).startswith("cat.png ")  # noqa: PT017
    else:
        assert found.pixels.dtype == np.uint8
        assert found.pixels.shape[2] == 3


@pytest.mark.mirror
def test_the_kept_files() -> None:
    if not CASES.is_dir():
        pytest.skip("no folder `cases` beside the mirror")
    refused = []
    grey, rgb = (np.asarray(Image.open(CASES / name).convert("RGB"), np.float64) for name in ("grey.png", "rgb.png"))
    for path in sorted(CASES.iterdir()):
        try:
            found = read_picture(path.read_bytes(), path.name)
        except ValueError as error:
            refused.append(path.name)
            named = str(error).startswith(path.name)
            continue
        alike = max(np.corrcoef(found.pixels.ravel(), one.ravel())[0, 1] for one in (grey, rgb))
        assert alike > 0.75, path.name
        assert "moving" not in " ".join(found.warnings)
    assert named
    assert refused == ["empty.png", "photo.heic", "truncated.jpg"]
