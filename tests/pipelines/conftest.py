"""Tables that three words teach, a tiny tagger's run on them, and tracking stores that cost no set-up."""

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipelines import project
from pipelines.params import Run

NewStore = Callable[[], Path]

# The rule to learn: each of these words has always this tag.
TAGS = {
    "boston": "B-city",
    "denver": "B-city",
    "new": "B-city",
    "york": "I-city",
    "monday": "B-day",
    "tuesday": "B-day",
    "flights": "O",
    "to": "O",
    "on": "O",
}
TEXTS = [
    f"{start}to {city}{end}"
    for start in ("", "flights ", "flights on monday ")
    for city in ("boston", "denver", "new york")
    for end in ("", " on monday", " on tuesday")
]
MODEL = {
    "cell": "elman",
    "hidden_size": 8,
    "num_layers": 1,
    "bidirectional": True,
    "word_size": 6,
    "char_size": 4,
    "char_filters": 5,
    "context_window": 0,
    "dropout": 0.2,
    "word_dropout": 0.1,
    "crf": False,
    "members": 1,
}
TRAINING = {
    "epochs": 2,
    "batch_size": 4,
    "learning_rate": 0.03,
    "weight_decay": 0.01,
    "clip_norm": 5.0,
    "label_smoothing": 0.0,
    "ema_decay": 0.5,
}


@pytest.fixture(scope="module")
def one_thread() -> Iterator[None]:
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def table(texts: list[str]) -> pd.DataFrame:
    tags = [" ".join(TAGS[word] for word in text.split()) for text in texts]
    return pd.DataFrame({"id": range(len(texts)), "text": texts, "tags": tags, "intent": "flight"})


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with the prepared tables of the data set `slots` and outside any git repository."""
    folder = tmp_path / "data" / "prepared" / "slots"
    folder.mkdir(parents=True)
    for split, texts in {"train": TEXTS * 2, "val": TEXTS[1::2], "test": TEXTS[::2]}.items():
        table(texts).to_parquet(folder / f"{split}.parquet")
    (folder / "card.json").write_text(json.dumps({"dataset": "slots", "source": "builtin"}))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    return tmp_path


@pytest.fixture
def tables(workplace: Path) -> Path:
    return workplace / "data" / "prepared" / "slots"


@pytest.fixture
def tiny_run() -> Callable[..., Run]:
    """A run of the tiny tagger, with changes to its settings."""

    def make(variant: str = "elman", seed: int = 0, **changes: Any) -> Run:
        model = MODEL | {key: value for key, value in changes.items() if key in MODEL}
        training = TRAINING | {key: value for key, value in changes.items() if key in TRAINING}
        return Run("rnn-slots", "rnn", "slots", "slots", variant, seed, "cpu", model, training)

    return make


@pytest.fixture(scope="session")
def _empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a fresh MLflow store: made once for 5 to 10 s, then copied."""
    from mlflow import MlflowClient

    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def new_store(_empty_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NewStore:
    """Makes the project's tracking store a new and empty one, as after a wipe; returns its folder."""
    from pipelines import tracking

    made: list[Path] = []
    # Loading a logged model puts its folder first on the path of modules, for good.
    monkeypatch.setattr(sys, "path", list(sys.path))

    def make() -> Path:
        home = tmp_path / f"mlflow-{len(made)}"
        home.mkdir()
        made.append(home)
        shutil.copy(_empty_store, home / "mlflow.db")
        monkeypatch.setattr(project, "MLFLOW_HOME", home)
        monkeypatch.setattr(tracking, "STORE_URI", f"sqlite:///{home / 'mlflow.db'}")
        monkeypatch.setenv("MLFLOW_TRACKING_URI", tracking.STORE_URI)
        return home

    make()
    return make
