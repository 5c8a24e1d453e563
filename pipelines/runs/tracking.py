"""MLflow: what people look at. The only importer of mlflow but for the served model.

The tracking store is a projection of the stage outputs: everything that a run tells MLflow stands in the run's folder
too (`run.json`, `history.csv`, `metrics.json`, pictures, weights), and `publish` writes it again to an empty store.
"""

import contextlib
import json
import os
import time
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from pipelines import files
from pipelines.runs import interruptions

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric

STORE_URI = f"sqlite:///{files.MLFLOW_HOME / 'mlflow.db'}"
CHAMPION = "champion"


def client() -> "MlflowClient":
    """A client of the store that MLFLOW_TRACKING_URI names, else of the project's own."""
    os.environ.setdefault("MLFLOW_TRACKING_URI", STORE_URI)
    # A dead server is told within seconds, not after MLflow's default of four minutes.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "20")
    import mlflow

    return mlflow.MlflowClient()


@contextlib.contextmanager
def _whole() -> Iterator[None]:
    """Calls to a store in SQLite, as the project's own: an interruption waits until they are done.

    A KeyboardInterrupt within MLflow's transaction would keep it open, and everybody out, for as long as somebody
    handles it: the run's own end as KILLED would wait for 20 s, and fail.
    """
    own = os.environ.get("MLFLOW_TRACKING_URI", STORE_URI).startswith("sqlite:")
    with interruptions.uninterrupted() if own else contextlib.nullcontext():
        yield


@_whole()
def create_store(experiment: str) -> str:
    """Creates the store and the experiment where they do not exist; returns the experiment's id.

    To be called before processes fan out, and one at a time: those that open a fresh SQLite store at once crash.
    """
    files.MLFLOW_HOME.mkdir(exist_ok=True)
    with FileLock(files.MLFLOW_HOME / "store.lock"):
        store = client()
        if found := store.get_experiment_by_name(experiment):
            return str(found.experiment_id)
        own = os.environ["MLFLOW_TRACKING_URI"] == STORE_URI
        return str(store.create_experiment(experiment, (files.MLFLOW_HOME / "artifacts").as_uri() if own else None))


class TrackedRun:
    """An open MLflow run, as the `log` that a training function writes to."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self._client = client()

    @_whole()
    def epoch(self, row: Mapping[str, float]) -> None:
        """One batch a call: on SQLite fifty times cheaper than a call for each figure."""
        self._client.log_batch(self.run_id, metrics=_metrics(row, int(row["epoch"])))

    @_whole()
    def finish(self, metrics: Mapping[str, float], folder: Path) -> None:
        """The final figures, and the run's files but for `run.json`, as artifacts.

        The kept epoch's figures on val get names of their own, beside the curves that end with the last epoch's.
        """
        named = {f"best_{key}" if key.startswith("val_") else key: value for key, value in metrics.items()}
        self._client.log_batch(self.run_id, metrics=_metrics(named, 0))
        for file in sorted(folder.iterdir()):
            if file.name != "run.json":
                self._client.log_artifact(self.run_id, str(file))

    @_whole()
    def end(self, status: str) -> None:
        """Ends the run in a status of MLflow's."""
        self._client.set_terminated(self.run_id, status)


@contextlib.contextmanager
def tracked(
    name: str, experiment: str, params: Mapping[str, Any], tags: Mapping[str, str], run_id: str | None = None
) -> Iterator[TrackedRun]:
    """An MLflow run that ends with the block: FINISHED, FAILED or, when interrupted, KILLED.

    `run_id` names an interrupted run to go on with; one that the store does not know is begun anew.
    """
    run: TrackedRun | None = None
    try:
        with _whole():  # an interruption while the run is created comes when it is known, and can be ended
            run = TrackedRun(_begin(name, experiment, params, tags, run_id))
        yield run
    except BaseException as error:
        if run:
            run.end("FAILED" if isinstance(error, Exception) else "KILLED")
        raise
    run.end("FINISHED")


