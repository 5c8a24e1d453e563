"""A folder for temporary files that goes with its command: libraries leave some behind when a process is killed.

The folder is locked as long as its process lives, so that the next command finds and removes those of killed ones.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

PREFIX = "sequence-pipelines-"


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A folder that temporary files of this process and its children go to until the block ends."""
    with folder_in(Path(tempfile.gettempdir())) as folder:
        before = os.environ.get("TMPDIR")
        os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
        try:
            yield folder
        finally:
            tempfile.tempdir = None
            os.environ.pop("TMPDIR")
            if before is not None:
                os.environ["TMPDIR"] = before


@contextlib.contextmanager
def folder_in(parent: Path) -> Iterator[Path]:
    """A new folder in `parent`, for its owner only, until the block ends; those of killed processes are removed."""
    _sweep(parent)
    folder, descriptor = _locked_folder(parent)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def _sweep(parent: Path) -> None:
    """Removes the folders of this user's processes that have ended without doing so."""
    for folder in parent.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):  # in use, of another user, or removed meanwhile
            descriptor = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                if os.fstat(descriptor).st_uid == os.getuid():
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(descriptor)


def _locked_folder(parent: Path) -> tuple[Path, int]:
    """A new folder, and the descriptor that holds its lock."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        descriptor = os.open(folder, os.O_RDONLY)
        with contextlib.suppress(BlockingIOError):  # another process sweeps it, as it was not locked yet
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if folder.exists():
                return folder, descriptor
        os.close(descriptor)
