"""Runs over cores: as many at a time as there are, whatever the pipeline; the same results as with one core."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from pipelines import files
from pipelines.runs import cores, fan_out
from pipelines.runs.fan_out import Queue, train_runs
from pipelines.runs.worker import Worker, WorkerError
from pipelines.settings import Run

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("one_thread", "new_store")]
MakeRun = Callable[..., Run]


@pytest.fixture(autouse=True)
def _own_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "FOLDER", tmp_path / ".cache" / "cores")
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))


@pytest.fixture
def without_prefect(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tasks as plain functions: what they do needs no server."""
    monkeypatch.setattr(fan_out, "one_run", fan_out.one_run.fn)
    monkeypatch.setattr(fan_out, "report", lambda _message: None)


def held(folder: Path) -> int:
    """How many cores are held, as another process sees it."""
    count = 0
    for path in folder.glob("*"):
        try:
            with FileLock(path, timeout=0):
                pass
        except Timeout:
            count += 1
    return count


def weights(folder: Path) -> dict[str, bytes]:
    return {path.parent.name: path.read_bytes() for path in folder.glob("*/model.safetensors")}


@pytest.mark.usefixtures("without_prefect", "workplace")
def test_four_cores_train_four_runs_at_once_with_the_results_of_one(
    tiny_run: MakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [tiny_run(f"v{number}", seed=number, epochs=60) for number in range(6)]
    monkeypatch.setenv("CORES", "1")
    folders, failures = train_runs(runs[:3], tmp_path / "alone")
    assert ([folder.name for folder in folders], failures) == ([run.name for run in runs[:3]], [])

    monkeypatch.setenv("CORES", "4")
    seen: list[int] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            seen.append(held(cores.FOLDER))
            time.sleep(0.05)

    watching = threading.Thread(target=watch)
    watching.start()
    _, failures = train_runs(runs, tmp_path / "together")
    done.set()
    watching.join()
    assert failures == []
    assert max(seen) == 4, "four trainings at once, seen from outside"
    assert len(weights(tmp_path / "together")) == 6
    assert weights(tmp_path / "alone").items() <= weights(tmp_path / "together").items()
    assert held(cores.FOLDER) == 0


@pytest.mark.usefixtures("without_prefect", "workplace")
def test_what_fails_is_named_after_the_others_have_finished(
    tiny_run: MakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CORES", "2")
    runs = [tiny_run("good"), tiny_run("bad", learning_rate=1e30), tiny_run("fine", seed=1)]
    _, (failure,) = train_runs(runs, tmp_path / "work")
    assert failure.startswith("rnn-slots-bad-s0: the loss is ")
    assert weights(tmp_path / "work").keys() == {"rnn-slots-good-s0", "rnn-slots-fine-s1"}


def test_a_queue_gives_each_run_once(tiny_run: MakeRun) -> None:
    queue = Queue([tiny_run("a"), tiny_run("b")])
    assert queue
    taken = [queue.take(), queue.take(), queue.take()]
    assert [run.variant if run else None for run in taken] == ["a", "b", None]
    assert not queue


@pytest.mark.usefixtures("workplace")
class TestWorker:
    def test_it_trains_reports_and_ends(self, tiny_run: MakeRun, tmp_path: Path) -> None:
        worker, reports = Worker(), list[str]()
        worker.execute(tiny_run(), tmp_path / "work", reports.append)
        (report,) = reports
        assert report.startswith("rnn-slots-elman-s0: val F1")
        assert json.loads((tmp_path / "work/rnn-slots-elman-s0/run.json").read_text())["finished"]
        process = worker._process
        assert process is not None
        worker.stop()
        assert not process.is_alive()

    def test_an_error_comes_back_as_it_is(self, tiny_run: MakeRun, tmp_path: Path) -> None:
        worker = Worker()
        with pytest.raises(ValueError, match="unknown key 'no_such_key'"):
            worker.execute(tiny_run().__class__(**{**vars(tiny_run()), "model": {"no_such_key": 1}}), tmp_path, print)
        worker.stop()

    def test_a_killed_process_is_an_error_and_the_next_run_gets_another(
        self, tiny_run: MakeRun, tmp_path: Path
    ) -> None:
        worker = Worker()
        worker.execute(tiny_run(), tmp_path / "work", print)
        assert worker._process is not None
        worker._process.kill()
        worker._process.join()
        with pytest.raises(WorkerError, match="the process that trained rnn-slots-elman-s1 has ended"):
            worker.execute(tiny_run(seed=1), tmp_path / "work", print)
        worker.execute(tiny_run(seed=2), tmp_path / "work", print)
        worker.stop()

    def test_it_ends_with_the_process_that_started_it(self) -> None:
        code = (
            "import os, sys, time\nfrom pipelines.runs.worker import Worker\n"
            "worker = Worker()\nworker._connected()\nprint(worker._process.pid, flush=True)\nos._exit(9)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONPATH": str(files.CODE)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 9
        pid, deadline = int(done.stdout), time.monotonic() + 30
        while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not Path(f"/proc/{pid}").exists()
