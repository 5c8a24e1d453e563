"""The recordings of a data set's tables, for every task that reads sound.

A table has `start` and `length` of each recording in the array `samples` beside it.

Shapes: N samples of a recording.
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from torch import Tensor

from pipelines.tables import load_array, load_table

FULL_SCALE = 32768  # of samples, which are 16-bit integers in the tables


@dataclass(frozen=True)
class Recordings:
    """The rows of a split, with a column `part` (the table they come from), and a waveform (N,) in [-1, 1] of each."""

    rows: pd.DataFrame
    waveforms: list[Tensor]

    def where(self, chosen: pd.Series) -> "Recordings":
        """The rows for which `chosen` is true."""
        kept = [waveform for waveform, keep in zip(self.waveforms, chosen, strict=True) if keep]
        return Recordings(self.rows[chosen].reset_index(drop=True), kept)


def load_recordings(folder: Path, split: str) -> Recordings:
    """All tables of a split: `train`, or `isolated-train`, `connected-train` and so on, which are read as one.

    Raises ValueError where there is none.
    """
    names = sorted(path.stem for path in folder.glob("*.parquet") if path.stem.split("-")[-1] == split)
    if not names:
        raise ValueError(f"{folder} has no table {split} nor any that ends in -{split}")
    tables, waveforms = [], []
    for name in names:
        table, samples = load_table(folder, name), load_array(folder, name, "samples")
        tables.append(table.assign(part=name.removesuffix(split).rstrip("-") or "all"))
        places = zip(table["start"], table["length"], strict=True)
        waveforms += [samples[start : start + length].float() / FULL_SCALE for start, length in places]
    return Recordings(pd.concat(tables, ignore_index=True), waveforms)
