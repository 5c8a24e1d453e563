"""The whole DAG as one command: DVC on all cores, what runs now and how long it takes yet, and where the time went.

`dvc repro` runs one stage at a time, many of them on one core. The DAG falls into chains that share no stage: what is
done for a data set, and, once that is there, what is done for a pipeline. So as many DVC processes work side by side as
there are cores, each on one chain; DVC's lock keeps their bookkeeping apart, and `runs/cores.py` the trainings.
"""

import contextlib
import hashlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import params
from pipelines import files
from pipelines.files import write_atomically
from pipelines.ops import damage, preload, processes, rwlock, server, server_leases
from pipelines.ops.progress import Progress
from pipelines.reporting import sealed
from pipelines.runs import cores, signals, tracking
from pipelines.runs.alone import alone
from pipelines.runs.tracking import tracker
from pipelines.settings import load_pipeline, names

# What a package imports in most of its commands.
LIBRARIES = {
    "dvc": ["dvc.cli", "dvc.repo.reproduce"],
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
# What DVC prints about its own files, about committing and pushing, and of the one chain that it has just looked at.
_ASIDE = (
    "Data and pipelines are up to date.",
    *("> ", "Updating lock file", "Generating lock file", "Stage '"),
    *("To track the changes", "\tgit add", "To enable auto staging", "\tdvc config", "Use `dvc push`"),
)


def repro(data: str | None = None, setup_seconds: float = 0, *, is_recorded: bool = False) -> int:
    """Runs the DAG; returns 0, 1 after a failure, 130 after an interruption.

    Naming the data (`builtin` or `public`) writes it to params.yaml first: later calls stay with it. `is_recorded`
    keeps how long each stage took, by which later calls order the stages and estimate the time left.
    """
    with alone(files.ROOT / ".cache" / "repro.lock", "runs `make repro` here", _to_stderr) as lock:
        return _repro_alone(data, setup_seconds, lock, is_recorded)


def _repro_alone(data: str | None, setup_seconds: float, lock: int, is_recorded: bool) -> int:
    began = time.time()
    if data:
        choose_data(data)
    chains = plan()
    cores.count()  # a mistake in CORES, or a damaged store, is reported before anything runs
    tracker().check()
    rwlock.release_dead()
    damage.mend()
    lanes = Lanes(chains, [lock])
    if subprocess.run(["dvc", "status", "--quiet"], check=False, stderr=subprocess.DEVNULL).returncode == 0:
        print("Data and pipelines are up to date.")
    else:
        me = server_leases.holder()
        server_leases.add(me)  # the Prefect server stays up between one DVC process and the next
        try:
            with _ended_by_signals(lanes), preload.preloaded(LIBRARIES) as folder:
                lanes.run(f"{folder}{os.pathsep}")
        finally:
            server_leases.remove(me)
        if lanes.failed:
            print("stopped; what was finished is kept: the same command resumes from there", file=sys.stderr)
            return 130 if lanes.interrupted else 1
        print(lanes.progress.summary(setup_seconds, trained_since(began)))
        if is_recorded:
            lanes.progress.record()
    synchronise(names(), lanes.progress.ran)
    print("next: `make ui` (MLflow and Prefect), `.venv/bin/dvc metrics show`, data/reports/*/page/report.md")
    return 0


def _to_stderr(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


@contextlib.contextmanager
def _ended_by_signals(lanes: "Lanes") -> Iterator[None]:
    """Ctrl-C, `kill` and a closed terminal end what runs; this process waits for that, and then goes on."""

    def stop(number: int, _frame: object) -> None:
        lanes.stop()
        if number != signal.SIGINT:  # which a terminal sends to DVC and its stages too
            processes.interrupt(processes.family(os.getpid())[1:])

    before = {number: signal.signal(number, stop) for number in signals.ENDING_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass
class Chain:
    """Stages that one DVC process runs, one after the other."""

    targets: Sequence[str]
    stages: Sequence[str]
    after: "Chain | None" = None  # must be finished first
    is_done: bool = field(default=False, init=False)


def plan() -> list[Chain]:
    """A chain for each data set and each pipeline of params.yaml, and at the end whatever else dvc.yaml holds."""
    of_data = {
        name: Chain([f"validate@{name}"], [f"download@{name}", f"validate@{name}"])
        for name in params.read()["datasets"]
    } | {name: Chain([f"own@{name}"], [f"own@{name}"]) for name in params.read().get(params.OWN, {})}
    pipelines = [load_pipeline(name) for name in names()]
    # `--single-item`: two DVC processes that look at the same data set would lock each other out.
    chains = [
        Chain(["--single-item", stage], [stage], of_data[pipeline.dataset])
        for pipeline in pipelines
        for stage in [stage_of(pipeline.family, pipeline.name)]
    ]
    return [*of_data.values(), *chains]


def stage_of(family: str, pipeline: str) -> str:
    """The DVC stage of a pipeline: `rnn@slots` of `rnn-slots`."""
    return f"{family}@{pipeline.removeprefix(f'{family}-')}"


class Lanes:
    """DVC processes side by side. After the first that fails, or an interruption, no other is started."""

    def __init__(self, chains: Sequence[Chain], locks: Sequence[int] = ()) -> None:
        self._locks = locks  # descriptors: a DVC process that outlives this one keeps the next `make repro` waiting
        self.failed = self.interrupted = False
        self.progress = Progress([stage for chain in chains for stage in chain.stages], cores.count())
        self._waiting = sorted(chains, key=self._urgency, reverse=True)
        self._programs = ""  # goes before PATH
        self._changed = threading.Condition()
        self._has_server = False

    def stop(self) -> None:
        self.failed = self.interrupted = True

    def run(self, programs: str) -> None:
        """A `dvc repro` for each chain, as many at a time as there are cores, and one for all at the end."""
        self._programs = programs
        threads = [threading.Thread(target=self._work) for _ in range(min(cores.count(), len(self._waiting)))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if not self.failed:
            self._repro([])

    def _urgency(self, chain: Chain) -> float:
        """The longest first, and of the data sets those that the longest pipelines wait for."""
        return self.progress.expected(chain.stages)

    def _work(self) -> None:
        while (chain := self._next()) is not None:
            with cores.one():  # a lane that waits leaves its core to the runs of the others' pipelines
                self._repro(chain.targets)
            with self._changed:
                chain.is_done = True
                self._changed.notify_all()

    def _next(self) -> Chain | None:
        """The most urgent chain that waits for no other; None when there is nothing left to start."""
        with self._changed:
            while self._waiting and not self.failed:
                for chain in self._waiting:
                    if chain.after is None or chain.after.is_done:
                        self._waiting.remove(chain)
                        return chain
                self._changed.wait(1.0)
        return None

    def _repro(self, targets: Sequence[str]) -> None:
        command = ["python", "-m", "dvc", "--wait-for-lock", "repro", *targets]
        environment = os.environ | cores.HELD | {"PATH": self._programs + os.environ.get("PATH", os.defpath)}
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, pass_fds=self._locks) as dvc:
            assert dvc.stdout is not None
            stage = ""
            for line in dvc.stdout:
                if found := _STAGE.search(line):
                    self.progress.end(stage)
                    stage = found["stage"]
                    self._start_server_once()
                    self.progress.begin(stage)
                elif line.strip() and not line.startswith(_ASIDE):
                    self.progress.show(line.rstrip())
        self.progress.end(stage)
        self.failed |= dvc.returncode != 0

    def _start_server_once(self) -> None:
        """As soon as anything runs: ahead of the first pipeline, which needs it and reports if it cannot be started."""
        with self._changed:
            if self._has_server:
                return
            self._has_server = True
        threading.Thread(target=_start_server, daemon=True).start()


def _start_server() -> None:
    with contextlib.suppress(OSError):
        server.ensure_server()


def choose_data(source: str, file: Path = params.FILE) -> None:
    """Writes `data.source` in params.yaml, where the rest, comments too, stays as it is."""
    text = file.read_text(encoding="utf-8")
    changed, count = re.subn(r"(?m)(?<=^data:\n)(  source: )\w+", rf"\g<1>{source}", text)
    if count != 1:
        raise ValueError(f"{file} has no line 'source: ...' right below 'data:': write data.source there by hand")
    if changed != text:
        write_atomically(file, changed.encode())
        print(f"data.source is now {source} in {file}")


def synchronise(pipelines: Iterable[str], ran: Collection[str] = ()) -> None:
    """Publishes stage outputs that DVC restored from its cache: no stage ran then that could have logged them."""
    lock = hashlib.sha256(Path("dvc.lock").read_bytes()).hexdigest()
    state = f"{lock} {tracker().address()}"
    stamp = tracking.stamp()
    if stamp.exists() and stamp.read_text() == state:
        return
    if not {stage_of(name.split("-")[0], name) for name in pipelines} <= set(ran):
        from pipelines.runs.registry import publish

        publish()
    write_atomically(stamp, state.encode())


def trained_since(began: float) -> float:
    """Seconds of training in the runs that were trained after `began`, all together."""
    runs = [path for path in Path("data/work").glob(f"*/*/{sealed.RECORD}") if path.stat().st_mtime > began]
    return float(sum(sealed.read(path.parent).get("seconds", 0) for path in runs))
