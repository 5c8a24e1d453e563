"""Preloaded stages: what they import is imported once for all of a `make repro`, not once by each.

A stage of the DAG spends most of its seconds on importing Great Expectations, or torch and MLflow. `preloaded(...)`
starts a process for each package of stages that imports these libraries, waits, and forks for every
`python -m <package> ...`.
Such commands come to it because a folder that goes first in PATH has a `python` which passes them on. A stage's own
code is not imported ahead: it is read from the disk when the stage runs.

Whatever cannot be passed on, as long as the process still imports for one, is run by Python as ever.
"""

# This file is also run as a program by itself, in place of Python: it imports nothing but what starts in milliseconds.
import atexit
import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

POLL = 0.5
END_LIMIT = 30.0  # seconds for an interrupted command to keep what it has
# A process with threads cannot be forked safely: numpy's and Arrow's libraries start some when they are imported.
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}


@contextlib.contextmanager
def preloaded(packages: Mapping[str, Sequence[str]]) -> Iterator[Path]:
    """The folder to put first in PATH; `packages` are the packages to run and what they import."""
    folder = Path(tempfile.mkdtemp(prefix="preloaded-"))  # for its owner only
    program = folder / "python"
    ask = [sys.executable, "-IS", str(Path(__file__).resolve()), "ask", str(folder), sys.executable]
    program.write_text(f'#!/bin/sh\nexec {shlex.join(ask)} "$@"\n')
    program.chmod(0o700)
    environment = os.environ | ONE_THREAD
    servers = [
        subprocess.Popen(
            [sys.executable, "-m", "pipelines.ops.preload", "serve", folder / name, *libraries], env=environment
        )
        for name, libraries in packages.items()
    ]
    try:
        yield folder
    finally:
        _end(servers)
        shutil.rmtree(folder, ignore_errors=True)


def _end(servers: Sequence["subprocess.Popen[bytes]"]) -> None:
    """Ends the servers; a command that still runs, as whoever asked for it was killed, is interrupted with them."""
    from pipelines.ops import processes

    members = [member for server in servers for member in processes.family(server.pid)[1:]]
    for server in servers:
        server.terminate()
    for server in servers:
        server.wait()
    processes.await_end(members, END_LIMIT)


@contextlib.contextmanager
def _short(address: Path) -> Iterator[str]:
    """A name of a socket's path that is short enough for one, however long the path is."""
    folder = os.open(address.parent, os.O_RDONLY)
    try:
        yield f"/proc/self/fd/{folder}/{address.name}"
    finally:
        os.close(folder)


def serve(address: Path, libraries: Sequence[str]) -> None:
    """Imports `libraries`, then forks for each command that comes in at `address`, as long as its parent lives.

    In a forked process it runs the command and returns.
    """
    parent = os.getppid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to the commands too, and those it is meant for
    ended = Ended()
    atexit.register(ended.leave)  # before the libraries, whose own handlers then come first
    try:
        for name in libraries:
            importlib.import_module(name)
    except ImportError:
        return  # the command that needs it will say so
    gc.collect()
    gc.freeze()  # a forked process that looked through all of this for garbage would copy it
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the keepers
    with socket.socket(socket.AF_UNIX) as listener:
        with _short(address) as name:
            listener.bind(name)
        listener.listen()
        listener.settimeout(POLL)
        while os.getppid() == parent:
            with contextlib.suppress(TimeoutError):
                connection, _ = listener.accept()
                if os.fork() == 0:
                    listener.close()
                    _keep(connection, ended)
                    return
                connection.close()
    shutil.rmtree(address.parent, ignore_errors=True)  # the parent had no time to


class Ended:
    """How a command ended; `leave` ends its process with that.

    Python would first take all modules apart, which takes a forked process seconds: it copies what it touches.
    """

    status: int | None = None  # none: not by itself

    def leave(self) -> None:
        if self.status is not None:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(self.status)

    @contextlib.contextmanager
    def watch(self) -> Iterator[None]:
        try:
            yield
            self.status = 0
        except SystemExit as end:
            if end.code is None or isinstance(end.code, int):
                self.status = (end.code or 0) & 0xFF
            raise


def _keep(connection: socket.socket, ended: Ended) -> None:
    """Forks for one command, tells how it ended, and interrupts it when nobody waits for it or the server has ended."""
    server = os.getppid()
    connection.settimeout(None)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    size, descriptors, _, _ = socket.recv_fds(connection, 4, 3)
    with connection.makefile("rb") as stream:
        command = json.loads(stream.read(int.from_bytes(size)))
    worker = os.fork()
    if worker == 0:
        connection.close()
        with ended.watch():
            _run(command, descriptors)
        return
    death = os.pidfd_open(worker)
    awaited: list[Any] = [connection, death]
    while not (found := select.select(awaited, [], [], POLL)[0]) and os.getppid() == server:
        pass
    if death not in found:
        os.kill(worker, signal.SIGINT)
    status = os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])
    with contextlib.suppress(OSError):
        connection.sendall(bytes([status if status >= 0 else 128 - status]))  # as a shell tells a signal
    os._exit(0)


def _run(command: Mapping[str, Any], descriptors: Sequence[int]) -> None:
    """What `python -m` does, with the asker's environment, folder, input and output."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(command["environment"])
    os.chdir(command["folder"])
    sys.path[0] = command["folder"]
    sys.argv = ["", *command["arguments"]]
    # The one from the start belongs to another file, as its position shows where it is changed.
    sys.stdout = os.fdopen(1, "w", buffering=1, encoding=sys.stdout.encoding, closefd=False)
    runpy.run_module(command["package"], run_name="__main__", alter_sys=True)


def ask(folder: Path, python: str, arguments: Sequence[str]) -> int:
    """Passes on `python -m <package> ...` and returns its exit status; where that is not possible, becomes Python."""
    if len(arguments) < 2 or arguments[0] != "-m" or not (folder / arguments[1]).exists():
        _be(python, arguments)
    command = {
        "package": arguments[1],
        "arguments": arguments[2:],
        "environment": dict(os.environ),
        "folder": str(Path.cwd()),
    }
    message = json.dumps(command).encode()
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            with _short(folder / arguments[1]) as name:
                connection.connect(name)
        except OSError:
            _be(python, arguments)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the command gets it too, and tells what came of it
        socket.send_fds(connection, [len(message).to_bytes(4)], [0, 1, 2])
        connection.sendall(message)
        answer = connection.recv(1)
    return answer[0] if answer else 1


def _be(python: str, arguments: Sequence[str]) -> NoReturn:
    os.execv(python, [python, *arguments])  # noqa: S606


if __name__ == "__main__":
    verb, place, *rest = sys.argv[1:]
    if verb == "ask":
        sys.exit(ask(Path(place), rest[0], rest[1:]))
    serve(Path(place), rest)
