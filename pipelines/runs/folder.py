"""A run's folder: what the run is made from, whether it is finished, and its projection into the tracker.

Runs are made in `data/work/<pipeline>/<run>` and stay there: a stage that is interrupted, or that runs again after a
part of its settings changed, resumes from what is there and trains only what its fingerprint does not cover.
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

from pipelines import task
from pipelines.files import digest_of_code, write_atomically
from pipelines.nn.training import choose_device
from pipelines.reporting import recording
from pipelines.runs.tracker import TrackedRun
from pipelines.runs.tracking import tracker
from pipelines.settings import Run
from pipelines.tables import DATA, VALIDATED, read_card, tables_of
from pipelines.task import Log, Row

Train = Callable[[Run, Path, Path, Log], Row]
Report = Callable[[str], None]

WARNINGS_LIMIT = 2000  # characters of the data's warnings that a run's tag holds
REPORT_EVERY = 15.0  # seconds between two messages about how far a run is


def execute(run: Run, work: Path, train: Train, report: Report) -> Path:
    """Trains `run` in `work/<name>` unless that folder already holds the same run, finished; returns the folder."""
    run = task.find(run.family, run.task).resolve(run)
    folder, tables = work / run.name, tables_of(run.dataset)
    description = describe(run, tables)
    made = read(folder)
    if made.get("fingerprint") != description["fingerprint"]:
        shutil.rmtree(folder, ignore_errors=True)
        made = {}
    if made.get("finished"):
        report(f"{run.name}: unchanged, kept ({_headline(run, _figures(folder))})")
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "checkpoint.safetensors").exists():
        report(f"{run.name}: resuming after its last finished epoch")
    params, tags = description["params"], description["tags"]
    with tracker().run(run.name, run.pipeline, params, tags, made.get("run_id")) as tracked:
        write(folder, description | {"run_id": tracked.run_id, "finished": False})
        _link_data(tracked, description)
        began = time.monotonic()
        figures = train(run, tables, folder, TrackingLog(tracked, run, report))
        tracked.finish(figures, folder)
        seconds = round(time.monotonic() - began, 1)
        write(folder, description | {"run_id": tracked.run_id, "finished": True, "seconds": seconds})
    report(f"{run.name}: {_headline(run, figures)}, {seconds:.0f} s")
    return folder


def publish(folder: Path) -> bool:
    """Writes a finished run's folder to a store that lacks it; False where the store has it."""
    made = read(folder)
    pipeline = made["params"]["pipeline"]
    if tracker().find(pipeline, made["fingerprint"]):
        return False
    with tracker().run(folder.name, pipeline, made["params"], made["tags"]) as tracked:
        _link_data(tracked, made)
        for row in pd.read_csv(folder / "history.csv").to_dict("records"):
            tracked.epoch({str(key): float(value) for key, value in row.items()})
        tracked.finish(_figures(folder), folder)
    return True


def _link_data(tracked: TrackedRun, made: Mapping[str, Any]) -> None:
    """Names the run's data by the digest that DVC knows it by."""
    dataset = made["params"]["dataset"]
    path = VALIDATED / dataset
    digest = made["tags"].get(f"dvc.md5.{path.as_posix()}", made["fingerprint"][:32])
    tracked.link_data(dataset, path, digest)


def describe(run: Run, tables: Path) -> dict[str, Any]:
    """What a run is made from: its resolved settings, tags about its origin, and a fingerprint of all that decides it.

    The fingerprint covers the settings, the data, the code that training comes to import, the kind of device and the
    version of torch.
    """
    found = task.find(run.family, run.task)
    params = dataclasses.asdict(found.resolve(run))
    device = choose_device(run.device).type
    digest = hashlib.sha256(json.dumps([params, device, torch.__version__], sort_keys=True).encode())
    digest.update(digest_of_code(f"{found.package}.train").encode())
    for path in [*sorted(path for path in tables.iterdir() if path.is_file()), *found.reads(run)]:
        digest.update(path.name.encode() + _digest_of(path, path.stat().st_mtime_ns))
    tags = {
        "pipeline": run.pipeline,
        "variant": run.variant,
        "seed": str(run.seed),
        "stage": os.environ.get("DVC_STAGE", ""),
        "experiment": os.environ.get("DVC_EXP_NAME", ""),
        "data.source": str(read_card(tables)["source"]),
        "data.warnings": warnings_of(run.dataset),
        "data.rules": f"data/validation/{run.dataset}/docs/rules.html",
        "device": device,
        "machine": recording.machine(device),
        "torch": torch.__version__,
        "cuda": torch.version.cuda or "",
        "fingerprint": digest.hexdigest(),
        **git_state(),
        **{f"dvc.md5.{path}": md5 for path, md5 in dvc_digests().items() if path.split("/")[-1] == run.dataset},
    }
    return {"fingerprint": digest.hexdigest(), "params": params, "tags": tags}


@functools.lru_cache(maxsize=256)  # the runs of a pipeline read the same tables
def _digest_of(path: Path, _changed: int) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()


def warnings_of(dataset: str) -> str:
    """What validation warned of without stopping, a line each (its layout is described in stages/checks/result.py)."""
    path = DATA / "validation" / dataset / "result.json"
    found = json.loads(path.read_text(encoding="utf-8")).get("warnings", []) if path.is_file() else []
    text = "\n".join(f"{entry['table']}: {entry['rule']}: {entry['observed']}" for entry in found)
    return text if len(text) <= WARNINGS_LIMIT else f"{text[:WARNINGS_LIMIT]} ... ({len(found)} warnings)"


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
    return _digests_in(lock, lock.stat().st_mtime_ns) if lock.exists() else {}


@functools.lru_cache(maxsize=1)  # the runs of a pipeline read the same file
def _digests_in(lock: Path, _changed: int) -> dict[str, str]:
    # The safe loader in C: the one in Python takes a second for a file of this size.
    stages = yaml.load(lock.read_bytes(), yaml.CSafeLoader)["stages"]
    return {out["path"]: out["md5"] for stage in stages.values() for out in stage.get("outs", []) if "md5" in out}


class TrackingLog:
    """Passes figures on to the tracker, and reports to whoever waits how far the run is."""

    def __init__(self, tracked: TrackedRun, run: Run, report: Report) -> None:
        self._tracked, self._run, self._report = tracked, run, report
        self._reported = time.monotonic()

    def epoch(self, row: Row) -> None:
        self._tracked.epoch(row)
        if time.monotonic() - self._reported > REPORT_EVERY:
            self._reported = time.monotonic()
            of = f"{self._run.name}: epoch {row['epoch']:.0f} of {self._run.training.get('epochs', 1)}"
            self._report(f"{of}, {_headline(self._run, row)}")


def _headline(run: Run, figures: Mapping[str, float]) -> str:
    return task.find(run.family, run.task).comparison.brief(figures)


def _figures(folder: Path) -> Row:
    figures: Row = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    return figures


def read(folder: Path) -> dict[str, Any]:
    """A run's `run.json`; empty where there is none."""
    path = folder / "run.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def write(folder: Path, made: Mapping[str, Any]) -> None:
    """Writes a run's `run.json`."""
    write_atomically(folder / "run.json", json.dumps(made, indent=2).encode())
