"""Which processes need the project's Prefect server: one empty file each, `.prefect/owners/<pid>-<started>`.

The server reads these files to know when it may end, so that a process needs to do nothing at its own end, not even
when it is killed.
"""

from pathlib import Path
from typing import NamedTuple

import psutil

from pipelines import files


class Identity(NamedTuple):
    """A process for good: its number alone may be given to another one after it ends."""

    pid: int
    started: float  # seconds after boot: unlike the time of day it stays when the clock is set

    @classmethod
    def of(cls, process: psutil.Process) -> "Identity":
        """The identity of a living process."""
        return cls(process.pid, round(process.create_time() - psutil.boot_time(), 2))

    def alive(self) -> bool:
        """Whether exactly this process still runs; one that has ended and waits for its parent does not."""
        try:
            process = psutil.Process(self.pid)
            return process.status() != psutil.STATUS_ZOMBIE and abs(self.of(process).started - self.started) < 1
        except psutil.NoSuchProcess:
            return False


def owner() -> Identity:
    """The process that this one works for: the nearest `dvc` above it (so stages of a `dvc repro` share), or itself."""
    me = psutil.Process()
    return Identity.of(next((ancestor for ancestor in me.parents() if _is_dvc(ancestor)), me))


def register(identity: Identity) -> None:
    """Say that a process needs the server."""
    _folder().mkdir(parents=True, exist_ok=True)
    _file(identity).touch()


def forget(identity: Identity) -> None:
    """Say that a process needs the server no longer."""
    _file(identity).unlink(missing_ok=True)


def living() -> list[Identity]:
    """The processes that need the server now; the files of those that have ended are removed."""
    alive = []
    for file in _folder().glob("*-*"):
        pid, _, started = file.name.partition("-")
        identity = Identity(int(pid), float(started))
        if identity.alive():
            alive.append(identity)
        else:
            file.unlink(missing_ok=True)
    return alive


def _folder() -> Path:
    return files.PREFECT_HOME / "owners"


def _file(identity: Identity) -> Path:
    return _folder() / f"{identity.pid}-{identity.started}"


def _is_dvc(process: psutil.Process) -> bool:
    """Whether a process is `dvc ...`, `python .../dvc ...` or `python -m dvc ...`."""
    try:
        program, *arguments = process.cmdline() or [""]
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
    if Path(program).name.startswith("python"):
        return arguments[:2] == ["-m", "dvc"] or Path((*arguments, "")[0]).name == "dvc"
    return Path(program).name == "dvc"
