"""Which processes need the project's Prefect server: an empty file each, `.prefect/leases/<process id>`.

The server reads these files to know when to end. So a process has nothing to do at its own end, even when it is killed.
"""

import shutil
from pathlib import Path

import psutil
from filelock import FileLock

from pipelines import files


def lock() -> FileLock:
    """Held by whoever decides that a server starts or ends; a server that ends holds it until it is gone."""
    return FileLock(files.PREFECT_HOME / "server.lock")


def holder() -> int:
    """The process that this one works for: the nearest `dvc` above it, so that stages share a lease, or itself."""
    me = psutil.Process()
    return next((ancestor.pid for ancestor in me.parents() if _is_dvc(_command(ancestor))), me.pid)


def add(pid: int) -> None:
    """Keeps the server up as long as the process lives."""
    _folder().mkdir(parents=True, exist_ok=True)
    (_folder() / str(pid)).touch()


def remove(pid: int) -> None:
    """The process needs the server no longer."""
    (_folder() / str(pid)).unlink(missing_ok=True)


def clear() -> None:
    """Forgets the leases of an earlier server: those process ids may belong to other processes by now."""
    shutil.rmtree(_folder(), ignore_errors=True)


def holders() -> list[int]:
    """The living processes that need the server; the leases of those that have ended are removed."""
    pids = [int(file.name) for file in _folder().glob("*")]
    living = [pid for pid in pids if _is_alive(pid)]
    for ended in set(pids) - set(living):
        remove(ended)
    return living


def _is_alive(pid: int) -> bool:
    """A process that has ended and that its parent has not waited for counts as ended."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return []


def _is_dvc(command: list[str]) -> bool:
    """Whether a command is `dvc ...`, `python .../dvc ...` or `python -m dvc ...`."""
    program, argument, module = [*command, "", "", ""][:3]
    if not Path(program).name.startswith("python"):
        return Path(program).name == "dvc"
    return Path(argument).name == "dvc" or (argument, module) == ("-m", "dvc")


def _folder() -> Path:
    return files.PREFECT_HOME / "leases"
