"""What a run logs to MLflow, read back from a store of its own."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy

from pipelines.runs import mlflow_store, mlflow_tracker
from pipelines.runs.mlflow_tracker import MlflowTracker
from pipelines.runs.tracker import TrackerError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.usefixtures("new_store"),
    # mlflow.pyfunc warns of its own types when it is imported
    pytest.mark.filterwarnings("ignore:.*Any type hint is inferred as AnyType:UserWarning"),
]

TRACKER = MlflowTracker()
PARAMS = {"pipeline": "rnn-slots", "seed": 0, "model": {"cell": "gru", "sizes": [1, 2], "none": None}}
TAGS = {"fingerprint": "f1", "git.commit": "abc", "stage": "rnn@slots"}
ROWS = [{"epoch": 1.0, "val_f1": 50.0, "train_loss": 2.5}, {"epoch": 2.0, "val_f1": 60.0, "train_loss": 1.25}]


@pytest.fixture
def store() -> "MlflowClient":
    return mlflow_store.client()


def only_run(store: "MlflowClient", experiment: str = "rnn-slots") -> "Run":
    found = store.get_experiment_by_name(experiment)
    assert found is not None
    (run,) = store.search_runs([found.experiment_id])
    return run


def history(store: "MlflowClient", run_id: str, key: str) -> dict[int, float]:
    points = store.get_metric_history(run_id, key)
    steps = {point.step: point.value for point in points}
    assert len(steps) == len(points), "one value a step"
    return steps


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run's folder."""
    folder = tmp_path / "run"
    folder.mkdir()
    for name in ("run.json", "metrics.json", "model.safetensors"):
        (folder / name).write_text(f"of {name}")
    return folder


def test_a_run_as_people_see_it(store: "MlflowClient", folder: Path) -> None:
    with TRACKER.run("rnn-slots-gru-s0", "rnn-slots", PARAMS, TAGS) as tracked:
        for row in ROWS:
            tracked.epoch(row)
        tracked.finish({"val_f1": 60.0, "test_f1": 55.0, "best_epoch": 2}, folder)
    run = only_run(store)
    assert run.info.run_id == tracked.run_id
    assert run.info.run_name == "rnn-slots-gru-s0"
    assert run.info.status == "FINISHED"
    assert run.data.params == {
        "pipeline": "rnn-slots",
        "seed": "0",
        "model.cell": "gru",
        "model.sizes": "[1, 2]",
        "model.none": "None",
    }
    assert run.data.tags.items() >= TAGS.items()
    curves = {"val_f1": 60.0, "train_loss": 1.25}
    assert run.data.metrics == curves | {"best_val_f1": 60.0, "test_f1": 55.0, "best_epoch": 2}
    assert history(store, tracked.run_id, "train_loss") == {1: 2.5, 2: 1.25}
    files = {file.path: Path(store.download_artifacts(tracked.run_id, file.path)).read_text()
             for file in store.list_artifacts(tracked.run_id)}  # fmt: skip
    assert files == {"metrics.json": "of metrics.json", "model.safetensors": "of model.safetensors"}


def test_an_epoch_is_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    from mlflow import MlflowClient

    with TRACKER.run("run", "rnn-slots", PARAMS, TAGS) as tracked:
        calls: list[dict[str, float]] = []

        def log_batch(self: MlflowClient, run_id: str, metrics: Any = (), **others: Any) -> None:
            calls.append({metric.key: metric.value for metric in metrics})

        monkeypatch.setattr(MlflowClient, "log_batch", log_batch)
        monkeypatch.setattr(MlflowClient, "log_metric", lambda *_, **__: pytest.fail("a call for a single figure"))
        for row in ROWS:
            tracked.epoch(row)
    assert calls == [{"val_f1": 50.0, "train_loss": 2.5}, {"val_f1": 60.0, "train_loss": 1.25}]


