"""Pictures as JPEG files, read and written by Pillow.

The pixels are those of the libjpeg-turbo that comes with Pillow; another decoder may give some that differ by a step
or two. Threads do not help: most of the 0.1 ms per picture is spent on the file's header, in Python.
"""

import io
from collections import Counter
from collections.abc import Sequence

import numpy as np
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from stages.errors import StageError
from stages.pictures.drawing import SIDE, Pixels

QUALITY = 75
KNOWN_QUALITY = f"quality {QUALITY}"  # as opposed to any other


def encode(picture: Pixels) -> bytes:
    """One picture, (32, 32, 3), as a file."""
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=QUALITY)
    return stream.getvalue()


def decode(files: Sequence[tuple[str, bytes]]) -> tuple[Pixels, Counter[str]]:
    """The pictures of files, each given with its name, and how many are of which quality."""
    pixels = np.empty((len(files), SIDE, SIDE, 3), np.uint8)
    qualities = Counter[str]()
    for number, (name, content) in enumerate(files):
        try:
            with JpegImageFile(io.BytesIO(content)) as picture:
                if (picture.mode, picture.size) != ("RGB", (SIDE, SIDE)):
                    found = f"{picture.size[0]} by {picture.size[1]}, {picture.mode}"
                    raise StageError(f"{name} is {found}; expected {SIDE} by {SIDE}, RGB")
                pixels[number] = np.asarray(picture)
                qualities[KNOWN_QUALITY if picture.quantization == _TABLES else "another quality"] += 1
        except (OSError, SyntaxError, ValueError) as error:
            raise StageError(f"{name} is no whole JPEG picture: {error}. Download it again.") from error
    return pixels, qualities


def signal_to_noise(pixels: Pixels, originals: Pixels) -> float:
    """How close pictures are to their originals: the mean peak signal-to-noise ratio, in dB."""
    errors = pixels.astype(np.float64) - originals
    return round(float(np.mean(10 * np.log10(255**2 / np.mean(errors * errors, axis=(1, 2, 3))))), 1)


# The quantisation tables in the file of a picture of that quality; no other quality has the same.
_TABLES = JpegImageFile(io.BytesIO(encode(np.zeros((SIDE, SIDE, 3), np.uint8)))).quantization
