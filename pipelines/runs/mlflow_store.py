"""The project's own MLflow store, its client, and how calls to it fail."""

import contextlib
import functools
import logging
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from filelock import FileLock

from pipelines import files
from pipelines.runs import databases, signals
from pipelines.runs.scratch import folder_in
from pipelines.runs.tracker import TrackerError

if TYPE_CHECKING:
    from mlflow import MlflowClient

HOME = files.ROOT / ".mlflow"
KIND = {"mlflow.experimentKind": "custom_model_development"}  # else the pages about language models are opened
MIGRATIONS = "store/db_migrations/versions"  # in MLflow's package
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


def artifacts_uri() -> str:
    """Where the project's own store keeps files."""
    return (HOME / "artifacts").as_uri()


def is_own() -> bool:
    """Whether the store that is written to is the project's own."""
    return (os.environ.get("MLFLOW_TRACKING_URI") or store_uri()) == store_uri()


def client() -> "MlflowClient":
    """A client of the store that MLFLOW_TRACKING_URI names, else of the project's own.

    Raises TrackerError where the project's own is damaged.
    """
    for name, value in (DEFAULTS | {"MLFLOW_TRACKING_URI": store_uri()}).items():
        os.environ.setdefault(name, value)
    if is_own():
        check(database())
    import mlflow

    # It prints the traceback of an error (a full disk, say) that is raised as well, and reported as one message.
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
    return mlflow.MlflowClient()


def check(path: Path) -> None:
    """Raises TrackerError where the database is there and cannot be used; looked at once a process."""
    if path.exists() and (fault := _fault(path, path.stat().st_ino)):
        raise TrackerError(
            f"{path} {fault}. No result is lost with it, only the history of scheduled runs and "
            "experiments: `python -m pipelines publish` sets it aside and fills a new one from the stages' outputs"
        )


@functools.lru_cache(maxsize=4)
def _fault(path: Path, _inode: int) -> str | None:
    if fault := databases.fault_of(path, "mlflow", MIGRATIONS):
        return f"is damaged ({fault})"
    if other := _other_place(path):
        return f"names files in {other}: the project was moved or copied here from another folder"
    return None


def _other_place(path: Path) -> Path | None:
    """A folder outside the project where the database's experiments keep their files; None where it is busy, too."""
    query = "SELECT artifact_location FROM experiments WHERE name != 'Default'"
    with (
        contextlib.suppress(sqlite3.OperationalError),
        contextlib.closing(sqlite3.connect(path, timeout=30)) as database,
    ):
        for (place,) in database.execute(query):
            folder = Path(url2pathname(urlsplit(place).path))
            if folder.resolve() != (HOME / "artifacts").resolve():
                return folder
    return None


def renew() -> Path | None:
    """Sets the project's own database aside where it cannot be used; its new place."""
    try:
        check(database())
    except TrackerError:
        return databases.set_aside(database())
    return None


@contextlib.contextmanager
def transaction() -> Iterator[None]:
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
            if type(error).__module__.partition(".")[0] in ("mlflow", "sqlalchemy"):
                raise TrackerError(str(error)) from error
            raise


def experiment_id(experiment: str) -> str:
    """The id of an experiment; it and the store are created where they do not exist.

    One process at a time: those that open a fresh SQLite store at once crash.
    """
    HOME.mkdir(exist_ok=True)
    with FileLock(HOME / "store.lock"):
        if is_own() and not database().exists():
            create_database(database())
        store = client()
        if found := store.get_experiment_by_name(experiment):
            if found.lifecycle_stage == "deleted":
                store.restore_experiment(found.experiment_id)
            return str(found.experiment_id)
        return str(store.create_experiment(experiment, artifacts_uri() if is_own() else None, KIND))


def create_database(path: Path) -> None:
    """Creates an empty store in memory and writes it to `path`.

    MLflow creates its tables in 70 migrations, which wait for the disk a thousand times: 2 to 8 s instead of 1 s.
    """
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
    from mlflow import MlflowClient

    memory = Path("/dev/shm")  # noqa: S108  (Linux; elsewhere the usual folder)
    with folder_in(memory if os.access(memory, os.W_OK) else Path(tempfile.gettempdir())) as folder:
        MlflowClient(f"sqlite:///{folder}/mlflow.db").search_experiments()
        files.write_atomically(path, Path(folder, "mlflow.db").read_bytes())