@pytest.mark.parametrize(
    ("error", "status"),
    [(ValueError, "FAILED"), (OSError, "FAILED"), (KeyboardInterrupt, "KILLED"), (SystemExit, "KILLED")],
)
def test_how_a_run_ended(error: type[BaseException], status: str, store: "MlflowClient") -> None:
    def ends_badly() -> None:
        with TRACKER.run("run", "rnn-slots", PARAMS, TAGS):
            assert only_run(store).info.status == "RUNNING"
            raise error

    with pytest.raises(error):
        ends_badly()
    assert only_run(store).info.status == status
    assert TRACKER.find("rnn-slots", "f1") is None, "only a finished run counts"


@pytest.mark.parametrize("table", ["runs", "datasets"])
def test_an_interruption_waits_for_the_transaction(table: str, store: "MlflowClient") -> None:
    """It would else keep the store locked, for the run's own end too (for 20 s, then an error)."""

    @sqlalchemy.event.listens_for(sqlalchemy.Engine, "after_cursor_execute")
    def interrupt(_connection: object, _cursor: object, statement: str, *_others: object) -> None:
        if statement.startswith(f"INSERT INTO {table} "):
            signal.raise_signal(signal.SIGINT)

    def trains() -> None:
        with TRACKER.run("run", "rnn-slots", PARAMS, TAGS) as tracked:
            tracked.link_data("slots", Path("data/validated/slots"), "0a1b")
            pytest.fail("continues after an interruption")

    try:
        with pytest.raises(KeyboardInterrupt):
            trains()
    finally:
        sqlalchemy.event.remove(sqlalchemy.Engine, "after_cursor_execute", interrupt)
    run = only_run(store)
    assert run.info.status == "KILLED"
    assert run.data.params["model.cell"] == "gru"
    assert run.inputs is not None
    assert len(run.inputs.dataset_inputs) == (table == "datasets"), "what had begun is complete"


def test_an_interrupted_run_goes_on_as_the_same(store: "MlflowClient", folder: Path) -> None:
    with contextlib.suppress(KeyboardInterrupt), TRACKER.run("run", "rnn-slots", PARAMS, TAGS) as first:
        first.epoch(ROWS[0])
        raise KeyboardInterrupt
    with TRACKER.run("run", "rnn-slots", PARAMS, TAGS, first.run_id) as second:
        assert only_run(store).info.status == "RUNNING"
        second.epoch(ROWS[1])
    assert second.run_id == first.run_id
    assert only_run(store).info.status == "FINISHED"
    assert history(store, first.run_id, "val_f1") == {1: 50.0, 2: 60.0}


def test_a_run_that_the_store_has_lost_is_begun_anew(store: "MlflowClient", new_store: Callable[[], Path]) -> None:
    with TRACKER.run("run", "rnn-slots", PARAMS, TAGS) as first:
        pass
    new_store()
    with TRACKER.run("run", "rnn-slots", PARAMS, TAGS, first.run_id) as second:
        pass
    assert second.run_id != first.run_id
    assert only_run(mlflow_store.client()).data.params["model.cell"] == "gru"


def test_a_run_is_found_by_its_fingerprint() -> None:
    with TRACKER.run("one", "rnn-slots", PARAMS, TAGS) as one:
        pass
    with TRACKER.run("two", "rnn-slots", PARAMS, TAGS | {"fingerprint": "f2"}) as two:
        pass
    assert TRACKER.find("rnn-slots", "f1") == one.run_id
    assert TRACKER.find("rnn-slots", "f2") == two.run_id
    assert TRACKER.find("rnn-slots", "f3") is None
    assert TRACKER.find("ctc-digits", "f1") is None


