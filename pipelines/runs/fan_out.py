"""A pipeline's runs over the machine's cores: each run is one process's work, on one thread.

The flow's own process trains on one core from start to end. Beside it, as long as runs are waiting and cores are free,
worker processes train too: as many as there are cores, over all pipelines that train at the time (`cores.py`).
"""

import contextlib
import contextvars
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.concurrency.sync import concurrency

from pipelines import task as tasks
from pipelines.nn.training import choose_device
from pipelines.runs import cores
from pipelines.runs.folder import execute
from pipelines.runs.worker import Worker
from pipelines.settings import Run

Execute = Callable[[Run, Path, Callable[[str], None]], object]

PAUSE = 0.5  # seconds between a worker's looks for a free core: longer than a flow's, which goes first


def train_runs(runs: Sequence[Run], work: Path) -> tuple[list[Path], list[str]]:
    """Trains the runs in folders of `work`; to be called within a flow.

    Returns the folders, and a line for each run that failed, after all others have finished.
    """
    queue = Queue(runs)
    workers = [Worker() for _ in range(min(len(runs), cores.count()) - 1)]
    threads = [
        threading.Thread(target=contextvars.copy_context().run, args=(_train_beside, queue, worker, work), daemon=True)
        for worker in workers
    ]
    torch.set_num_threads(1)
    try:
        with cores.own():
            for thread in threads:
                thread.start()
            while (run := queue.take()) is not None:
                queue.attempt(run, work, _execute_here)
        for thread in threads:
            thread.join()
    except BaseException:  # an interruption, or the flow's time limit
        queue.close()
        for worker in workers:
            worker.stop()
        raise
    for worker in workers:
        worker.stop()
    return queue.folders, queue.failures


class Queue:
    """The runs that wait for a core, and what went wrong with those that did not."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self._waiting = deque(runs)
        self._folders: dict[str, Path] = {}
        self._failures: dict[str, str] = {}
        self._names = [run.name for run in runs]

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def take(self) -> Run | None:
        """The next run; None where none is left."""
        try:
            return self._waiting.popleft()
        except IndexError:  # asking first would race with other threads
            return None

    def close(self) -> None:
        self._waiting.clear()

    def attempt(self, run: Run, work: Path, execute: Execute) -> None:
        """Trains a run; an error is kept, to be reported when the others have finished."""
        try:
            self._folders[run.name] = one_run(run, work, execute)
        except Exception as error:
            self._failures[run.name] = f"{run.name}: {error}"

    @property
    def folders(self) -> list[Path]:
        return [self._folders[name] for name in self._names if name in self._folders]

    @property
    def failures(self) -> list[str]:
        return [self._failures[name] for name in self._names if name in self._failures]


def _train_beside(queue: Queue, worker: Worker, work: Path) -> None:
    """Trains waiting runs in a worker process, each as soon as a core is free."""
    while queue:
        with cores.one_if_free() as is_free:
            if is_free and (run := queue.take()) is not None:
                queue.attempt(run, work, worker.execute)
        if queue:
            time.sleep(PAUSE)


def _execute_here(run: Run, work: Path, report: Callable[[str], None]) -> None:
    execute(run, work, tasks.find(run.family, run.task).trainer.train, report)


def _is_worth_a_retry(_task: object, _run: object, state: State[Any]) -> bool:
    """A lost server or a full device passes; a mistake in the settings (ValueError) does not."""
    return not isinstance(state.result(raise_on_failure=False), ValueError)


@task(
    name="train",
    task_run_name="train {run.variant}-s{run.seed}",
    cache_policy=NO_CACHE,
    retries=1,  # from the last finished epoch
    retry_delay_seconds=10,
    retry_condition_fn=_is_worth_a_retry,
)
def one_run(run: Run, work: Path, execute: Execute) -> Path:
    """Trains one run; returns its folder.

    On a GPU it waits for a slot of Prefect's global concurrency limit `gpu`, which owns the devices.
    """
    on_gpu = choose_device(run.device).type == "cuda"
    with concurrency("gpu", occupy=1, strict=True) if on_gpu else contextlib.nullcontext():
        execute(run, work, report)
    return work / run.name


def report(message: str) -> None:
    """To the terminal, and to the log in Prefect."""
    get_run_logger().info(message)
    print(message, file=sys.stderr, flush=True)
