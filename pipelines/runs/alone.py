"""One process at a time: a lock on a file, held as long as its process lives, and one line for those who wait.

The lock is the operating system's (flock): it is released with the process, however that ends. A child that inherits
the descriptor keeps it held, so that nobody else begins before all that a killed process has started is gone.
"""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path


@contextlib.contextmanager
def alone(path: Path, what: str, report: Callable[[str], None]) -> Iterator[int]:
    """Holds the lock `path` until the block ends; the value is its descriptor, for children that are to hold it too.

    Whoever has to wait reports it first: `what` names what the other process does.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.pread(descriptor, 20, 0).decode(errors="replace").strip() or "unknown"
            report(f"another process {what} (process {pid}, or what it has started): waiting for its end")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        with contextlib.suppress(OSError):  # a full disk: the number is for the message alone
            os.truncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield descriptor
    finally:
        os.close(descriptor)


def is_held(path: Path) -> bool:
    """Whether a process holds the lock."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
