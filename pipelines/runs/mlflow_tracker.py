"""MLflow as the tracker. The only importer of mlflow, but for the code of the served model (`serving.py`)."""

import contextlib
import json
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from pipelines import files
from pipelines.runs import signals
from pipelines.runs.tracker import Model, Page, TrackerError
from pipelines.task import Answer, Row

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric

HOME = files.ROOT / ".mlflow"
CHAMPION = "champion"  # the alias
SERVED = Path(__file__).with_name("serving.py")
EXPERIMENTS = "#/experiments?workflowType=machine_learning"  # the page it opens by default is about language models
DEFAULTS = {
    "DO_NOT_TRACK": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # A dead server is reported within seconds, not after MLflow's default of four minutes.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
}


def database() -> Path:
    """The file of the project's own store."""
    return HOME / "mlflow.db"


def store_uri() -> str:
    """The project's own store."""
    return f"sqlite:///{database()}"


def client() -> "MlflowClient":
    """A client of the store that MLFLOW_TRACKING_URI names, else of the project's own."""
    for name, value in (DEFAULTS | {"MLFLOW_TRACKING_URI": store_uri()}).items():
        os.environ.setdefault(name, value)
    import mlflow

    return mlflow.MlflowClient()


@contextlib.contextmanager
def _transaction() -> Iterator[None]:
    """Calls to the store: MLflow's errors become TrackerErrors, and an interruption waits until SQLite is done.

    A KeyboardInterrupt within MLflow's transaction would keep it open, and everybody out, for as long as somebody
    handles it: the run's own end as KILLED would wait for 20 s, and fail.
    """
    own = os.environ.get("MLFLOW_TRACKING_URI", store_uri()).startswith("sqlite:")
    with signals.uninterrupted() if own else contextlib.nullcontext():
        try:
            yield
        except Exception as error:
            # Naming its class would import MLflow, which takes seconds, where nothing has.
            if type(error).__module__.startswith("mlflow."):
                raise TrackerError(str(error)) from error
            raise


class MlflowRun:
    """An open MLflow run."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self._client = client()

    @_transaction()
    def epoch(self, row: Row) -> None:
        """One batch a call: on SQLite fifty times cheaper than a call for each figure."""
        self._client.log_batch(self.run_id, metrics=_metrics(row, int(row["epoch"])))

    @_transaction()
    def link_data(self, name: str, path: Path, digest: str) -> None:
        """`datasets.digest = '...'` finds the run in MLflow's search."""
        from mlflow.entities import Dataset, DatasetInput, InputTag

        dataset = Dataset(name=name, digest=digest, source_type="local", source=json.dumps({"uri": str(path)}))
        self._client.log_inputs(self.run_id, [DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])])

    @_transaction()
    def finish(self, figures: Row, folder: Path) -> None:
        """The final figures, and the run's files but for `run.json`, as artifacts.

        The kept epoch's figures on val get names of their own, beside the curves that end with the last epoch's.
        """
        named = {f"best_{key}" if key.startswith("val_") else key: value for key, value in figures.items()}
        self._client.log_batch(self.run_id, metrics=_metrics(named, 0))
        for file in sorted(folder.iterdir()):
            if file.name != "run.json":
                self._client.log_artifact(self.run_id, str(file))

    @_transaction()
    def end(self, status: str) -> None:
        """Ends the run in a status of MLflow's."""
        self._client.set_terminated(self.run_id, status)


