"""Runs without Prefect or MLflow: for a GPU machine that has torch, pandas and pyarrow, and not the whole stack.

Started by torchrun, several processes train each run together, as far as its task can do that.
"""

import time
from collections.abc import Collection
from pathlib import Path

import torch

from pipelines import task
from pipelines.nn import distributed
from pipelines.nn.training import choose_device
from pipelines.reporting import sealed
from pipelines.runs.folder import describe
from pipelines.settings import Run, load_pipeline
from pipelines.tables import tables_of
from pipelines.task import Row


def train(name: str, variants: Collection[str], seeds: Collection[int], out: Path) -> None:
    """Trains those variants and seeds of the pipeline `name`, all if none are named, each in a folder of `out`.

    A folder is what a stage leaves: `results --record` and `publish` read it.

    The figures are those of the stage: settings, data and threads are the same. Raises ValueError where no run is
    asked for that params.yaml has, and for what several processes cannot do.
    """
    with distributed.process_group() as group:
        pipeline = load_pipeline(name)
        runs = _asked(name, pipeline.runs, variants, seeds)
        found = task.find(pipeline.family, pipeline.task)
        trainer = found.trainer
        if group.is_distributed:
            if not found.is_shared:
                raise ValueError(f"the runs of {name} are trained by one process each: start them without torchrun")
            for run in runs:
                group.check_gpus(choose_device(run.device))
                trainer.settings(run)
        comparison = found.comparison
        torch.set_num_threads(1)
        for run in runs:
            folder, tables = out / run.name, tables_of(run.dataset)
            folder.mkdir(parents=True, exist_ok=True)
            description = describe(run, tables)
            began = time.monotonic()
            figures = trainer.train(run, tables, folder, PrintedLog(run.name, began))
            if group.rank == 0:
                seconds = round(time.monotonic() - began, 1)
                sealed.write(folder, description | {"finished": True, "seconds": seconds})
                print(f"{run.name}: {comparison.brief(figures)}, {seconds:.0f} s", flush=True)


def _asked(name: str, runs: Collection[Run], variants: Collection[str], seeds: Collection[int]) -> list[Run]:
    known = {run.variant for run in runs}
    if unknown := sorted(set(variants) - known):
        raise ValueError(f"{name} has no variant {unknown[0]!r}: it has {', '.join(sorted(known))}")
    asked = [run for run in runs if run.variant in (variants or known) and (not seeds or run.seed in seeds)]
    if not asked:
        raise ValueError(f"{name} has no such seeds: {', '.join(map(str, seeds))}")
    return asked


class PrintedLog:
    """Prints an epoch's figures as they come; of several processes, the first does."""

    def __init__(self, run: str, began: float) -> None:
        self._run, self._began = run, began

    def epoch(self, row: Row) -> None:
        if distributed.group().rank == 0:
            figures = ", ".join(f"{name} {value:.4g}" for name, value in row.items())
            print(f"{self._run} after {time.monotonic() - self._began:.1f} s: {figures}", flush=True)
