"""DVC's lock of outputs, `.dvc/tmp/rwlock`, after its holders were killed.

It lists process ids. DVC forgets those that do not exist any more, but not a killed process that nobody has waited for,
as in a container without an init process; its message asks the user to remove the file then.
"""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

PATH = Path(".dvc/tmp/rwlock")


def release_dead(path: Path = PATH) -> None:
    """Removes the lock if none of the processes that it lists lives, or if it is damaged."""
    with contextlib.suppress(FileNotFoundError):
        try:
            holders = list(_holders(json.loads(path.read_bytes())))
        except (ValueError, AttributeError, KeyError, TypeError):
            holders = []
        if not any(_lives(holder) for holder in holders):
            path.unlink()


def _holders(content: Any) -> Iterator[int]:
    """The process ids: one that writes a path, and those that read one."""
    for writer in content.get("write", {}).values():
        yield int(writer["pid"])
    for readers in content.get("read", {}).values():
        for reader in readers:
            yield int(reader["pid"])


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