def _begin(name: str, experiment: str, params: Mapping[str, Any], tags: Mapping[str, str], run_id: str | None) -> str:
    store = client()
    if run_id and _exists(store, run_id):
        store.update_run(run_id, "RUNNING")
        return run_id
    begun = str(store.create_run(create_store(experiment), tags={**tags}, run_name=name).info.run_id)
    from mlflow.entities import Param

    store.log_batch(begun, params=[Param(key, str(value)) for key, value in flat(params).items()])
    return begun


@_whole()
def log_dataset(run_id: str, name: str, path: Path, digest: str) -> None:
    """Ties a run to its training data: `datasets.digest = '...'` finds it in MLflow's search."""
    store = client()
    from mlflow.entities import Dataset, DatasetInput, InputTag

    dataset = Dataset(name=name, digest=digest, source_type="local", source=json.dumps({"uri": str(path)}))
    store.log_inputs(run_id, [DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])])


@_whole()
def find_run(experiment: str, fingerprint: str) -> str | None:
    """The id of the finished run with this fingerprint, or None."""
    store = client()
    found = store.get_experiment_by_name(experiment)
    query = f"tags.fingerprint = '{fingerprint}' and attributes.status = 'FINISHED'"
    runs = store.search_runs([found.experiment_id], query, max_results=1) if found else []
    return str(runs[0].info.run_id) if runs else None


@_whole()
def register(
    name: str, run_id: str, weights: Path, *, asked: dict[str, str], requirements: list[str], tags: Mapping[str, str]
) -> str:
    """Logs `weights` as a servable model of the run and makes it the champion of `name`; returns the version.

    `asked` names the family and the task whose predictor answers.

    The model is the code of `serving.py` beside a safetensors file: loading it runs no pickle.
    """
    store = client()
    import mlflow

    with contextlib.suppress(mlflow.exceptions.MlflowException):
        champion = store.get_model_version_by_alias(name, CHAMPION)
        if champion.tags.get("fingerprint") == tags["fingerprint"]:
            return str(champion.version)
    ended = store.get_run(run_id).info.end_time
    with mlflow.start_run(run_id=run_id), _without_warning("Any type hint"):  # each task's answers are of its own kind
        logged = mlflow.pyfunc.log_model(
            name="model",
            python_model=str(Path(__file__).with_name("serving.py")),
            artifacts={"weights": str(weights)},
            model_config=asked,
            code_paths=[str(Path(__file__).parent)],
            pip_requirements=requirements,
            registered_model_name=name,
        )
    store.set_terminated(run_id, end_time=ended)  # registering is no part of the run's duration
    version = str(logged.registered_model_version)
    for key, value in tags.items():
        store.set_model_version_tag(name, version, key, value)
    store.set_registered_model_alias(name, CHAMPION, version)
    return version


@contextlib.contextmanager
def _without_warning(words: str) -> Iterator[None]:
    """Holds back one warning: MLflow resets the filters that would do it."""
    with warnings.catch_warnings(record=True) as caught:
        yield
    for warning in caught:
        if words not in str(warning.message):
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)


def load_champion(name: str) -> Any:
    """The pyfunc model with the alias `champion`. Raises ValueError where there is none."""
    client()
    import mlflow

    try:
        return mlflow.pyfunc.load_model(f"models:/{name}@{CHAMPION}")
    except mlflow.exceptions.MlflowException as error:
        raise ValueError(
            f"no champion of {name!r} in {os.environ['MLFLOW_TRACKING_URI']} ({error.message}): "
            "run `make repro`, or `python -m pipelines publish` after the store was wiped; "
            f"a pipeline whose result is a report has none, but data/reports/{name}/page/report.md"
        ) from None


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, with keys joined by dots."""
    result: dict[str, Any] = {}
    for key, value in values.items():
        nested = isinstance(value, Mapping)
        result |= flat(value, f"{prefix}{key}.") if nested else {f"{prefix}{key}": value}
    return result


def _metrics(figures: Mapping[str, float], step: int) -> "list[Metric]":
    from mlflow.entities import Metric

    now = int(time.time() * 1000)
    return [Metric(key, float(value), now, step) for key, value in figures.items() if key != "epoch"]


def _exists(store: "MlflowClient", run_id: str) -> bool:
    from mlflow.exceptions import MlflowException

    try:
        store.get_run(run_id)
    except MlflowException:
        return False
    return True
