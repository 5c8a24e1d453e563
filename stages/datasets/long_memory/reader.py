"""Raw files of either source to tables."""

from pathlib import Path

import numpy as np
import pandas as pd

from stages.dataset import Arrays, Prepared
from stages.datasets.long_memory.mnist import read_mnist
from stages.datasets.long_memory.origin import TRAIN_IMAGES
from stages.datasets.long_memory.origin.tasks import MNIST_IMAGES, SPLITS, facts, means
from stages.files import read_json
from stages.tables import read_arrays

COLUMNS = {
    "id": "int64",
    "split": "string",
    "label": "string",
    "target": "float64",
    "length": "int64",
    "first": "int64",
    "second": "int64",
    "mean": "float64",
}
ARRAYS = {"values": "float32", "codes": "uint8"}


def read(folder: Path) -> Prepared:
    """Turn the files of either source into tables and arrays."""
    if (folder / TRAIN_IMAGES.path).is_file():
        found, raw = {"mnist": facts(MNIST_IMAGES)}, {"mnist": read_mnist(folder)}
    else:
        command = "python -m stages download long_memory"
        found = read_json(folder / "tasks.json", command)
        raw = {name: read_arrays(folder / f"{name}.safetensors", command) for name in found}
    tables: dict[str, pd.DataFrame] = {}
    arrays: dict[str, Arrays] = {}
    for name, task in found.items():
        rows = len(raw[name]["target"])
        arrays[name] = {key: raw[name].get(key, np.zeros((rows, 0), dtype)) for key, dtype in ARRAYS.items()}
        tables[name] = _table(raw[name], task["classes"])
    return Prepared(tables, {"tasks": found}, arrays)


def _table(raw: Arrays, classes: list[str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": np.arange(len(raw["target"])),
            "split": [SPLITS[number] for number in raw["split"]],
            "label": [classes[int(number)] if classes else "" for number in raw["target"]],
            **{column: np.array(raw[column]) for column in ("target", "length", "first", "second")},
            "mean": means(raw["values" if "values" in raw else "codes"], raw["length"]),
        }
    )
