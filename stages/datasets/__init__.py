"""The data sets: a folder each, named as in params.yaml.

A folder has `origin/` (an `ORIGIN`: published files, and the maker of built-in ones), `reader.py` (raw files to
tables), `rules.py` (what must hold of them), `dataset.py` (a `DATASET`, which names the other three) and `profiles/`
(statistics of the accepted versions).
"""

import importlib
import pkgutil
from typing import TYPE_CHECKING, Any

from stages.errors import StageError
from stages.origin import Origin

if TYPE_CHECKING:  # it imports pandas, which a download does not need
    from stages.dataset import Dataset


def names() -> list[str]:
    """Every data set there is: adding a folder is enough."""
    return sorted(found.name for found in pkgutil.iter_modules(__path__) if found.ispkg)


def origin(name: str) -> Origin[Any]:
    """The origin of the data set of that name; neither its reader nor its rules are imported."""
    found: Origin[Any] = _module(name, "origin").ORIGIN
    return found


def find(name: str) -> "Dataset[Any]":
    """The data set of that name; no other one's code is imported."""
    found: Dataset[Any] = _module(name, "dataset").DATASET
    return found


def _module(name: str, part: str) -> Any:
    if name not in names():
        raise StageError(f"unknown data set {name!r}: choose from {', '.join(names())}")
    return importlib.import_module(f"{__name__}.{name}.{part}")
