"""The model registry: which run is a pipeline's champion, and how the tracker comes to know it."""

import importlib.metadata
import json
from collections.abc import Callable
from pathlib import Path

from pipelines import files, task
from pipelines.files import SEAL, read_sealed, sealed, write_atomically
from pipelines.reporting.comparison import read_champion
from pipelines.reporting.sealed import RECORD, read_finished
from pipelines.runs import folder as runs
from pipelines.runs.alone import alone
from pipelines.runs.tracker import Model
from pipelines.runs.tracking import stamp, tracker
from pipelines.tables import DATA
from pipelines.task import Task


def promote(pipeline: str, data: Path = DATA) -> dict[str, str]:
    """Makes the run that a comparison found best the pipeline's champion; written to `data/registry/`.

    In the copy of an experiment it is only written there: what `predict` answers with stays the workspace's champion
    until the experiment is applied.
    """
    best = read_champion(pipeline, data)
    figures = {name: str(value) for name, value in best.figures.items()}
    chosen = {"model": pipeline, "run": best.run, "variant": best.variant, **figures}
    if is_workspace(data):
        stamp().unlink(missing_ok=True)  # DVC may bring the outputs of before back, and no stage runs then
        register(chosen, data)
    write_atomically(data / "registry" / f"{pipeline}.json", json.dumps(sealed(chosen), indent=2).encode())
    return chosen


def is_workspace(data: Path) -> bool:
    """Whether `data` is the project's own folder, and not that of a copy which DVC makes within for an experiment."""
    data, root = data.resolve(), files.ROOT.resolve()
    return data == root / DATA or not data.is_relative_to(root)


def register(chosen: dict[str, str], data: Path) -> str | None:
    """Gives the run of a promotion the alias `champion` in the store; returns the model's version.

    A run whose result is a report has no weights: it is in the store as a run, and nothing is registered.
    """
    pipeline, run = chosen["model"], chosen["run"]
    folder = data / "models" / pipeline / run
    runs.publish(folder)
    if not (folder / "model.safetensors").is_file():
        return None
    made = read_finished(folder)
    fingerprint = made["fingerprint"]
    run_id = tracker().find(pipeline, fingerprint, made.get("run_id"))
    if run_id is None:
        raise ValueError(f"the tracking store lost {run} while it was being registered: try again")
    return tracker().register(
        Model(
            name=pipeline,
            run_id=run_id,
            weights=folder / "model.safetensors",
            config={key: made["params"][key] for key in ("family", "task")},
            requirements=requirements_of(task.find(made["params"]["family"], made["params"]["task"])),
            tags={**chosen, "fingerprint": fingerprint},
        )
    )


def requirements_of(served: Task) -> list[str]:
    """What the task's served model needs, for pip: at the versions that are installed here."""
    distributions = importlib.metadata.packages_distributions()
    libraries = {"mlflow", *files.libraries_of(f"{served.package}.predict")}
    known = {library: distributions[library] for library in libraries if library in distributions}
    names = {library if library in packages else packages[0] for library, packages in known.items()}
    return [f"{name}=={importlib.metadata.version(name)}" for name in sorted(names, key=str.lower)]


def chosen_champion(pipeline: str, data: Path = DATA) -> dict[str, str]:
    """The promotion that the stage's outputs hold, as tags of the registered model; empty where there is none."""
    path = data / "registry" / f"{pipeline}.json"
    return {key: value for key, value in read_sealed(path).items() if key != SEAL} if path.is_file() else {}


def publish(data: Path = DATA) -> tuple[int, int]:
    """Brings the tracking store in line with the stage outputs: (runs that it lacked, champions set).

    A store that is damaged is set aside first. Raises ValueError that names the outputs which are damaged, after all
    others were published.
    """
    if place := tracker().renew():
        print(f"set the store aside, as {place}")
    folders = sorted(path.parent for path in (data / "models").glob(f"*/*/{RECORD}"))
    counts, faults = [0, 0], list[str]()
    for pipeline in dict.fromkeys(folder.parent.name for folder in folders):
        tracker().create_store(pipeline)
        with alone(lock_of(pipeline, data), f"runs {pipeline} here", print):
            tracker().end_abandoned(pipeline, runs.is_being_trained)
            for folder in folders:
                if folder.parent.name == pipeline:
                    counts[0] += _attempted(lambda: runs.publish(folder), faults)  # noqa: B023  called at once
            counts[1] += _attempted(lambda: _republish(pipeline, data), faults)  # noqa: B023
    if faults:
        raise ValueError("\n".join([*dict.fromkeys(faults), "`make repro` makes them again; all else was published"]))
    return counts[0], counts[1]


def lock_of(pipeline: str, data: Path) -> Path:
    """The lock of whoever works on a pipeline's outputs in `data`."""
    return data / "work" / pipeline / ".lock"


def _attempted(publish: Callable[[], bool], faults: list[str]) -> bool:
    """Whether something was published; a fault of the outputs is kept, to be reported when the others were."""
    try:
        return publish()
    except ValueError as error:
        faults.append(str(error))
        return False


def _republish(pipeline: str, data: Path) -> bool:
    chosen = chosen_champion(pipeline, data)
    return bool(chosen) and register(chosen, data) is not None
