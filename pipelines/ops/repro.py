"""The whole DAG as one command: DVC in two lanes, where the time went, and what to look at next.

`dvc repro` runs one stage at a time, most of them on one core. The DAG falls into chains that share no stage: what is
done to a data set, and, once that is there, what is done for a pipeline. So two DVC processes work side by side, first
on the data sets, then on the pipelines; DVC's lock on its files keeps them apart.
"""

import contextlib
import hashlib
import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import params
from pipelines import files
from pipelines.files import write_atomically
from pipelines.ops import owners, server, warm

LANES = min(2, os.cpu_count() or 1)
# What a package imports in most of its commands, and none can do without for long.
LIBRARIES = {
    "dvc": ["dvc.cli", "dvc.repo.reproduce", "pipelines.lockfile"],
    "stages": ["stages", "pyarrow.parquet", "safetensors.numpy", "great_expectations"],
    "pipelines": [
        "pipelines",
        "torch",
        "torch._dynamo",  # torch's optimisers import it
        "pandas",
        "pyarrow.parquet",
        "sklearn.metrics",
        "matplotlib.pyplot",
        "mlflow.pyfunc",
        "mlflow.store.tracking.sqlalchemy_store",
        "prefect.flow_engine",
        "prefect.concurrency.sync",
    ],
}
_STAGE = re.compile(r"Running stage '(?P<stage>[^']+)'")


def repro(data: str | None = None, setup_seconds: float = 0) -> int:
    """Runs the DAG; returns 0, 1 after a failure, 130 after an interruption.

    Naming the data (`builtin` or `public`) writes it to params.yaml first: later calls stay with it.
    """
    began = time.time()
    if data:
        choose_data(data)
    names = params.read()
    lanes = Lanes()
    if subprocess.run(["dvc", "status", "--quiet"], check=False, stderr=subprocess.DEVNULL).returncode == 0:
        print("Data and pipelines are up to date.")
    else:
        # A terminal sends Ctrl-C to DVC and its stages too: this process waits for their end.
        handler = signal.signal(signal.SIGINT, lambda *_: lanes.stop())
        me = owners.owner()
        owners.register(me)  # the Prefect server stays up between one DVC process and the next
        try:
            with warm.warm(LIBRARIES) as folder:
                lanes.programs = f"{folder}{os.pathsep}"
                lanes.run([[f"validate@{name}"] for name in names["datasets"]])
                data_seconds = time.time() - began
                # Their own stages alone: two DVC processes that look at the same data set would lock each other out.
                verbs = ("train", "compare", "promote")
                order = sorted(names["pipelines"], key=lambda name: -names["pipelines"][name]["workers"])
                # Those that ask for workers take longest: the short ones come last, so that both lanes end together.
                lanes.run([["--single-item", *(f"{verb}@{name}" for verb in verbs)] for name in order])
                lanes.run([[]])  # whatever else dvc.yaml holds
        finally:
            owners.forget(me)
            signal.signal(signal.SIGINT, handler)
        if lanes.failed:
            print("stopped; what was finished is kept: the same command goes on from there", file=sys.stderr)
            return 130 if lanes.interrupted else 1
        _tell_time(names["pipelines"], setup_seconds, data_seconds, began)
    synchronise(names["pipelines"], lanes.ran)
    print("next: `make ui` (MLflow and Prefect), `dvc metrics show`, data/reports/*/page/report.md")
    return 0


class Lanes:
    """DVC processes side by side. After the first that fails, or an interruption, no other is started."""

    def __init__(self) -> None:
        self.ran: set[str] = set()  # stages
        self.failed = self.interrupted = False
        self.programs = ""  # goes before PATH
        self._printing = threading.Lock()

    def stop(self) -> None:
        self.failed = self.interrupted = True

    def run(self, targets: Iterable[Sequence[str]]) -> None:
        """A `dvc repro` for each entry of `targets`, as many at a time as there are lanes."""
        waiting: queue.SimpleQueue[Sequence[str]] = queue.SimpleQueue()
        for entry in targets:
            waiting.put(entry)
        lanes = min(LANES, waiting.qsize())
        threads = [threading.Thread(target=self._work, args=(waiting, lanes)) for _ in range(lanes)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _work(self, waiting: "queue.SimpleQueue[Sequence[str]]", lanes: int) -> None:
        while not self.failed:
            try:
                targets = waiting.get_nowait()
            except queue.Empty:
                return
            command = ["python", "-m", "dvc", "--wait-for-lock", "repro", *targets]
            environment = os.environ | {
                "PIPELINES_LANES": str(lanes),  # a pipeline leaves the other lane its cores
                "PATH": self.programs + os.environ.get("PATH", os.defpath),
            }
            with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as dvc:
                assert dvc.stdout is not None
                for line in dvc.stdout:
                    self._tell(line)
            self.failed |= dvc.returncode != 0

    def _tell(self, line: str) -> None:
        """Echoes a line of DVC's; as soon as anything runs, the Prefect server is started beside it."""
        with self._printing:
            if line.strip():
                print(line, end="", flush=True)
            if found := _STAGE.search(line):
                if not self.ran:
                    threading.Thread(target=_start_server, daemon=True).start()
                self.ran.add(found["stage"])


def _start_server() -> None:
    """Ahead of the first pipeline, which needs it and says so if it cannot be started."""
    with contextlib.suppress(OSError):
        server.ensure_server()


def choose_data(source: str, file: Path = params.PARAMS_FILE) -> None:
    """Writes `data.source` in params.yaml, where the rest, comments too, stays as it is."""
    text = file.read_text(encoding="utf-8")
    changed, count = re.subn(r"(?m)(?<=^data:\n)(  source: )\w+", rf"\g<1>{source}", text)
    if count != 1:
        raise ValueError(f"{file} has no line 'source: ...' right below 'data:': write data.source there by hand")
    if changed != text:
        write_atomically(file, changed.encode())
        print(f"data.source is now {source} in {file}")


def synchronise(pipelines: Iterable[str], ran: Collection[str] = ()) -> None:
    """Publishes stage outputs that DVC restored from its cache: then no stage ran that could have told MLflow."""
    state = hashlib.sha256(Path("dvc.lock").read_bytes()).hexdigest()
    stamp = files.MLFLOW_HOME / "published"
    if stamp.exists() and stamp.read_text() == state:
        return
    if not {f"{verb}@{name}" for name in pipelines for verb in ("train", "promote")} <= set(ran):
        from pipelines.runs.registry import publish

        publish()
    stamp.write_text(state)


def _tell_time(pipelines: Iterable[str], setup: float, data: float, began: float) -> None:
    """Set-up, data, training (the work of the runs that were trained now, over the lanes) and orchestration."""
    total = time.time() - began
    runs = [path for name in pipelines for path in Path("data/work", name).glob("*/run.json")]
    trained = [json.loads(path.read_text()) for path in runs if path.stat().st_mtime > began]
    training = sum(run["seconds"] for run in trained) / LANES
    parts = {"set-up": setup, "data": data, "training": training, "orchestration": total - data - training}
    told = ", ".join(f"{name} {spent:.0f} s" for name, spent in parts.items())
    print(f"done in {setup + total:.0f} s: {told}")
