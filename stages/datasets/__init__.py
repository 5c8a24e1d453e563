"""The data sets: a folder each, named as in params.yaml, with a `DATASET`."""

import importlib
import pkgutil
from typing import Any

from stages.dataset import Dataset
from stages.errors import StageError


def names() -> list[str]:
    """Every data set there is: adding a folder is enough."""
    return sorted(found.name for found in pkgutil.iter_modules(__path__) if found.ispkg)


def find(name: str) -> Dataset[Any]:
    """The data set of that name; no other one's code is imported."""
    if name not in names():
        raise StageError(f"unknown data set {name!r}: choose from {', '.join(names())}")
    dataset: Dataset[Any] = importlib.import_module(f"{__name__}.{name}").DATASET
    return dataset
