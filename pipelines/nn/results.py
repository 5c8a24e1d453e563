"""The figures of a run: `history.csv` by epoch, and `metrics.json` of the whole run."""

import json
from pathlib import Path

import pandas as pd

from pipelines.files import write_atomically
from pipelines.task import Log, Row


def write_figures(out: Path, history: list[Row], figures: Row) -> None:
    """Writes both files into the run's folder `out`."""
    pd.DataFrame(history).to_csv(out / "history.csv", index=False, float_format="%.6g")
    write_atomically(out / "metrics.json", json.dumps(figures, indent=2).encode())


def write_at_once(out: Path, log: Log, found: Row, test: Row, parameters: int) -> Row:
    """Writes both files for a run without epochs, whose result is computed at once: it counts as one epoch.

    `found` are its figures on all data but the test split, `parameters` the number of estimated values. Returns the
    run's figures.
    """
    row = {"epoch": 1.0, **found}
    figures = {**found, **test, "best_epoch": 1.0, "parameters": float(parameters)}
    write_figures(out, [row], figures)
    log.epoch(row)
    return figures
