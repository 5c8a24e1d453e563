"""A process that trains runs beside the flow's own process: one run at a time, on one thread.

It is started for the first run, so that its imports are paid for once, and ends when it is stopped or when the process
that started it is gone, however that ended.
"""

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path

from pipelines.settings import Run

END_LIMIT = 20.0  # seconds for an interrupted run to keep what it has
POLL = 0.5


class WorkerError(RuntimeError):
    """The process ended within a run."""


class Worker:
    """To be used by one thread; `stop` may be called by another."""

    def __init__(self) -> None:
        self._process: SpawnProcess | None = None
        self._connection: Connection | None = None
        self._stopped = False

    def execute(self, run: Run, work: Path, report: Callable[[str], None]) -> None:
        """Trains a run in the process. Raises what training raised, or WorkerError."""
        connection = self._connected()
        try:
            connection.send((run, work))
            while isinstance(answer := connection.recv(), str):
                report(answer)
        except (EOFError, OSError):
            self._process = self._connection = None
            raise WorkerError(f"the process that trained {run.name} has ended") from None
        if answer is not None:
            raise answer

    def stop(self) -> None:
        """Interrupts the run that is under way, and ends the process."""
        self._stopped = True
        process = self._process
        if process is None or process.pid is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGINT)
        process.join(END_LIMIT)
        if process.is_alive():
            process.kill()
            process.join()

    def _connected(self) -> Connection:
        if self._stopped:
            raise WorkerError("interrupted")
        if self._connection is None:
            context = multiprocessing.get_context("spawn")  # a fork would copy the threads' locks
            self._connection, theirs = context.Pipe()
            self._process = context.Process(target=_serve, args=(theirs, os.getpid()), daemon=True)
            self._process.start()
            theirs.close()
        return self._connection


def _serve(connection: Connection, parent: int) -> None:
    """Trains the runs that come in, and answers None, or what was raised; text on the way is a report."""
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    import torch

    from pipelines import task
    from pipelines.runs.folder import execute

    torch.set_num_threads(1)
    with contextlib.suppress(EOFError, KeyboardInterrupt, BrokenPipeError):
        while True:
            run, work = connection.recv()
            try:
                execute(run, work, task.find(run.family, run.task).trainer.train, connection.send)
            except Exception as error:
                connection.send(error)
            else:
                connection.send(None)


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(POLL)
    os._exit(1)
