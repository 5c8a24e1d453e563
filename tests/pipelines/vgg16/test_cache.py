"""A file that several processes need is made once, and whole, whatever happens to the process that makes it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from pipelines.vgg16.cache import compute_once, digest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
# Writes its process id as the file's content, after a while.
MAKE = """
import os, sys, time
from pathlib import Path
from pipelines.files import write_atomically
from pipelines.vgg16.cache import compute_once

def write(path):
    print("computing", flush=True)
    time.sleep(float(sys.argv[2]))
    write_atomically(path, str(os.getpid()).encode())

print("started", flush=True)
compute_once(Path(sys.argv[1]), write)
print(Path(sys.argv[1]).read_text(), flush=True)
"""


def process(path: Path, seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", MAKE, str(path), str(seconds)]
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True)


def test_what_several_processes_need_at_once_is_computed_once(tmp_path: Path) -> None:
    processes = [process(tmp_path / "cache" / "features", 1.0) for _ in range(3)]
    printed = [one.communicate(timeout=120)[0].splitlines() for one in processes]
    assert all(one.returncode == 0 for one in processes)
    assert sum(lines.count("computing") for lines in printed) == 1
    assert len({lines[-1] for lines in printed}) == 1
    left = sorted(path.name for path in (tmp_path / "cache").iterdir() if not path.name.startswith("."))
    assert left == ["features", "features.sha256"]


def test_after_a_process_was_killed_the_next_one_computes(tmp_path: Path) -> None:
    path = tmp_path / "features"
    killed = process(path, 600.0)
    assert killed.stdout is not None
    assert [killed.stdout.readline().strip() for _ in range(2)] == ["started", "computing"]
    waiting = process(path, 0.0)
    assert waiting.stdout is not None
    assert waiting.stdout.readline().strip() == "started"
    time.sleep(0.5)
    assert waiting.poll() is None, "the lock is held"
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=60)
    printed, _ = waiting.communicate(timeout=60)
    assert printed.splitlines() == ["computing", str(waiting.pid)]
    assert path.read_text() == str(waiting.pid)


def test_a_failure_leaves_no_file_and_no_lock_behind(tmp_path: Path) -> None:
    def fail(path: Path) -> None:
        raise ValueError(f"{path.name} cannot be computed")

    path = tmp_path / "features"
    for _ in range(2):
        with pytest.raises(ValueError, match="features cannot be computed"):
            compute_once(path, fail)
    compute_once(path, lambda place: place.touch())
    assert path.is_file()


def test_a_digest_depends_on_every_input() -> None:
    tensors = {"a": torch.arange(3.0), "b": torch.zeros(2)}
    others = [
        digest({**tensors, "a": torch.arange(3.0) + 1e-6}, (1, "x"), "code"),
        digest({"a": tensors["a"], "c": tensors["b"]}, (1, "x"), "code"),
        digest({**tensors, "b": torch.zeros(1, 2)}, (1, "x"), "code"),
        digest(tensors, (2, "x"), "code"),
        digest(tensors, (1, "x"), "another"),
    ]
    found = digest(tensors, (1, "x"), "code")
    assert found == digest(dict(tensors), (1, "x"), "code")
    assert len({found, *others}) == 6
    assert len(found) == 16
