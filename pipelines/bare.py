"""Runs without Prefect or MLflow: for a GPU machine that has torch, pandas and pyarrow, and not the whole stack."""

import time
from collections.abc import Collection
from pathlib import Path

import torch

from pipelines import tasks
from pipelines.params import load_pipeline
from pipelines.tables import source_of, tables_of
from pipelines.training import Row


def train(name: str, variants: Collection[str], seeds: Collection[int], out: Path) -> None:
    """Trains those variants and seeds of the pipeline `name`, all if none are named, each in a folder of `out`.

    The figures are those of the stage: settings, data and threads are the same. Raises ValueError where no run is
    asked for that params.yaml has.
    """
    pipeline = load_pipeline(name, source_of)
    comparison = tasks.comparison(pipeline.family, pipeline.task)
    known = {run.variant for run in pipeline.runs}
    if unknown := sorted(set(variants) - known):
        raise ValueError(f"{name} has no variant {unknown[0]!r}: it has {', '.join(sorted(known))}")
    runs = [run for run in pipeline.runs if run.variant in (variants or known) and (not seeds or run.seed in seeds)]
    if not runs:
        raise ValueError(f"{name} has no such seeds: {', '.join(map(str, seeds))}")
    torch.set_num_threads(1)
    trainer = tasks.trainer(pipeline.family, pipeline.task)
    for run in runs:
        folder = out / run.name
        folder.mkdir(parents=True, exist_ok=True)
        began = time.monotonic()
        figures = trainer.train(run, tables_of(run.dataset), folder, Told(run.name, began))
        print(f"{run.name}: {comparison.brief(figures)}, {time.monotonic() - began:.0f} s", flush=True)


class Told:
    """Prints an epoch's figures as they come."""

    def __init__(self, run: str, began: float) -> None:
        self._run, self._began = run, began

    def epoch(self, row: Row) -> None:
        figures = ", ".join(f"{name} {value:.4g}" for name, value in row.items())
        print(f"{self._run} after {time.monotonic() - self._began:.1f} s: {figures}", flush=True)
