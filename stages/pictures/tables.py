"""Pictures as tables: a row has the class of a picture and its measurements; the pixels are in an array beside it.

Row n of a table is picture n of its array `pixels`, (N, 32, 32, 3): red, green, blue, 0 to 255. Rows take turns
through the classes, so that the first rows of a table are a fair sample of it: its first 50 are five of each class.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from stages.dataset import Arrays, Prepared
from stages.pictures.drawing import SIDE, Pixels
from stages.pictures.parts import Part, turns

COLUMNS = {
    "id": "int64",
    "label": "int64",
    "class": "string",
    "brightness": "float64",  # mean of all values, 0 to 255
    "contrast": "float64",  # their standard deviation
    "roughness": "float64",  # mean difference of neighbouring pixels, across and down
    "digest": "string",  # of the pixels: a repeated picture has a repeated digest
}


ARRAYS = {"pixels": "uint8"}


MEASURED = list(COLUMNS)[3:]


SHAPE = (SIDE, SIDE, 3)


CHUNK = 1000  # pictures measured at a time: all at once would take gigabytes


def prepare(parts: Iterable[Part], classes: Mapping[str, Sequence[str]], **facts: Any) -> Prepared:
    """The tables and arrays of all parts; `classes` are those of each task, by label."""
    tables: dict[str, pd.DataFrame] = {}
    arrays: dict[str, Arrays] = {}
    for part in parts:
        name = f"{part.task}-{part.split}"
        tables[name], arrays[name] = _with_pixels(part, classes[part.task])
    return Prepared(tables, {"classes": {task: list(names) for task, names in classes.items()}, **facts}, arrays)


def _with_pixels(part: Part, classes: Sequence[str]) -> tuple[pd.DataFrame, Arrays]:
    labels = np.asarray(part.labels, np.int64)
    order = np.lexsort((labels, turns(labels)))  # those of one class keep their order
    pixels, labels = part.pixels[order], labels[order]
    table = pd.DataFrame({"id": range(len(labels)), "label": labels, "class": [classes[label] for label in labels]})
    table[MEASURED] = measure(pixels)
    return table, {"pixels": pixels}


def measure(pixels: Pixels) -> pd.DataFrame:
    """The measured columns of pictures. Whole numbers up to the last step, so that every machine gives the same."""
    rows = [row for start in range(0, len(pixels), CHUNK) for row in _measure(pixels[start : start + CHUNK])]
    return pd.DataFrame(rows, columns=MEASURED)


def _measure(pixels: Pixels) -> Iterator[tuple[float, float, float, str]]:
    count = SIDE * SIDE * 3
    whole = pixels.astype(np.int32)
    flat = whole.reshape(len(pixels), count)
    total, squares = flat.sum(axis=1, dtype=np.int64), (flat * flat).sum(axis=1, dtype=np.int64)
    steps = sum(np.abs(np.diff(whole, axis=axis)).sum(axis=(1, 2, 3), dtype=np.int64) for axis in (1, 2))
    brightness = total / count
    contrast = np.sqrt(count * squares - total * total) / count
    roughness = steps / (2 * SIDE * (SIDE - 1) * 3)
    digests = [hashlib.sha256(picture.tobytes()).hexdigest()[:16] for picture in pixels]
    yield from zip(*(column.round(2).tolist() for column in (brightness, contrast, roughness)), digests, strict=True)
