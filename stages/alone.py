"""One process at a time works on a data set: two would remove what the other one writes."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

LOCKS = Path("data/work/locks")


@contextmanager
def alone(dataset: str) -> Iterator[None]:
    """Waits, with one line that says so, as long as another process holds the data set's lock.

    The lock is the operating system's: it is released with its process, however that ends.
    """
    LOCKS.mkdir(parents=True, exist_ok=True)
    lock = FileLock(LOCKS / f"{dataset}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print(f"another process works on {dataset} here: waiting for its end", file=sys.stderr, flush=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
