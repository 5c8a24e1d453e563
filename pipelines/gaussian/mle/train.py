"""Measurements estimated: a report, its tables and its pictures. Knows neither MLflow nor Prefect."""

from dataclasses import dataclass
from pathlib import Path

from params import parse
from pipelines.gaussian.mle.report import write
from pipelines.nn.results import write_at_once
from pipelines.settings import Run
from pipelines.task import Log, Row


@dataclass(frozen=True)
class EstimateParams:
    """The closed form has no settings."""


@dataclass(frozen=True)
class SimulationParams:
    """How bias, bounds and coverage are measured."""

    samples: int = 10_000  # of each size and law; a coverage of 95 % is then known to 0.2 %

    def __post_init__(self) -> None:
        if self.samples < 2:
            raise ValueError(f"samples is {self.samples}: at least 2 are needed")


def settings(run: Run) -> tuple[EstimateParams, SimulationParams]:
    """The run's settings. Raises ValueError for an unknown key and for too few samples."""
    return (
        parse(EstimateParams, run.model, f"model of {run.name}"),
        parse(SimulationParams, run.training, f"training of {run.name}"),
    )


def train(run: Run, tables: Path, out: Path, log: Log) -> Row:
    """Estimates every sample in `tables`, tests the intervals in simulations, and fills the folder `out`.

    Written: `report.md`, `report.html`, five pictures, `estimates.csv`, `bias.csv`, `bounds.csv`, `coverage.csv`,
    `history.csv` and `metrics.json`. The seed decides the simulated samples.
    """
    _, simulation = settings(run)
    figures = write(tables, out, samples=simulation.samples, seed=run.seed)
    return write_at_once(out, log, figures, {}, parameters=2 * int(figures["samples"]))
