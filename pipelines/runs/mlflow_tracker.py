"""MLflow as the tracker. MLflow is imported here, in `mlflow_store.py`, `mlflow_registry.py`, and in the code of the
served model (`serving.py`) alone.
"""

import contextlib
import json
import math
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines import files
from pipelines.runs import mlflow_registry, mlflow_store
from pipelines.runs.mlflow_registry import MlflowChampion
from pipelines.runs.mlflow_store import client, experiment_id, transaction
from pipelines.runs.tracker import Model, Page
from pipelines.task import Row

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Run

EXPERIMENTS = "#/experiments?workflowType=machine_learning"  # the page it opens by default is about language models


class MlflowRun:
    """An open MLflow run. What it had before it was interrupted is not logged twice."""

    def __init__(self, run: "Run") -> None:
        self.run_id = str(run.info.run_id)
        self._client = client()
        self._ended = run.info.end_time if run.info.status == "FINISHED" else None
        histories = (self._client.get_metric_history(self.run_id, key) for key in run.data.metrics)
        self._known = {(point.key, point.step): point.value for history in histories for point in history}

    @transaction()
    def epoch(self, row: Row) -> None:
        """One batch a call: on SQLite fifty times cheaper than a call for each figure."""
        self._log(row, int(row["epoch"]))

    @transaction()
    def link_data(self, name: str, path: Path, digest: str) -> None:
        """`datasets.digest = '...'` finds the run in MLflow's search."""
        from mlflow.entities import Dataset, DatasetInput, InputTag

        dataset = Dataset(name=name, digest=digest, source_type="local", source=json.dumps({"uri": str(path)}))
        self._client.log_inputs(self.run_id, [DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])])

    @transaction()
    def finish(self, figures: Row, folder: Path) -> None:
        """The final figures, and the run's files but for `run.json`, as artifacts.

        The kept epoch's figures on val get names of their own, beside the curves that end with the last epoch's.
        """
        named = {f"best_{key}" if key.startswith("val_") else key: value for key, value in figures.items()}
        self._log(named, 0)
        for file in sorted(folder.iterdir()):
            if file.name != "run.json":
                self._client.log_artifact(self.run_id, str(file))

    @transaction()
    def end(self, status: str) -> None:
        """Ends the run in a status of MLflow's."""
        self._client.set_terminated(self.run_id, status, self._ended)

    def _log(self, row: Row, step: int) -> None:
        new = [one for one in _metrics(row, step) if not _is_same(one.value, self._known.get((one.key, step)))]
        self._client.log_batch(self.run_id, metrics=new)


