"""The machine's cores, with one owner: a training takes one, whichever pipeline and process it belongs to.

`CORES` in the environment says how many there are to take, by default as many as this process may run on. Each is a
file lock in the project's folder, so that `dvc repro`, `make repro`, a schedule and a notebook share them, and a
process that dies frees its own.
"""

import contextlib
import os
import time
from collections.abc import Iterator

from filelock import FileLock, Timeout

from pipelines import files

FOLDER = files.ROOT / ".cache" / "cores"
HELD = {"HOLDS_A_CORE": "1"}  # in the environment of a process whose caller has taken a core for it
POLL = 0.1  # seconds between two looks for a free core


def count() -> int:
    """How many trainings run at a time. Raises ValueError where CORES is no number of cores."""
    asked = os.environ.get("CORES", "")
    if not asked:
        return len(os.sched_getaffinity(0))
    if not asked.isdecimal() or int(asked) < 1:
        raise ValueError(f"CORES is {asked!r}: expected how many trainings may run at a time, 1 or more")
    return int(asked)


@contextlib.contextmanager
def one() -> Iterator[None]:
    """A core, as soon as one is free, until the block ends."""
    while (lock := _free()) is None:
        time.sleep(POLL)
    try:
        yield
    finally:
        lock.release()


def own() -> contextlib.AbstractContextManager[None]:
    """A core for this process: the one that its caller holds for it, else one of its own."""
    return contextlib.nullcontext() if HELD.items() <= os.environ.items() else one()


@contextlib.contextmanager
def one_if_free() -> Iterator[bool]:
    """A core where one is free now; whether there was one."""
    lock = _free()
    try:
        yield lock is not None
    finally:
        if lock:
            lock.release()


def _free() -> FileLock | None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for number in range(count()):
        lock = FileLock(FOLDER / str(number))
        with contextlib.suppress(Timeout):
            lock.acquire(timeout=0)
            return lock
    return None