class MlflowChampion:
    """A registered pyfunc model, loaded."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.config: Mapping[str, str] = model.model_config

    def predict(self, texts: list[str]) -> list[Answer]:
        answers: list[Answer] = self._model.predict(texts)
        return answers


class MlflowTracker:
    """The project's own store in SQLite, or the one that MLFLOW_TRACKING_URI names."""

    def state(self) -> Path:
        return HOME

    def address(self) -> str:
        return os.environ.get("MLFLOW_TRACKING_URI") or store_uri()

    @_transaction()
    def create_store(self, experiment: str) -> None:
        """One process at a time: those that open a fresh SQLite store at once crash."""
        experiment_id(experiment)

    @contextlib.contextmanager
    def run(
        self, name: str, experiment: str, params: Mapping[str, Any], tags: Mapping[str, str], run_id: str | None = None
    ) -> Iterator[MlflowRun]:
        """An MLflow run that ends with the block: FINISHED, FAILED or, when interrupted, KILLED.

        `run_id` names an interrupted run to resume; one that the store does not know is begun anew.
        """
        run: MlflowRun | None = None
        try:
            with _transaction():  # an interruption while the run is created waits until its id is known
                run = MlflowRun(_begin(name, experiment, params, tags, run_id))
            yield run
        except BaseException as error:
            if run:
                run.end("FAILED" if isinstance(error, Exception) else "KILLED")
            raise
        run.end("FINISHED")

    @_transaction()
    def find(self, experiment: str, fingerprint: str) -> str | None:
        store = client()
        found = store.get_experiment_by_name(experiment)
        query = f"tags.fingerprint = '{fingerprint}' and attributes.status = 'FINISHED'"
        runs = store.search_runs([found.experiment_id], query, max_results=1) if found else []
        return str(runs[0].info.run_id) if runs else None

    @_transaction()
    def register(self, model: Model) -> str:
        """The model is the code of `serving.py` beside a safetensors file: loading it runs no pickle."""
        store = client()
        import mlflow

        with contextlib.suppress(mlflow.exceptions.MlflowException):
            champion = store.get_model_version_by_alias(model.name, CHAMPION)
            if champion.tags.get("fingerprint") == model.tags["fingerprint"]:
                return str(champion.version)
        ended = store.get_run(model.run_id).info.end_time
        # Each task's answers have a type of their own, which MLflow's type hints cannot express.
        with mlflow.start_run(run_id=model.run_id), _without_warning("Any type hint"):
            logged = mlflow.pyfunc.log_model(
                name="model",
                python_model=str(SERVED),
                artifacts={"weights": str(model.weights)},
                model_config=dict(model.config),
                code_paths=[str(files.CODE / name) for name in ("pipelines", "inputs", "params.py")],
                pip_requirements=list(model.requirements),
                registered_model_name=model.name,
            )
        store.set_terminated(model.run_id, end_time=ended)  # registering is no part of the run's duration
        version = str(logged.registered_model_version)
        for key, value in model.tags.items():
            store.set_model_version_tag(model.name, version, key, value)
        store.set_registered_model_alias(model.name, CHAMPION, version)
        return version

    def champion(self, name: str) -> MlflowChampion:
        client()
        import mlflow

        try:
            return MlflowChampion(mlflow.pyfunc.load_model(f"models:/{name}@{CHAMPION}"))
        except mlflow.exceptions.MlflowException as error:
            raise ValueError(
                f"no champion of {name!r} in {self.address()} ({error.message}): "
                "run `make repro`, or `python -m pipelines publish` after the store was wiped; "
                f"a pipeline whose result is a report has none, but data/reports/{name}/page/report.md"
            ) from None

    def page(self, host: str, port: int) -> Page:
        address = f"http://{host}:{port}"
        HOME.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "mlflow", "server", "--host", host, "--port", str(port), "--workers", "1"]
        # No other site's page may ask by a browser; a tunnel to this machine may have any port.
        command += ["--allowed-hosts", ",".join([host, f"{host}:*", "localhost", "localhost:*"])]
        command += ["--backend-store-uri", store_uri(), "--artifacts-destination", _artifacts()]
        environment = os.environ | DEFAULTS | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        return Page(command, environment, f"{address}/health", f"{address}/{EXPERIMENTS}", HOME / "server.log")


def _artifacts() -> str:
    return (HOME / "artifacts").as_uri()


def experiment_id(experiment: str) -> str:
    HOME.mkdir(exist_ok=True)
    with FileLock(HOME / "store.lock"):
        store = client()
        own = os.environ["MLFLOW_TRACKING_URI"] == store_uri()
        if own and not database().exists():
            create_database(database())
        if found := store.get_experiment_by_name(experiment):
            return str(found.experiment_id)
        return str(store.create_experiment(experiment, _artifacts() if own else None))


def create_database(path: Path) -> None:
    """Creates an empty store in memory and writes it to `path`.

    MLflow creates its tables in 70 migrations, which wait for the disk a thousand times: 2 to 8 s instead of 1 s.
    """
    from mlflow import MlflowClient

    memory = Path("/dev/shm")  # noqa: S108  (Linux; elsewhere the usual folder)
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        MlflowClient(f"sqlite:///{folder}/mlflow.db").search_experiments()
        files.write_atomically(path, Path(folder, "mlflow.db").read_bytes())


def _begin(name: str, experiment: str, params: Mapping[str, Any], tags: Mapping[str, str], run_id: str | None) -> str:
    store = client()
    if run_id and _exists(store, run_id):
        store.update_run(run_id, "RUNNING")
        return run_id
    begun = str(store.create_run(experiment_id(experiment), tags={**tags}, run_name=name).info.run_id)
    from mlflow.entities import Param

    store.log_batch(begun, params=[Param(key, str(value)) for key, value in flat(params).items()])
    return begun


def _exists(store: "MlflowClient", run_id: str) -> bool:
    from mlflow.exceptions import MlflowException

    try:
        store.get_run(run_id)
    except MlflowException:
        return False
    return True


@contextlib.contextmanager
def _without_warning(words: str) -> Iterator[None]:
    """Holds back one warning: MLflow resets the filters that would do it."""
    with warnings.catch_warnings(record=True) as caught:
        yield
    for warning in caught:
        if words not in str(warning.message):
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)


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