class MlflowTracker:
    """The project's own store in SQLite, or the one that MLFLOW_TRACKING_URI names."""

    def state(self) -> Path:
        return mlflow_store.HOME

    def address(self) -> str:
        return os.environ.get("MLFLOW_TRACKING_URI") or mlflow_store.store_uri()

    def check(self) -> None:
        if mlflow_store.is_own():
            mlflow_store.check(mlflow_store.database())

    def renew(self) -> Path | None:
        return mlflow_store.renew() if mlflow_store.is_own() else None

    @transaction()
    def create_store(self, experiment: str) -> None:
        experiment_id(experiment)

    @contextlib.contextmanager
    def run(
        self, name: str, experiment: str, params: Mapping[str, Any], tags: Mapping[str, str], run_id: str | None = None
    ) -> Iterator[MlflowRun]:
        """An MLflow run that ends with the block: FINISHED, FAILED or, when interrupted, KILLED.

        `run_id` names a run to go on with; one that the store does not know is begun anew, unless the store has one
        with the same tags `fingerprint` and `folder`.
        """
        run: MlflowRun | None = None
        try:
            with transaction():  # an interruption while the run is created waits until its id is known
                run = _begin(name, experiment, params, tags, run_id)
            yield run
        except BaseException as error:
            if run:
                run.end("FAILED" if isinstance(error, Exception) else "KILLED")
            raise
        run.end("FINISHED")

    @transaction()
    def find(self, experiment: str, fingerprint: str, run_id: str | None = None) -> str | None:
        store = client()
        if own := _active(store, run_id):
            return str(own.info.run_id) if own.info.status == "FINISHED" else None
        found = store.get_experiment_by_name(experiment)
        query = f"tags.fingerprint = '{fingerprint}' and attributes.status = 'FINISHED'"
        runs = store.search_runs([found.experiment_id], query, max_results=1) if found else []
        return str(runs[0].info.run_id) if runs else None

    @transaction()
    def end_abandoned(self, experiment: str, is_in_use: Callable[[str], bool]) -> None:
        store = client()
        if found := store.get_experiment_by_name(experiment):
            for run in store.search_runs([found.experiment_id], "attributes.status = 'RUNNING'"):
                tags = run.data.tags
                is_ours = mlflow_store.is_own() or tags.get("project") == _project()
                if is_ours and tags.get("folder") and not is_in_use(tags["folder"]):
                    store.set_terminated(run.info.run_id, "KILLED")

    @transaction()
    def register(self, model: Model) -> str:
        return mlflow_registry.register(model)

    def champion(self, name: str) -> MlflowChampion:
        return mlflow_registry.champion(name)

    def page(self, host: str, port: int) -> Page:
        address = f"http://{host}:{port}"
        self.check()
        mlflow_store.HOME.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "mlflow", "server", "--host", host, "--port", str(port), "--workers", "1"]
        # No other site's page may ask by a browser; a tunnel to this machine may have any port.
        command += ["--allowed-hosts", ",".join([host, f"{host}:*", "localhost", "localhost:*"])]
        command += ["--backend-store-uri", mlflow_store.store_uri()]
        command += ["--artifacts-destination", mlflow_store.artifacts_uri()]
        environment = os.environ | mlflow_store.DEFAULTS | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        return Page(
            command, environment, f"{address}/health", f"{address}/{EXPERIMENTS}", mlflow_store.HOME / "server.log"
        )


def _is_same(value: float, known: float | None) -> bool:
    """Whether a figure is the known one: `history.csv`, from which `publish` reads it, has six digits."""
    return known is not None and (math.isclose(value, known, rel_tol=1e-5) or (math.isnan(value) and math.isnan(known)))


def _project() -> str:
    """This copy of the project, for a store that others write to as well."""
    return f"{socket.gethostname()}:{files.ROOT.absolute()}".replace("'", "")


def _own(fingerprint: str, folder: str) -> str:
    """A query for the runs that were made in a folder of this project; no fingerprint: any of them."""
    parts = {"fingerprint": fingerprint, "folder": folder}
    if not mlflow_store.is_own():
        parts["project"] = _project()
    return " and ".join(f"tags.{key} = '{value}'" for key, value in parts.items() if value)


def _begin(
    name: str, experiment: str, params: Mapping[str, Any], tags: Mapping[str, str], run_id: str | None
) -> MlflowRun:
    """Goes on with the run where the store has it, in any state; else creates it."""
    from mlflow.entities import Param

    store, home = client(), experiment_id(experiment)
    found = _active(store, run_id) or _of_folder(store, home, tags)
    if found is None:
        found = store.create_run(home, tags={**tags, "project": _project()}, run_name=name)
    elif found.info.status != "RUNNING":
        store.update_run(found.info.run_id, "RUNNING")
    store.log_batch(found.info.run_id, params=[Param(key, str(value)) for key, value in flat(params).items()])
    return MlflowRun(found)


def _active(store: "MlflowClient", run_id: str | None) -> "Run | None":
    """The run with that id, unless it was deleted."""
    from mlflow.exceptions import MlflowException

    try:
        found = store.get_run(run_id) if run_id else None
    except MlflowException:
        return None
    return found if found and found.info.lifecycle_stage == "active" else None


def _of_folder(store: "MlflowClient", home: str, tags: Mapping[str, str]) -> "Run | None":
    """The run that was made in the same folder, from the same: its record may be damaged, or was never written."""
    if not tags.get("folder"):
        return None
    found = store.search_runs([home], _own(tags["fingerprint"], tags["folder"]), max_results=1)
    return found[0] if found else None


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
