"""Finished runs -> records for the ledgers: figures over seeds, the tables that documents show, where, when and how."""

import csv
import json
import os
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import params
from pipelines import task
from pipelines.reporting import sealed
from pipelines.reporting.ledger import Record, Rows
from pipelines.reporting.sealed import Made
from pipelines.settings import load_pipeline

Tables = Callable[[str, Path], dict[str, Rows]]


def of_runs(folders: Sequence[Path], tables: Tables, settings: Path = params.FILE) -> list[Record]:
    """The records of finished runs, those of a variant's seeds as one.

    `tables(pipeline, folder)` gives what is recorded of the tables in a run's folder. `settings` is the params.yaml
    from which a run's settings can differ. Raises ValueError that names the folder that holds no finished run, or the
    file that has been damaged since.
    """
    groups: dict[tuple[str, ...], list[Path]] = {}
    for folder in folders:
        made = sealed.read_finished(folder)
        key = (made["params"]["pipeline"], made["tags"]["data.source"], made["params"]["variant"])
        groups.setdefault((*key, *_changed(made, settings)), []).append(folder)
    return [_record(runs, tables, settings) for runs in groups.values()]


def _record(folders: Sequence[Path], tables: Tables, settings: Path) -> Record:
    made = [sealed.read_finished(folder) for folder in folders]
    first, tags = made[0]["params"], made[0]["tags"]
    figures = [json.loads((folder / "metrics.json").read_text(encoding="utf-8")) for folder in folders]
    decimals = {figure.name: figure.decimals for figure in task.find(first["family"], first["task"]).comparison.figures}
    names = [name for name in figures[0] if name != "best_epoch"]
    changed = _changed(made[0], settings)
    return Record(
        pipeline=first["pipeline"],
        data=tags["data.source"],
        variant=first["variant"],
        settings=changed,
        seeds=len(folders),
        figures={name: figure([row[name] for row in figures], decimals.get(name)) for name in names},
        tables=tables(first["pipeline"], folders[0]),
        seconds=round(statistics.mean(run["seconds"] for run in made), 1),
        machine=tags.get("machine") or machine(tags["device"]),
        commit=tags["git.commit"][:7] + (" with changes" if tags["git.dirty"] == "true" else ""),
        command=_command(made[0], changed),
    )


def _changed(made: Made, settings: Path) -> tuple[str, ...]:
    """What differs from the variant's settings in params.yaml; `seeds` for a variant that has none there."""
    run = made["params"]
    pipeline = load_pipeline(run["pipeline"], settings, made["tags"]["data.source"])
    resolved = asdict(task.find(run["family"], run["task"]).resolve(pipeline.run(run["variant"])))
    own = _flat(json.loads(json.dumps(resolved)))
    changed = [
        f"{key}={value if isinstance(value, str) else json.dumps(value)}"
        for key, value in _flat({part: run[part] for part in ("model", "training")}).items()
        if own.get(key) != value
    ]
    return tuple(sorted([*changed, *([] if pipeline.variants[run["variant"]].seeds else ["seeds=1"])]))


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings by dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return flat


def _command(made: Made, changed: Sequence[str]) -> str:
    run, source = made["params"], made["tags"]["data.source"]
    if not made["tags"].get("stage"):
        return f"python -m pipelines standalone {run['pipeline']} {run['variant']}"
    if not changed:
        return "make repro" if source == "builtin" else f"make repro DATA={source}"
    family, _, key = run["pipeline"].partition("-")
    section = f"pipelines.{family}.{key}.{'public.' if source == 'public' else ''}variants.{run['variant']}"
    sources = ["data.source=public"] if source == "public" else []
    options = [f"-S '{option}'" for option in [*sources, *(f"++{section}.{setting}" for setting in changed)]]
    return f"dvc exp run {' '.join(options)} {family}@{key}"


def figure(values: Sequence[float], decimals: int | None) -> str:
    """The mean of `values` over seeds, ± their standard deviation; None: four digits, and whole numbers whole."""

    def text(value: float) -> str:
        if decimals is not None:
            return f"{value:,.{decimals}f}"
        return f"{value:,.0f}" if float(value).is_integer() else f"{value:.4g}"

    spread = f" ± {text(statistics.stdev(values))}" if len(values) > 1 else ""
    return text(statistics.mean(values)) + spread


def rows(file: Path) -> Rows:
    """A CSV file of a run, each cell as it is written there."""
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def machine(device: str) -> str:
    """The kind of this machine, as far as it decides the last digits of a result."""
    if device == "cuda":
        import torch

        return f"one {torch.cuda.get_device_name()}"
    flags = Path("/proc/cpuinfo").read_text(encoding="utf-8").split() if Path("/proc/cpuinfo").is_file() else []
    kind = next(
        (name for name, flag in (("AVX-512", "avx512f"), ("AVX2", "avx2")) if flag in flags), "another processor"
    )
    return f"{os.cpu_count()} cores, {kind}"
