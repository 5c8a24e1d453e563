"""The whole DAG as one command: `dvc repro`, where the time went, and what to look at next."""

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

import yaml

from pipelines import project
from pipelines.files import write_atomically
from pipelines.params import PARAMS_FILE

_STAGE = re.compile(r"Running stage '(?P<stage>[^']+)'")
DATA_STAGES = ("download", "prepare", "validate")


def repro(data: str | None = None, setup_seconds: float = 0) -> int:
    """Runs the DAG; returns 0, 1 after a failure, 130 after an interruption.

    Naming the data (`builtin` or `public`) writes it to params.yaml first: later calls stay with it.
    """
    began = time.time()
    if data:
        choose_data(data)
    seconds: dict[str, float] = defaultdict(float)
    interrupts: list[int] = []
    # A terminal sends Ctrl-C to DVC and its stages too: this process waits for their end.
    handler = signal.signal(signal.SIGINT, lambda number, _frame: interrupts.append(number))
    try:
        with subprocess.Popen(["dvc", "repro"], stdout=subprocess.PIPE, text=True) as dvc:
            assert dvc.stdout is not None
            for stage, spent in _timed(dvc.stdout):
                seconds[stage] += spent
    finally:
        signal.signal(signal.SIGINT, handler)
    if dvc.returncode:
        print("stopped; what was finished is kept: the same command goes on from there", file=sys.stderr)
        return 130 if interrupts else 1
    synchronise(seconds)
    _tell_time(seconds, setup_seconds, began)
    print("next: `make ui` (MLflow and Prefect), `dvc metrics show`, data/reports/*/report.md")
    return 0


def choose_data(source: str, params: Path = PARAMS_FILE) -> None:
    """Writes `data.source` in params.yaml, where the rest, comments too, stays as it is."""
    text = params.read_text(encoding="utf-8")
    changed, count = re.subn(r"(?m)(?<=^data:\n)(  source: )\w+", rf"\g<1>{source}", text)
    if count != 1:
        raise ValueError(f"{params} has no line 'source: ...' right below 'data:': write data.source there by hand")
    if changed != text:
        write_atomically(params, changed.encode())
        print(f"data.source is now {source} in {params}")


def _timed(lines: Iterable[str]) -> Iterator[tuple[str, float]]:
    """Echoes DVC's output; yields each stage's name and seconds, and the rest under the name `dvc`."""
    stage, began = "dvc", time.monotonic()
    for line in lines:
        print(line, end="", flush=True)
        if found := _STAGE.search(line):
            yield stage, time.monotonic() - began
            stage, began = found["stage"], time.monotonic()
    yield stage, time.monotonic() - began


def synchronise(ran: Collection[str] = ()) -> None:
    """Publishes stage outputs that DVC restored from its cache: then no stage ran that could have told MLflow."""
    state = hashlib.sha256(Path("dvc.lock").read_bytes()).hexdigest()
    stamp = project.MLFLOW_HOME / "published"
    if stamp.exists() and stamp.read_text() == state:
        return
    names = yaml.safe_load(PARAMS_FILE.read_text(encoding="utf-8"))["pipelines"]
    if not {f"{verb}@{name}" for name in names for verb in ("train", "promote")} <= set(ran):
        from pipelines.registry import publish

        publish()
    stamp.write_text(state)


def _tell_time(seconds: Mapping[str, float], setup: float, began: float) -> None:
    """Set-up, data, training (the work of the runs that were trained now) and orchestration (all else)."""
    total = time.time() - began
    data = sum(spent for stage, spent in seconds.items() if stage.startswith(DATA_STAGES))
    training = 0.0
    for stage in seconds:
        if stage.startswith("train@"):
            made = Path("data/work", stage.removeprefix("train@")).glob("*/run.json")
            spent = [json.loads(path.read_text())["seconds"] for path in made if path.stat().st_mtime > began]
            training += sum(spent) / min(max(len(spent), 1), os.cpu_count() or 1)  # runs train side by side
    parts = {"set-up": setup, "data": data, "training": training, "orchestration": total - data - training}
    told = ", ".join(f"{name} {spent:.0f} s" for name, spent in parts.items())
    print(f"done in {setup + total:.0f} s: {told}")
