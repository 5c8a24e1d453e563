"""A run's folder: what it was made from, whether it is finished, and its projection into MLflow.

Runs are made in `data/work/<pipeline>/<run>` and stay there: a stage that is interrupted, or that runs again after a
part of its settings changed, goes on with what is there and trains only what its fingerprint does not cover.
"""

import dataclasses
import functools
import hashlib
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import torch
import yaml

from pipelines import tasks
from pipelines.files import write_atomically
from pipelines.nn.training import choose_device
from pipelines.runs import tracking
from pipelines.settings import Run
from pipelines.tables import PREPARED, quarantined, source_of, tables_of, warnings_of
from pipelines.task import Log, Row

Train = Callable[[Run, Path, Path, Log], Row]


def execute(run: Run, work: Path, train: Train, report: Callable[[str], None]) -> Path:
    """Trains `run` in `work/<name>` unless that folder already holds the same run, finished; returns the folder."""
    folder, tables = work / run.name, tables_of(run.dataset)
    description = describe(run, tables)
    made = read(folder)
    if made.get("fingerprint") != description["fingerprint"]:
        shutil.rmtree(folder, ignore_errors=True)
        made = {}
    if made.get("finished"):
        report(f"{run.name}: unchanged, kept ({_headline(run, _metrics(folder))})")
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "checkpoint.safetensors").exists():
        report(f"{run.name}: going on from its last finished epoch")
    tags, params = description["tags"], description["params"]
    with tracking.tracked(run.name, run.pipeline, params, tags, made.get("run_id")) as tracked:
        _write(folder, description | {"run_id": tracked.run_id, "finished": False})
        _link_data(tracked.run_id, description)
        began = time.monotonic()
        figures = train(run, tables, folder, _Progress(tracked, run, report))
        tracked.finish(figures, folder)
        seconds = round(time.monotonic() - began, 1)
        _write(folder, description | {"run_id": tracked.run_id, "finished": True, "seconds": seconds})
    report(f"{run.name}: {_headline(run, figures)}, {seconds:.0f} s")
    return folder


def publish(folder: Path) -> bool:
    """Writes a finished run's folder to a tracking store that lacks it; False where the store has it."""
    made = read(folder)
    pipeline = made["params"]["pipeline"]
    if tracking.find_run(pipeline, made["fingerprint"]):
        return False
    with tracking.tracked(folder.name, pipeline, made["params"], made["tags"]) as tracked:
        _link_data(tracked.run_id, made)
        for row in pd.read_csv(folder / "history.csv").to_dict("records"):
            tracked.epoch({str(key): float(value) for key, value in row.items()})
        tracked.finish(_metrics(folder), folder)
    return True


def _link_data(run_id: str, made: Mapping[str, Any]) -> None:
    """Names the run's data in MLflow by the digest that DVC knows it by."""
    dataset = made["params"]["dataset"]
    path = PREPARED / dataset
    digest = made["tags"].get(f"dvc.md5.{path.as_posix()}", made["fingerprint"][:32])
    tracking.log_dataset(run_id, dataset, path, digest)


def describe(run: Run, tables: Path) -> dict[str, Any]:
    """What a run is made from: its settings, tags that say where from, and a fingerprint of all that decides it."""
    params = dataclasses.asdict(run)
    device = choose_device(run.device).type
    code = _code_of(run)
    inputs = [*code, *sorted(path for path in tables.iterdir() if path.is_file()), *tasks.reads(run)]
    digest = hashlib.sha256(json.dumps([params, device, torch.__version__], sort_keys=True).encode())
    for path in inputs:
        digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    digest.update(json.dumps(quarantined(tables)).encode())
    tags = {
        "pipeline": run.pipeline,
        "variant": run.variant,
        "seed": str(run.seed),
        "stage": os.environ.get("DVC_STAGE", ""),
        "experiment": os.environ.get("DVC_EXP_NAME", ""),
        "data.source": source_of(run.dataset),
        "data.warnings": warnings_of(tables),
        "data.rules": f"data/validation/{run.dataset}/docs/rules.html",
        "device": device,
        "torch": torch.__version__,
        "cuda": torch.version.cuda or "",
        "fingerprint": digest.hexdigest(),
        **git_state(),
        **{f"dvc.md5.{path}": md5 for path, md5 in dvc_digests().items() if path.split("/")[-1] == run.dataset},
    }
    return {"fingerprint": digest.hexdigest(), "params": params, "tags": tags}


def _code_of(run: Run) -> list[Path]:
    """The shared services, what the family shares, and the task's own files: another task's decide no number here."""
    package = Path(__file__).parent
    family = [path for path in sorted((package / run.family).glob("*.py")) if path.name != "flow.py"]
    return [*sorted(package.glob("*.py")), *family, *sorted((package / run.family / run.task).glob("*.py"))]


def git_state() -> dict[str, str]:
    """The commit and whether the tree differs from it, dvc.lock apart (which a running `dvc repro` rewrites)."""

    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--", ".", ":!dvc.lock")
        return {"git.commit": git("rev-parse", "HEAD"), "git.dirty": str(bool(changed)).lower()}
    except (OSError, subprocess.CalledProcessError):
        return {"git.commit": "unknown", "git.dirty": "unknown"}


def dvc_digests() -> dict[str, str]:
    """The md5 of every stage output that dvc.lock knows, by path."""
    lock = Path("dvc.lock").absolute()
    return _digests_of(lock, lock.stat().st_mtime_ns) if lock.exists() else {}


@functools.lru_cache(maxsize=1)  # the runs of a pipeline read the same file
def _digests_of(lock: Path, changed: int) -> dict[str, str]:  # noqa: ARG001  a key
    # The safe loader in C: the one in Python takes a second for a file of this size.
    stages = yaml.load(lock.read_bytes(), yaml.CSafeLoader)["stages"]
    return {out["path"]: out["md5"] for stage in stages.values() for out in stage.get("outs", []) if "md5" in out}


class _Progress:
    """Passes figures on to MLflow, and tells a person that waits how far the run is, every quarter of a minute."""

    def __init__(self, tracked: tracking.TrackedRun, run: Run, report: Callable[[str], None]) -> None:
        self._tracked, self._run, self._report = tracked, run, report
        self._told = time.monotonic()

    def epoch(self, row: Mapping[str, float]) -> None:
        self._tracked.epoch(row)
        if time.monotonic() - self._told > 15:
            self._told = time.monotonic()
            of = f"{self._run.name}: epoch {row['epoch']:.0f} of {self._run.training.get('epochs', 1)}"
            self._report(f"{of}, {_headline(self._run, row)}")


def _headline(run: Run, figures: Mapping[str, float]) -> str:
    return tasks.comparison(run.family, run.task).brief(figures)


def _metrics(folder: Path) -> dict[str, float]:
    figures: dict[str, float] = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    return figures


def read(folder: Path) -> dict[str, Any]:
    """A run's `run.json`; empty where there is none."""
    path = folder / "run.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _write(folder: Path, made: Mapping[str, Any]) -> None:
    write_atomically(folder / "run.json", json.dumps(made, indent=2).encode())