def test_the_store_is_created_once(store: "MlflowClient", new_store: Callable[[], Path], tmp_path: Path) -> None:
    first = mlflow_store.experiment_id("rnn-slots")
    assert mlflow_store.experiment_id("rnn-slots") == first
    experiment = store.get_experiment(first)
    assert experiment.name == "rnn-slots"
    assert experiment.artifact_location.startswith((tmp_path / "mlflow-0" / "artifacts").as_uri())
    home = new_store()
    assert (home / "mlflow.db").is_file()
    assert mlflow_store.client().get_experiment_by_name("rnn-slots") is None


def test_another_store_keeps_its_own_artifacts(
    store: "MlflowClient", new_store: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """MLFLOW_TRACKING_URI names a server, say: where it keeps files is its own affair."""
    home = new_store()
    monkeypatch.setattr(mlflow_store, "store_uri", lambda: "sqlite:////elsewhere/mlflow.db")
    monkeypatch.chdir(home)
    experiment = mlflow_store.client().get_experiment(mlflow_store.experiment_id("rnn-slots"))
    assert not experiment.artifact_location.startswith((home / "artifacts").as_uri())


def test_the_training_table_is_tied_to_the_run(store: "MlflowClient") -> None:
    with TRACKER.run("run", "rnn-slots", PARAMS, TAGS) as tracked:
        tracked.link_data("slots", Path("data/validated/slots"), "0a1b")
    (found,) = store.search_runs([mlflow_store.experiment_id("rnn-slots")], "datasets.digest = '0a1b'")
    assert found.inputs is not None
    (dataset,) = found.inputs.dataset_inputs
    assert found.info.run_id == tracked.run_id
    assert dataset.dataset.name == "slots"
    assert {tag.key: tag.value for tag in dataset.tags} == {"mlflow.data.context": "training"}


def test_no_champion() -> None:
    with pytest.raises(ValueError, match=r"no champion of 'rnn-slots' in sqlite.*: run `make repro`, or .* publish"):
        TRACKER.champion("rnn-slots")


def test_settings_are_told_with_dots() -> None:
    assert mlflow_tracker.flat({"a": 1, "b": {"c": {"d": None}, "e": [{"f": 2}]}, "g": {}}) == {
        "a": 1,
        "b.c.d": None,
        "b.e": [{"f": 2}],
    }


@pytest.fixture(autouse=True)
def _no_run_is_left_open() -> Iterator[None]:
    yield
    import mlflow

    assert mlflow.active_run() is None


def test_processes_that_open_a_fresh_store_at_once_all_get_it(tmp_path: Path) -> None:
    """Two stages of a `make repro` do."""
    environment = {name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"}
    environment |= {"DVC_ROOT": str(tmp_path), "PYTHONPATH": str(Path(__file__).resolve().parents[3])}
    ask = "from pipelines.runs.mlflow_store import experiment_id; print(experiment_id('{}'))"
    command = [sys.executable, "-W", "ignore", "-c"]
    asked = [
        subprocess.Popen([*command, ask.format(name)], env=environment, stdout=subprocess.PIPE, text=True)
        for name in ("one", "two")
    ]
    answers = [process.communicate(timeout=120)[0].strip() for process in asked]
    assert sorted(answers) == ["1", "2"]


def test_a_full_disk_is_one_message(store: "MlflowClient", capsys: pytest.CaptureFixture[str]) -> None:
    """MLflow would print the traceback as well."""

    @sqlalchemy.event.listens_for(sqlalchemy.Engine, "before_cursor_execute")
    def fill(_connection: object, _cursor: object, statement: str, *_others: object) -> None:
        if statement.startswith("INSERT INTO runs "):
            raise sqlalchemy.exc.OperationalError(statement, None, sqlite3.OperationalError("disk is full"))

    try:
        with pytest.raises(TrackerError, match="disk is full"), TRACKER.run("run", "rnn-slots", PARAMS, TAGS):
            pass
    finally:
        sqlalchemy.event.remove(sqlalchemy.Engine, "before_cursor_execute", fill)
    assert "Traceback" not in capsys.readouterr().err
