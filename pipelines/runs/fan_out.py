"""A pipeline's runs over worker processes: a run is one process's work, on one thread."""

import contextlib
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.concurrency.sync import concurrency
from prefect.runtime import flow_run
from prefect.task_runners import ProcessPoolTaskRunner

from pipelines import task as tasks
from pipelines.nn.training import choose_device
from pipelines.runs import tracking
from pipelines.runs.folder import execute
from pipelines.settings import Run, load_pipeline
from pipelines.tables import DATA


def fan_out(name: str, *, stage: bool) -> None:
    """Trains every run of the pipeline `name`, to be called within a flow.

    As a DVC stage, finished runs that nothing changed for are kept, and the results go to `data/models/<name>`. Else
    (a scheduled run) everything is trained anew, in a folder that is removed: MLflow holds the results. Variants that
    ask for a GPU are left out where there is none.

    Raises ValueError that names the runs that failed, after all others have finished, and where none could be made.
    """
    pipeline = load_pipeline(name)
    trainer = tasks.find(pipeline.family, pipeline.task).trainer
    for run in pipeline.runs:
        trainer.settings(run)  # one message before anything is trained, not one from each run
    runs = [run for run in pipeline.runs if run.device != "cuda" or torch.cuda.is_available()]
    if left_out := sorted({run.variant for run in pipeline.runs} - {run.variant for run in runs}):
        _report(f"{name}: left out, as they need a GPU and there is none here: {', '.join(left_out)}")
    if not runs:
        raise ValueError(f"every run of {name} needs a GPU, and torch finds none here: set device to auto or cpu")
    tracking.create_store(name)  # before processes fan out
    work = DATA / "work" / (name if stage else f"{name}-{flow_run.get_id()}")
    workers = 1  # `make repro` trains in lanes
    _report(f"{name}: {len(runs)} runs on {pipeline.source} data, {workers} at a time")
    failures = _train(runs, work, workers)
    if failures:
        raise ValueError("\n".join([f"{len(failures)} of {len(runs)} runs failed; the others are kept", *failures]))
    if stage:
        _collect([work / run.name for run in runs], DATA / "models" / name)
    else:
        shutil.rmtree(work)


def _train(runs: Sequence[Run], work: Path, workers: int) -> list[str]:
    """Trains the runs, and returns what went wrong, a line for each that failed."""
    with contextlib.ExitStack() as stack:
        if workers == 1:  # in this process: another would spend 8 s on importing torch, MLflow and Prefect again
            torch.set_num_threads(1)
            attempts: list[Callable[[], object]] = [partial(one_run, run, work) for run in runs]
        else:
            pool = ProcessPoolTaskRunner(max_workers=workers, initializer=_prepare_worker, initargs=(os.getpid(),))
            runner = stack.enter_context(pool)
            attempts = [runner.submit(one_run, {"run": run, "work": work}).result for run in runs]
        failures = []
        for run, attempt in zip(runs, attempts, strict=True):
            try:
                attempt()
            except Exception as error:  # told when the others have finished
                failures.append(f"{run.name}: {error}")
    return failures


def _worth_a_retry(_task: object, _run: object, state: State[Any]) -> bool:
    """A lost server or a full device passes; a mistake in the settings (ValueError) does not."""
    return not isinstance(state.result(raise_on_failure=False), ValueError)


@task(
    name="run",
    task_run_name="{run.variant}-s{run.seed}",
    cache_policy=NO_CACHE,
    retries=1,  # from the last finished epoch
    retry_delay_seconds=10,
    retry_condition_fn=_worth_a_retry,
)
def one_run(run: Run, work: Path) -> None:
    """One run; on a GPU it waits for a slot of the global concurrency limit `gpu`."""
    on_gpu = choose_device(run.device).type == "cuda"
    with concurrency("gpu", occupy=1, strict=True) if on_gpu else contextlib.nullcontext():
        execute(run, work, tasks.find(run.family, run.task).trainer.train, _report)


def _prepare_worker(parent: int) -> None:
    """One thread: results do not depend on how many cores a machine has, and processes do not fight for them.

    A worker also ends when its parent does, however that ends: a pool's workers would wait for it for ever.
    """
    torch.set_num_threads(1)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _collect(folders: list[Path], models: Path) -> None:
    """Copies finished runs to the stage's output, which DVC has removed before the stage began."""
    shutil.rmtree(models, ignore_errors=True)
    for folder in folders:
        shutil.copytree(folder, models / folder.name)


def _report(message: str) -> None:
    """To the terminal, and to the flow's log in Prefect."""
    get_run_logger().info(message)
    print(message, file=sys.stderr, flush=True)
