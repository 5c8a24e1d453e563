"""Picture files of every kind, and of none."""

import base64
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipelines.vgg16.photos import as_text, from_text

RED, BLUE = (255, 0, 0), (0, 0, 255)


def halves(size: tuple[int, int] = (40, 40), mode: str = "RGB") -> Image.Image:
    """Red above, blue below."""
    picture = Image.new("RGB", size, RED)
    picture.paste(BLUE, (0, size[1] // 2, *size))
    return picture.convert(mode)


def text_of(picture: Image.Image, kind: str = "PNG", **options: object) -> str:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return base64.b64encode(file.getvalue()).decode()


def shows_halves(pixels: np.ndarray, tolerance: int = 6) -> bool:
    above, below = pixels[: len(pixels) // 2 - 1].reshape(-1, 3), pixels[len(pixels) // 2 + 1 :].reshape(-1, 3)
    apart = max(np.abs(above - np.array(RED)).max(), np.abs(below - np.array(BLUE)).max())
    return bool(apart <= tolerance)


@pytest.mark.parametrize("size", [(40, 40), (32, 32), (500, 400), (33, 64)])
def test_any_size_becomes_a_square(size: tuple[int, int]) -> None:
    photo = from_text(text_of(halves(size)), 32, "it")
    assert photo.pixels.shape == (32, 32, 3)
    assert photo.pixels.dtype == np.uint8
    assert shows_halves(photo.pixels)
    assert bool(photo.warnings) == (size[0] != size[1])


def test_a_picture_of_the_right_size_is_not_changed() -> None:
    pixels = np.random.default_rng(0).integers(256, size=(32, 32, 3), dtype=np.uint8)
    assert (from_text(text_of(Image.fromarray(pixels)), 32, "it").pixels == pixels).all()


@pytest.mark.parametrize(("mode", "kind"), [("P", "PNG"), ("RGBA", "PNG"), ("CMYK", "JPEG"), ("CMYK", "TIFF")])
def test_any_mode_becomes_colours(mode: str, kind: str) -> None:
    options = {"quality": 95, "subsampling": 0} if kind == "JPEG" else {}
    assert shows_halves(from_text(text_of(halves(mode=mode), kind, **options), 32, "it").pixels, tolerance=12)


def test_grey_of_1_8_and_16_bits() -> None:
    dark_above = np.zeros((32, 32))
    dark_above[16:] = 1
    for picture in (
        Image.fromarray(dark_above.astype(bool)),
        Image.fromarray((dark_above * 255).astype(np.uint8)),
        Image.fromarray((dark_above * 65535).astype(np.uint16)),
    ):
        pixels = from_text(text_of(picture), 32, "it").pixels
        assert (pixels == (dark_above * 255)[..., None]).all()


def test_what_is_transparent_is_white() -> None:
    picture = halves((32, 32), "RGBA")
    picture.putpixel((0, 0), (255, 0, 0, 0))
    pixels = from_text(text_of(picture), 32, "it").pixels
    assert (pixels[0, 0] == 255).all()
    assert (pixels[0, 1] == RED).all()


def test_a_camera_held_sideways() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it turned by 90 degrees to the right
    turned = halves().rotate(90, expand=True)
    assert not shows_halves(np.asarray(turned))
    assert shows_halves(from_text(text_of(turned, exif=exif), 32, "it").pixels)


def test_one_pixel_is_a_picture() -> None:
    photo = from_text(text_of(Image.new("RGB", (1, 1), RED)), 32, "it")
    assert (photo.pixels == RED).all()
    assert photo.is_blank
    assert photo.warnings == [
        "only 1 pixels wide or high: the model was trained on 32",
        "blank: all of it has about the same colour, so no class is given",
    ]


def test_of_what_moves_the_first_frame_counts() -> None:
    frames = [halves(), Image.new("RGB", (40, 40), BLUE)]
    photo = from_text(text_of(frames[0], "GIF", save_all=True, append_images=frames[1:]), 32, "it")
    assert shows_halves(photo.pixels)
    assert photo.warnings == ["animated: only the first of 2 frames is used"]


def bomb(side: int) -> str:
    """A PNG of 20,000 by 20,000 pixels, a few kilobytes."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(side // 8 + 1) * 8, 9)
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return base64.b64encode(content).decode()


def test_what_is_no_picture_is_named() -> None:
    good = text_of(halves())
    for text, message in (
        (bomb(20_000), "it has more than the 50,000,000 pixels that are read .*400000000"),
        (bomb(9_000), r"it has more than .*\(it is 9,000 x 9,000\)"),
        (good[: len(good) // 8 * 4], "it is a broken picture"),
        (base64.b64encode(b"no picture at all").decode(), "it is not a picture that can be read"),
        ("certainly not base64!", "it is no picture in base64"),
        ("   ", "it holds no picture"),
        ("data:image/png;base64", "it holds no picture"),
    ):
        with pytest.raises(ValueError, match=message):
            from_text(text, 32, "it")


def test_a_file_keeps_its_name_on_the_way(tmp_path: Path) -> None:
    path = tmp_path / "a bird, sitting.png"
    halves().save(path)
    photo = from_text(as_text(path), 32, "it")
    assert photo.name == path.name
    assert shows_halves(photo.pixels)
    with pytest.raises(ValueError, match="cannot be read: No such file"):
        as_text(tmp_path / "absent.png")
    with pytest.raises(ValueError, match="cannot be read: Is a directory"):
        as_text(tmp_path)
