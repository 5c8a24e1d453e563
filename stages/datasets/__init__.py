"""The data sets: a folder each, named as in params.yaml (`key-terms` is `key_terms/`), with a `DATASET`."""

import importlib
import pkgutil
from functools import cache
from typing import Any

from stages.dataset import Dataset
from stages.errors import StageError


@cache
def known() -> dict[str, Dataset[Any]]:
    """Every data set there is: adding a folder with a `DATASET` is enough."""
    modules = (importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__))
    datasets = (module.DATASET for module in modules if hasattr(module, "DATASET"))
    return {dataset.name: dataset for dataset in datasets}


def find(name: str) -> Dataset[Any]:
    """The data set of that name."""
    if name not in known():
        raise StageError(f"unknown data set {name!r}; known: {', '.join(known())}")
    return known()[name]


def code_of(name: str) -> str:
    """The folder of a data set's code."""
    return name.replace("-", "_")
