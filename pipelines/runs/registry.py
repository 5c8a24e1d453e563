"""The model registry: which run is a pipeline's champion, and how the tracker comes to know it."""

import importlib.metadata
import json
from pathlib import Path

from pipelines.files import write_atomically
from pipelines.reporting.comparison import read_champion
from pipelines.runs import folder as runs
from pipelines.runs.tracker import Model
from pipelines.runs.tracking import tracker
from pipelines.tables import DATA

# What the served model needs, at the versions that it was trained with.
REQUIREMENTS = ("mlflow", "torch", "safetensors", "pandas", "pyarrow", "pyyaml", "numpy", "scipy", "soundfile")


def promote(pipeline: str, data: Path = DATA) -> dict[str, str]:
    """Makes the run that a comparison found best the pipeline's champion; written to `data/registry/`."""
    best = read_champion(pipeline, data)
    figures = {name: str(value) for name, value in best.figures.items()}
    chosen = {"model": pipeline, "run": best.run, "variant": best.variant, **figures}
    register(chosen, data)
    write_atomically(data / "registry" / f"{pipeline}.json", json.dumps(chosen, indent=2).encode())
    return chosen


def register(chosen: dict[str, str], data: Path) -> str | None:
    """Gives the run of a promotion the alias `champion` in the store; returns the model's version.

    A run whose result is a report has no weights: it is in the store as a run, and nothing is registered.
    """
    pipeline, run = chosen["model"], chosen["run"]
    folder = data / "models" / pipeline / run
    runs.publish(folder)
    if not (folder / "model.safetensors").is_file():
        return None
    made = runs.read(folder)
    fingerprint = made["fingerprint"]
    run_id = tracker().find(pipeline, fingerprint)
    if run_id is None:
        raise ValueError(f"the tracking store lost {run} while it was being registered: try again")
    return tracker().register(
        Model(
            name=pipeline,
            run_id=run_id,
            weights=folder / "model.safetensors",
            config={key: made["params"][key] for key in ("family", "task")},
            requirements=[f"{name}=={importlib.metadata.version(name)}" for name in REQUIREMENTS],
            tags={**chosen, "fingerprint": fingerprint},
        )
    )


def publish(data: Path = DATA) -> tuple[int, int]:
    """Brings the tracking store in line with the stage outputs: (runs that it lacked, champions set)."""
    folders = sorted(path.parent for path in (data / "models").glob("*/*/run.json"))
    for pipeline in dict.fromkeys(folder.parent.name for folder in folders):
        tracker().create_store(pipeline)
    published = sum(runs.publish(folder) for folder in folders)
    promotions = sorted((data / "registry").glob("*.json"))
    versions = [register(json.loads(path.read_text(encoding="utf-8")), data) for path in promotions]
    return published, sum(version is not None for version in versions)
