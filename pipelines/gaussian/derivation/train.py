"""The derivation executed: a report, its tables and its pictures. Knows neither MLflow nor Prefect."""

from dataclasses import dataclass
from pathlib import Path

from params import parse
from pipelines.gaussian.derivation.report import write
from pipelines.nn.results import write_at_once
from pipelines.settings import Run
from pipelines.task import Log, Row


@dataclass(frozen=True)
class DerivationParams:
    """The argument has no settings."""


@dataclass(frozen=True)
class SimulationParams:
    """How efficiency is measured."""

    size: int = 25  # observations in a sample, where mean and median are compared
    samples: int = 20_000  # of each law; the standard error of a variance is then 1 %

    def __post_init__(self) -> None:
        if self.size < 2 or self.samples < 2:
            raise ValueError(f"size is {self.size} and samples {self.samples}: at least 2 of each are needed")


def settings(run: Run) -> tuple[DerivationParams, SimulationParams]:
    """The run's settings. Raises ValueError for an unknown key and for too small a number."""
    return (
        parse(DerivationParams, run.model, f"model of {run.name}"),
        parse(SimulationParams, run.training, f"training of {run.name}"),
    )


def train(run: Run, tables: Path, out: Path, log: Log) -> Row:
    """Executes the argument, fits the laws to the measurements in `tables`, and fills the folder `out`.

    Written: `report.md`, `report.html`, four pictures, `efficiency.csv`, `laws.csv`, `history.csv`, `metrics.json`.
    The seed decides the simulated samples.
    """
    _, simulation = settings(run)
    figures = write(tables, out, size=simulation.size, samples=simulation.samples, seed=run.seed)
    return write_at_once(out, log, figures, {}, parameters=0)
