"""What rows have in the arrays beside their table: sounds, pictures, sequences; and the roles of its columns."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from stages.dataset import Arrays
from stages.datasets.long_memory.origin.tasks import means
from stages.pictures.tables import MEASURED, measure
from stages.sounds.tables import with_sound
from tests.stages.mutations.subject import Role

PICTURE_ROLES: dict[str, Role] = {
    "id": "id",
    "label": "label",
    "class": "label",
    "brightness": "measured",
    "contrast": "measured",
    "roughness": "measured",
    "digest": "measured",
}
SOUND_ROLES: dict[str, Role] = {
    "start": "place",
    "length": "count",
    "loudness_db": "measured",
    "peak_db": "measured",
    "noise_db": "measured",
}


class Sounds:
    """Samples of all rows in one array, one after the other."""

    def take(self, rows: pd.DataFrame, arrays: Arrays, /) -> list[np.ndarray]:
        places = zip(rows["start"], rows["length"], strict=True)
        return [arrays["samples"][start : start + length] for start, length in places]

    def put(self, rows: pd.DataFrame, parts: Sequence[np.ndarray], _arrays: Arrays, /) -> tuple[pd.DataFrame, Arrays]:
        table, changed = with_sound(rows, parts)
        return table[list(rows)], changed


class Pictures:
    """A picture for each row."""

    def take(self, _rows: pd.DataFrame, arrays: Arrays, /) -> list[np.ndarray]:
        return list(arrays["pixels"])

    def put(self, rows: pd.DataFrame, parts: Sequence[np.ndarray], _arrays: Arrays, /) -> tuple[pd.DataFrame, Arrays]:
        pixels = np.stack(parts)
        measured = measure(pixels).set_index(rows.index)
        return rows.assign(**{column: measured[column] for column in MEASURED}), {"pixels": pixels}


class Sequences:
    """A sequence for each row: of numbers in one array, or of codes in the other."""

    def take(self, _rows: pd.DataFrame, arrays: Arrays, /) -> list[np.ndarray]:
        return list(arrays[_filled(arrays)])

    def put(self, rows: pd.DataFrame, parts: Sequence[np.ndarray], arrays: Arrays, /) -> tuple[pd.DataFrame, Arrays]:
        steps = np.stack(parts)
        empty = {name: array[: len(parts)] for name, array in arrays.items()}
        return rows.assign(mean=means(steps, rows["length"].to_numpy())), {**empty, _filled(arrays): steps}


def _filled(arrays: Arrays) -> str:
    """The array that has columns; the other one has none."""
    return max(arrays, key=lambda name: arrays[name].shape[1])
