"""Pieces of recordings as waveforms to be memorised.

The tables and arrays are those of a data set of speech: `start` and `length` of each row's recording in the array
`samples` beside the table.

Shapes: B waveforms, T samples.
"""

from pathlib import Path

import torch
from torch import Tensor

from pipelines.tables import load_array, load_table


def load_waveforms(folder: Path, split: str, count: int, samples: int) -> Tensor:
    """The loudest `samples` in a row of the first `count` recordings, each scaled to [-1, 1]: (B, T).

    Raises ValueError where the split has fewer recordings of that length.
    """
    name = min(path.stem for path in folder.glob("*.parquet") if path.stem.split("-")[-1] == split)
    table, array = load_table(folder, name), load_array(folder, name, "samples")
    long = table[table["length"] >= samples].head(count)
    if len(long) < count:
        raise ValueError(f"{folder}/{name} has {len(long)} recordings of {samples} samples or more: {count} are needed")
    found = []
    for start, length in zip(long["start"], long["length"], strict=True):
        pieces = array[start : start + length].float().unfold(0, samples, samples)  # (pieces, T)
        loudest = pieces[pieces.square().sum(dim=1).argmax()]
        found.append((loudest - loudest.mean()) / (loudest - loudest.mean()).abs().max())
    return torch.stack(found)
