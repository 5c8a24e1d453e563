"""The roles of every data set's columns: each is in `tests/stages/datasets/<data set>/roles.py`."""

import importlib
from pathlib import Path

from tests.stages.mutations.subject import Roles

FOLDER = Path(__file__).parents[1] / "datasets"
ROLES: dict[str, Roles] = {
    path.parent.name: importlib.import_module(f"tests.stages.datasets.{path.parent.name}.roles").ROLES
    for path in sorted(FOLDER.glob("*/roles.py"))
}
