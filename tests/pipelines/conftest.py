"""Tables that three words teach, a tiny tagger's run on them, and tracking stores that cost no set-up."""

import dataclasses
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.settings import Run
from tests.pipelines.examples import EXAMPLES

NewStore = Callable[[], Path]


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with the prepared tables of the data set `slots` and outside any git repository."""
    folder = EXAMPLES["rnn", "slots"].write(tmp_path / "data" / "validated" / "slots")
    (folder / "card.json").write_text(json.dumps({"dataset": "slots", "source": "builtin"}))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    return tmp_path


@pytest.fixture
def tables(workplace: Path) -> Path:
    return workplace / "data" / "validated" / "slots"


@pytest.fixture
def tiny_run() -> Callable[..., Run]:
    """A run of the tiny tagger, with changes to its settings."""

    def make(variant: str = "elman", seed: int = 0, **changes: Any) -> Run:
        return dataclasses.replace(EXAMPLES["rnn", "slots"].run(seed, **changes), variant=variant)

    return make


@pytest.fixture(scope="session")
def _empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a fresh MLflow store: created once, then copied."""
    from pipelines.runs import mlflow_store

    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    mlflow_store.create_database(path)
    return path


@pytest.fixture
def new_store(_empty_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NewStore:
    """Makes the project's tracking store a new and empty one, as after a wipe; returns its folder."""
    from pipelines.runs import mlflow_store

    made: list[Path] = []
    # Loading a logged model puts its folder first on the path of modules, for good.
    monkeypatch.setattr(sys, "path", list(sys.path))

    def make() -> Path:
        home = tmp_path / f"mlflow-{len(made)}"
        home.mkdir()
        made.append(home)
        shutil.copy(_empty_store, home / "mlflow.db")
        monkeypatch.setattr(mlflow_store, "HOME", home)
        monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow_store.store_uri())
        return home

    make()
    return make
