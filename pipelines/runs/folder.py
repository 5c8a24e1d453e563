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

from pipelines import files, task
from pipelines.files import digest_of, digest_of_code, read_json
from pipelines.nn import checkpoint
from pipelines.nn.training import choose_device
from pipelines.reporting import recording, sealed
from pipelines.reporting.sealed import Made
from pipelines.runs.alone import alone, is_held
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
    """Trains `run` in `work/<name>` unless that folder already holds the same run, finished; returns the folder.

    A run that is found damaged is reported, with the file's name, and trained again.
    """
    run = task.find(run.family, run.task).resolve(run)
    folder, tables = work / run.name, tables_of(run.dataset)
    with alone(work / f".{run.name}.lock", f"trains {run.name}", report):
        description = describe(run, tables)
        made = _whole(folder, description["fingerprint"], report)
        if made.get("finished"):
            publish(folder)  # the process may have been killed before the tracker had all of it
            report(f"{run.name}: unchanged, kept ({_headline(run, _figures(folder))})")
        else:
            _train(run, folder, description | {"run_id": made.get("run_id")}, train, report)
    return folder


def _whole(folder: Path, fingerprint: str, report: Report) -> Made:
    """The record of the run with this fingerprint, finished or not; empty, and the folder too, where there is none."""
    made: Made = {}
    try:
        made = sealed.read(folder)
        if made.get("fingerprint") != fingerprint:
            made = {}
        elif made["finished"]:
            sealed.read_finished(folder)
        else:
            _check_checkpoints(folder)
    except ValueError as error:
        report(f"{error}: {folder.name} is trained again")
        made = {"run_id": made.get("run_id")}
    if "fingerprint" not in made:
        shutil.rmtree(folder, ignore_errors=True)
    return made


def _check_checkpoints(folder: Path) -> None:
    for path in folder.glob("*checkpoint.safetensors"):
        try:
            checkpoint.load(path)
        except ValueError:
            raise ValueError(f"{path} is damaged: its content is not what was saved") from None


def _train(run: Run, folder: Path, made: Made, train: Train, report: Report) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for left in folder.glob(".*"):  # by a process that was killed while it wrote
        left.unlink()
    if (folder / "checkpoint.safetensors").exists():
        report(f"{run.name}: resuming after its last finished epoch")
    made["tags"] |= {"folder": _name_of(folder)}
    with tracker().run(run.name, run.pipeline, made["params"], made["tags"], made["run_id"]) as tracked:
        made |= {"run_id": tracked.run_id, "finished": False}
        sealed.write(folder, made)
        _link_data(tracked, made)
        began = time.monotonic()
        figures = train(run, tables_of(run.dataset), folder, TrackingLog(tracked, run, report))
        made |= {"finished": True, "seconds": round(time.monotonic() - began, 1)}
        sealed.write(folder, made)
        tracked.finish(figures, folder)
    report(f"{run.name}: {_headline(run, figures)}, {made['seconds']:.0f} s")


def _name_of(folder: Path) -> str:
    """A run's folder as the tracker knows it: relative to the project, where it is within."""
    path, root = folder.resolve(), files.ROOT.resolve()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()


def is_being_trained(name: str) -> bool:
    """Whether a process trains in the folder that the tracker knows as `name`."""
    folder = files.ROOT / name
    return is_held(folder.with_name(f".{folder.name}.lock"))


def publish(folder: Path) -> bool:
    """Writes a finished run's folder to a store that lacks it, or has it in part; False where the store has it.

    Raises DamageError that names the file which is not as training left it.
    """
    made = sealed.read_finished(folder)
    pipeline = made["params"]["pipeline"]
    if tracker().find(pipeline, made["fingerprint"], made.get("run_id")):
        return False
    with tracker().run(folder.name, pipeline, made["params"], made["tags"], made.get("run_id")) as tracked:
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
        digest.update(path.name.encode() + bytes.fromhex(digest_of(path)))
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


def warnings_of(dataset: str) -> str:
    """What validation warned of without stopping, a line each (its layout is described in stages/checks/result.py)."""
    path = DATA / "validation" / dataset / "result.json"
    found = read_json(path).get("warnings", []) if path.is_file() else []
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
    return read_json(folder / "metrics.json")
