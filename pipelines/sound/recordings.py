"""Recordings that stand beside a table, and what a network hears of them: for every task that listens.

A table has `start` and `length` of each recording in the array `samples` beside it.

Shapes: N samples of a recording, T frames, F features of a frame.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor

from pipelines.nn.words import by_length
from pipelines.sound.acoustics import Features, resample
from pipelines.tables import load_array, load_table

FULL_SCALE = 32768  # of the samples in the tables
AT_ONCE = 128  # recordings whose features are computed in one batch


@dataclass(frozen=True)
class Split:
    """A split's rows, with a column `part` (the table that they come from), and their recordings (N,) in [-1, 1]."""

    rows: pd.DataFrame
    waveforms: list[Tensor]

    def where(self, chosen: pd.Series) -> "Split":
        """The rows for which `chosen` is true."""
        kept = [waveform for waveform, keep in zip(self.waveforms, chosen, strict=True) if keep]
        return Split(self.rows[chosen].reset_index(drop=True), kept)


def load_split(folder: Path, split: str) -> Split:
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
    return Split(pd.concat(tables, ignore_index=True), waveforms)


def raw_features(compute: Features, waveforms: Sequence[Tensor], speed: float = 1.0) -> list[Tensor]:
    """Features (T, F) of each recording, played at `speed`; a batch holds recordings of about the same length."""
    found: list[Tensor] = [torch.empty(0)] * len(waveforms)
    for chosen in by_length(map(len, waveforms), AT_ONCE):
        batch = torch.nn.utils.rnn.pad_sequence([waveforms[index] for index in chosen], batch_first=True)
        lengths = torch.tensor([len(waveforms[index]) for index in chosen])
        if speed != 1.0:
            up, down = 100, round(100 * speed)
            batch, lengths = resample(batch, up, down), -(-lengths * up // down)
        features, frames = compute(batch, lengths)
        for index, row, length in zip(chosen, features, frames.tolist(), strict=True):
            found[index] = row[:length].clone()
    return found
