"""A family's tasks, found by name: `pipelines/<family>/<task>/`, with the same modules in each.

`__init__.py`  COMPARISON: the figures by which its runs are compared, and what a report shows
`train.py`     settings(run) raises ValueError for wrong settings; train(run, tables, out, log) trains one run; SHARED
               is there and true where several processes can train it together (pipelines/distributed.py); reads(run)
               is there where a run reads files besides its data, and names them
`predict.py`   Predictor(weights) answers for texts; shown(answer) puts one answer into lines; where a command line
               names something else (files, options), inputs(arguments) turns it into the texts that a model is asked:
               a list, or an iterator whose texts are asked one by one, so that not all must be in memory at once;
               a task whose result is a report, not a model, has no such module and leaves no weights
"""

import importlib
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol, cast

from pipelines.comparison import Comparison
from pipelines.params import Run
from pipelines.training import Log, Row


class Trainer(Protocol):
    """The module `train` of a task. It knows neither MLflow nor Prefect."""

    def settings(self, run: Run) -> object:
        """What params.yaml says of a run, checked. Raises ValueError that names what is wrong."""

    def train(self, run: Run, tables: Path, out: Path, log: Log) -> Row:
        """Trains on `tables`, fills the folder `out`, and returns the run's figures."""


class Predictor(Protocol):
    """What a trained model is asked with: raw texts in, one answer for each out."""

    def __call__(self, texts: list[str]) -> list[dict[str, Any]]: ...


def comparison(family: str, task: str) -> Comparison:
    return cast(Comparison, importlib.import_module(f"pipelines.{family}.{task}").COMPARISON)


def flow(family: str) -> Callable[..., None]:
    """The family's Prefect flow, which trains all runs of one of its pipelines."""
    return cast("Callable[..., None]", importlib.import_module(f"pipelines.{family}.flow").train_variants)


def trainer(family: str, task: str) -> Trainer:
    return cast(Trainer, importlib.import_module(f"pipelines.{family}.{task}.train"))


def is_shared(family: str, task: str) -> bool:
    """Whether several processes can train a run together."""
    return bool(getattr(importlib.import_module(f"pipelines.{family}.{task}.train"), "SHARED", False))


def reads(run: Run) -> list[Path]:
    """The files that a run reads besides its data: they decide its result too."""
    named = getattr(trainer(run.family, run.task), "reads", None)
    return named(run) if named else []


def predictor(family: str, task: str, weights: Path) -> Predictor:
    module = importlib.import_module(f"pipelines.{family}.{task}.predict")
    return cast(Predictor, module.Predictor(weights))


def inputs(family: str, task: str, arguments: list[str]) -> Iterable[list[str]]:
    """What a model is asked by a command line, in batches: its arguments; without any, the lines of standard input."""
    read = getattr(importlib.import_module(f"pipelines.{family}.{task}.predict"), "inputs", None)
    found: Iterable[str] = read(arguments) if read else arguments or [line.strip() for line in sys.stdin]
    return [found] if isinstance(found, list) else ([text] for text in found)


def shown(family: str, task: str, answer: dict[str, Any]) -> str:
    """An answer as lines for a terminal."""
    return str(importlib.import_module(f"pipelines.{family}.{task}.predict").shown(answer))
