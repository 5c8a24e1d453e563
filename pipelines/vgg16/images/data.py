"""Pictures as bytes in memory, on the device, and batches of them.

The tables have the columns id, label and class; the array `pixels` beside each has its pictures.

Shapes: N pictures, S pixels a side.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pipelines.tables import load_array, load_table


@dataclass(frozen=True)
class Pictures:
    """pixels (N, S, S, 3) bytes, labels (N,), and what labels stand for."""

    pixels: Tensor
    labels: Tensor
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    def to(self, device: torch.device) -> "Pictures":
        return Pictures(self.pixels.to(device), self.labels.to(device), self.classes)

    def rows(self, index: Tensor) -> "Pictures":
        return Pictures(self.pixels[index], self.labels[index], self.classes)

    def first(self, count: int) -> "Pictures":
        """The first `count`; all, if it is 0."""
        return Pictures(self.pixels[:count], self.labels[:count], self.classes) if count else self


def load_pictures(folder: Path, task: str, split: str) -> Pictures:
    """One table of pictures. Raises ValueError that lists the tasks there are, where this is none."""
    name = f"{task}-{split}"
    if not (folder / f"{name}.parquet").is_file():
        known = sorted({path.stem.rpartition("-")[0] for path in folder.glob("*-train.parquet")})
        raise ValueError(f"{folder} has no pictures {name!r}: its tasks are {', '.join(known)}")
    table = load_table(folder, name)
    classes = table.drop_duplicates("label").set_index("label")["class"].sort_index()
    pixels = load_array(folder, name, "pixels")[torch.tensor(table["id"].to_numpy())]
    return Pictures(pixels, torch.tensor(table["label"].to_numpy()), tuple(classes))


def generator_of(*seeds: int) -> torch.Generator:
    """A source of chance that depends on all of `seeds`."""
    return torch.Generator().manual_seed(int(np.random.SeedSequence(seeds).generate_state(1)[0]))


def batches(count: int, size: int, generator: torch.Generator, steps: int = 0) -> Iterator[Tensor]:
    """The numbers 0 to count - 1 in random order, `size` at a time; over and over, where `steps` are asked for."""
    if not steps:
        yield from torch.split(torch.randperm(count, generator=generator), size)
        return
    passes = -(-steps * size // count)
    rows = torch.cat([torch.randperm(count, generator=generator) for _ in range(passes)])
    yield from torch.split(rows, size)[:steps]


def drawn(labels: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """`count` places of labels (N,), as many of each class as can be, drawn at random."""
    order = torch.randperm(len(labels), generator=generator)
    shuffled = labels.cpu()[order]
    turn = torch.zeros_like(shuffled)  # of each place among those of its class
    for label in torch.unique(shuffled):
        turn[shuffled == label] = torch.arange(int((shuffled == label).sum()))
    return order[torch.argsort(turn, stable=True)[:count]]


def moved(pixels: Tensor, moves: int, flips: bool, generator: torch.Generator) -> Tensor:
    """Pictures moved by up to `moves` pixels in any direction, black behind them; if asked, half of them mirrored."""
    count, side = pixels.shape[:2]
    wide = torch.nn.functional.pad(pixels, (0, 0, moves, moves, moves, moves))
    places = torch.randint(2 * moves + 1, (2, count, 1), generator=generator).to(pixels.device)
    rows, columns = places + torch.arange(side, device=pixels.device)  # (N, S) each
    if flips:
        mirrored = torch.rand(count, 1, generator=generator).to(pixels.device) < 0.5
        columns = torch.where(mirrored, columns.flip(1), columns)
    index = torch.arange(count, device=pixels.device)
    return wide[index[:, None, None], rows[:, :, None], columns[:, None, :]]
