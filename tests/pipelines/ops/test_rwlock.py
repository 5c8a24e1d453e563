"""DVC's lock is released where its holders were killed, also if nobody has waited for them."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from pipelines.ops.rwlock import release_dead


def written(path: Path, *, writer: int = 0, reader: int = 0) -> Path:
    """As DVC writes it."""
    content: dict[str, object] = {"write": {}, "read": {}}
    if writer:
        content["write"] = {"/data/models": {"pid": writer, "cmd": "dvc repro"}}
    if reader:
        content["read"] = {"/data/raw": [{"pid": reader, "cmd": "dvc repro"}]}
    path.write_text(json.dumps(content))
    return path


def test_a_living_process_keeps_its_lock(tmp_path: Path) -> None:
    lock = written(tmp_path / "rwlock", writer=os.getpid())
    release_dead(lock)
    assert lock.exists()
    written(lock, reader=os.getpid())
    release_dead(lock)
    assert lock.exists()


def test_a_killed_process_that_nobody_waited_for_does_not(tmp_path: Path) -> None:
    lock = tmp_path / "rwlock"
    child = subprocess.Popen(["sleep", "60"])
    written(lock, writer=child.pid)
    release_dead(lock)
    assert lock.exists()
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    release_dead(lock)
    assert not lock.exists()
    child.wait()
    release_dead(written(lock, reader=child.pid))
    assert not lock.exists()


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"write": 1}', '{"write": {"a": {"pid": "x"}}}', '{"read": {"a": [{}]}}', "\x00"]
)
def test_a_damaged_lock_does_not_either(content: str, tmp_path: Path) -> None:
    lock = tmp_path / "rwlock"
    lock.write_text(content)
    release_dead(lock)
    assert not lock.exists()
    release_dead(lock)
