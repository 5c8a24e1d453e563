"""One process at a time, and folders for temporary files that go with their process, however that ends."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from pipelines import files
from pipelines.runs import scratch
from pipelines.runs.alone import alone, is_held

HOLDS = """
import sys, time
from pathlib import Path
from pipelines.runs.{module} import {name}
with {call}:
    print("holds", flush=True)
    time.sleep(60)
"""


def holder(module: str, name: str, call: str, **environment: str) -> "subprocess.Popen[str]":
    """A process that holds something until it is killed."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLDS.format(module=module, name=name, call=call)],
        env=os.environ | {"PYTHONPATH": str(files.CODE)} | environment,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_the_second_waits_and_reports_it(tmp_path: Path) -> None:
    path, messages = tmp_path / "deep" / "lock", list[str]()
    assert not is_held(path)
    entered = threading.Event()
    with alone(path, "trains here", messages.append):
        assert is_held(path)

        def second() -> None:
            with alone(path, "trains here", messages.append):
                entered.set()

        waiting = threading.Thread(target=second)
        waiting.start()
        assert not entered.wait(0.3)
    waiting.join(10)
    assert entered.is_set()
    assert not is_held(path)
    assert messages == [
        f"another process trains here (process {os.getpid()}, or what it has started): waiting for its end"
    ]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_lock_goes_with_its_process(how: signal.Signals, tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with holder("alone", "alone", f"alone(Path({str(path)!r}), '', print)") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "holds\n"
        assert is_held(path)
        process.send_signal(how)
    assert not is_held(path)


def test_a_child_that_inherits_the_lock_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with alone(path, "", print) as descriptor:
        child = subprocess.Popen(["sleep", "60"], pass_fds=[descriptor])
    assert is_held(path)
    child.kill()
    child.wait()
    assert not is_held(path)


def test_temporary_files_go_with_the_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    with scratch.scratch() as folder:
        assert oct(folder.stat().st_mode)[-3:] == "700"
        Path(tempfile.mkdtemp(), "left").write_text("by a library")
        child = subprocess.run(["sh", "-c", "echo $TMPDIR"], capture_output=True, text=True, check=True)
        assert child.stdout.strip() == str(folder)
    assert list(tmp_path.iterdir()) == []
    assert os.environ["TMPDIR"] == str(tmp_path)
    assert tempfile.gettempdir() == str(tmp_path)


def test_the_folder_of_a_killed_process_is_swept_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    (tmp_path / "of somebody else").mkdir()
    killed = holder("scratch", "scratch", "scratch()")
    living = holder("scratch", "scratch", "scratch()")
    for process in (killed, living):
        assert process.stdout is not None
        assert process.stdout.readline() == "holds\n"
    killed.kill()
    killed.communicate()
    assert len(list(tmp_path.iterdir())) == 3
    with scratch.scratch():
        assert len(list(tmp_path.iterdir())) == 3, "the killed one's is gone, this process's is there"
    living.kill()
    living.communicate()
