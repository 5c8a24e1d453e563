"""The machine's cores have one owner, over threads and processes; a process that dies frees its own."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pipelines import files
from pipelines.runs import cores

HOLD = "from pipelines.runs import cores\nwith cores.one():\n    print('held', flush=True)\n    input()"


@pytest.fixture(autouse=True)
def _two_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "FOLDER", tmp_path / ".cache" / "cores")
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    monkeypatch.setenv("CORES", "2")


@pytest.fixture
def holder() -> "Iterator[subprocess.Popen[str]]":
    """Another process of the project that holds a core until it is ended."""
    environment = os.environ | {"PYTHONPATH": str(files.CODE)}
    command = [sys.executable, "-c", HOLD]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def free() -> int:
    with ExitStack() as stack:
        return sum(stack.enter_context(cores.one_if_free()) for _ in range(cores.count()))


def test_each_core_is_given_once() -> None:
    assert free() == 2
    with cores.one():
        assert free() == 1
        with cores.one():
            assert free() == 0
    assert free() == 2


@pytest.mark.usefixtures("holder")
def test_another_process_holds_its_own() -> None:
    assert free() == 1


def test_a_process_that_is_killed_frees_its_core(holder: "subprocess.Popen[str]") -> None:
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert free() == 2


def test_one_waits_until_a_core_is_free() -> None:
    order: list[str] = []

    def wait() -> None:
        with cores.one():
            order.append("got")

    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(cores.one())
        thread = threading.Thread(target=wait)
        thread.start()
        time.sleep(3 * cores.POLL)
        order.append("freed")
    thread.join()
    assert order == ["freed", "got"]


def test_a_process_takes_a_core_unless_its_caller_holds_one_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with cores.own():
        assert free() == 1
    monkeypatch.setenv(*next(iter(cores.HELD.items())))
    with cores.own():
        assert free() == 2


def test_the_default_is_what_this_process_may_run_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CORES")
    assert cores.count() == len(os.sched_getaffinity(0))


@pytest.mark.parametrize("wrong", ["0", "-1", "two", "1.5"])
def test_a_wrong_number_of_cores_is_named(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CORES", wrong)
    with pytest.raises(ValueError, match=f"CORES is '{wrong}': expected how many trainings may run at a time"):
        cores.count()
