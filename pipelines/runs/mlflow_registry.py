"""Registered models in MLflow: one version for a fingerprint, checked by digest before it answers."""

import contextlib
import hashlib
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from pipelines import files
from pipelines.runs import mlflow_store
from pipelines.runs.tracker import Model
from pipelines.task import Answer

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

CHAMPION = "champion"  # the alias
SERVED = Path(__file__).with_name("serving.py")
CONTENT = "files.sha256"  # the tag that holds a digest of all files of a version
ADDED = "registered_model_meta"  # MLflow writes it beside the files when it hands them out


class MlflowChampion:
    """A registered pyfunc model, loaded."""

    def __init__(self, model: Any, tags: Mapping[str, str]) -> None:
        self._model, self.tags = model, tags
        self.config: Mapping[str, str] = model.model_config

    def predict(self, texts: list[str]) -> list[Answer]:
        answers: list[Answer] = self._model.predict(texts)
        return answers


def register(model: Model) -> str:
    """Gives the model's version the alias; the version is made unless a whole one of its fingerprint is there.

    The model is the code of `serving.py` beside a safetensors file: loading it runs no pickle.
    """
    store = mlflow_store.client()
    with _alone(model.name):
        version = _registered(store, model) or _make(store, model)
        if _champion(store, model.name) != version:
            store.set_registered_model_alias(model.name, CHAMPION, version)
    return version


def champion(name: str) -> MlflowChampion:
    """The champion of that name. Raises ValueError where there is none, or where it is damaged."""
    store = mlflow_store.client()
    import mlflow

    try:
        version = store.get_model_version_by_alias(name, CHAMPION)
    except mlflow.exceptions.MlflowException as error:
        raise ValueError(
            f"no champion of {name!r} in {mlflow.get_tracking_uri()} ({error.message}): "
            "run `make repro`, or `python -m pipelines publish` after the store was wiped"
        ) from None
    if fault := _fault_of(version):
        raise ValueError(f"{fault}: `python -m pipelines publish` registers it again, from data/models/{name}")
    return MlflowChampion(mlflow.pyfunc.load_model(str(_folder(version))), version.tags)


@contextlib.contextmanager
def _alone(name: str) -> Iterator[None]:
    """Two promotions at once make one version: in the project's own store the second waits for the first."""
    mlflow_store.HOME.mkdir(parents=True, exist_ok=True)
    with FileLock(mlflow_store.HOME / f"{name}.lock") if mlflow_store.is_own() else contextlib.nullcontext():
        yield


def _champion(store: "MlflowClient", name: str) -> str | None:
    from mlflow.exceptions import MlflowException

    try:
        return str(store.get_model_version_by_alias(name, CHAMPION).version)
    except MlflowException:
        return None


def _registered(store: "MlflowClient", model: Model) -> str | None:
    """The version with the model's fingerprint; those that are damaged are removed."""
    for version in store.search_model_versions(f"name = '{model.name}'"):
        if version.tags.get("fingerprint") == model.tags["fingerprint"]:
            if _fault_of(version) is None:
                return str(version.version)
            store.delete_model_version(version.name, version.version)
    return None


def _make(store: "MlflowClient", model: Model) -> str:
    """Logs the model with its run, and then makes its version at once, with tags.

    What an interrupted call has logged before is removed: no version leads to it.
    """
    import mlflow
    from mlflow.exceptions import MlflowException
    from mlflow.models import Model as MlflowModel

    run = store.get_run(model.run_id)
    for left in store.search_logged_models([run.info.experiment_id], f"source_run_id = '{model.run_id}'"):
        store.delete_logged_model(left.model_id)
    logged = mlflow.initialize_logged_model(
        name="model", source_run_id=model.run_id, params=run.data.params, experiment_id=run.info.experiment_id
    )
    weights = files.digest_of(model.weights)
    with _without_warning("Any type hint"):  # each task's answers have a type of their own
        MlflowModel.log(
            artifact_path=None,
            name="model",
            flavor=mlflow.pyfunc,
            run_id=model.run_id,  # not `start_run`: the run would be RUNNING again until this has ended
            model_id=logged.model_id,
            python_model=str(SERVED),
            artifacts={"weights": str(model.weights)},
            model_config={**model.config, "sha256": weights},
            code_paths=[str(files.CODE / name) for name in ("pipelines", "inputs", "params.py")],
            pip_requirements=list(model.requirements),
        )
    source = f"models:/{logged.model_id}"
    content = _digest(Path(mlflow.artifacts.download_artifacts(source)))
    with contextlib.suppress(MlflowException):  # it exists
        store.create_registered_model(model.name)
    tags = {**model.tags, "weights.sha256": weights, CONTENT: content}
    made = store.create_model_version(model.name, source, model.run_id, tags, model_id=logged.model_id)
    return str(made.version)


def _folder(version: "ModelVersion") -> Path:
    """Where the files of a version are, brought here where the store is on another machine."""
    import mlflow

    return Path(mlflow.artifacts.download_artifacts(f"models:/{version.name}/{version.version}"))


def _fault_of(version: "ModelVersion") -> str | None:
    """What is wrong with a registered version, by its digests."""
    from mlflow.exceptions import MlflowException

    named = f"version {version.version} of the registered model {version.name}"
    try:
        folder = _folder(version)
    except (MlflowException, OSError) as error:
        return f"the files of {named} cannot be read ({error})"
    if not (expected := version.tags.get(CONTENT)):
        return f"{named} has no tag {CONTENT}: an earlier edition registered it"
    for weights in folder.glob("artifacts/*.safetensors"):
        if files.digest_of(weights) != version.tags.get("weights.sha256"):
            return f"{weights}, the weights of {named}, is damaged: it has changed since it was registered"
    return None if _digest(folder) == expected else f"the files of {named} in {folder} are damaged: they have changed"


def _digest(folder: Path) -> str:
    """A digest of all files below a folder, by their names; bytecode and what MLflow adds are left out."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".pyc" and path.name != ADDED:
            digest.update(f"{path.relative_to(folder).as_posix()} {files.digest_of(path)}\n".encode())
    return digest.hexdigest()


@contextlib.contextmanager
def _without_warning(words: str) -> Iterator[None]:
    """Holds back one warning: MLflow resets the filters that would do it."""
    with warnings.catch_warnings(record=True) as caught:
        yield
    for warning in caught:
        if words not in str(warning.message):
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
