"""Pictures as bytes in memory, on the device, and batches of them.

The tables have the columns id, label and class; the array `pixels` beside each has its pictures.

Shapes: N pictures, S pixels a side.
"""

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


@dataclass(frozen=True)
class Changes:
    """What is done to pictures that are learned from."""

    moves: int  # up to so many pixels in any direction
    flips: bool  # half of them are mirrored
    holes: int  # pixels a side of a square that is cut out anywhere, over the edge too (DeVries and Taylor 2017)


def order(count: int, size: int, generator: torch.Generator, steps: int = 0) -> Tensor:
    """The numbers 0 to count - 1 in random order, once; or over and over, enough for `steps` batches of `size`."""
    if not steps:
        return torch.randperm(count, generator=generator)
    passes = -(-steps * size // count)
    return torch.cat([torch.randperm(count, generator=generator) for _ in range(passes)])[: steps * size]


def batches(
    pictures: Pictures, rows: Tensor, size: int, changes: Changes, generator: torch.Generator
) -> list[tuple[Tensor, Tensor]]:
    """Those rows of the pictures, changed: pixels (B, S, S, 3) and labels (B,), `size` at a time.

    All are gathered at once: a batch at a time, a GPU would wait for the row numbers of each.
    """
    chosen = pictures.rows(rows.to(pictures.labels.device))
    pixels = changed(chosen.pixels, changes, generator)
    return list(zip(torch.split(pixels, size), torch.split(chosen.labels, size), strict=True))


def drawn(labels: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """`count` places of labels (N,), as many of each class as can be, drawn at random."""
    order = torch.randperm(len(labels), generator=generator)
    shuffled = labels.cpu()[order]
    turn = torch.zeros_like(shuffled)  # of each place among those of its class
    for label in torch.unique(shuffled):
        turn[shuffled == label] = torch.arange(int((shuffled == label).sum()))
    return order[torch.argsort(turn, stable=True)[:count]]


def changed(pixels: Tensor, changes: Changes, generator: torch.Generator) -> Tensor:
    """Pictures (N, S, S, 3), each changed anew; what is moved in, and what is cut out, is black."""
    count, side = pixels.shape[:2]
    device, moves = pixels.device, changes.moves

    def chance(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=generator).to(device)

    wide = torch.nn.functional.pad(pixels, (0, 0, moves, moves, moves, moves))
    places = (chance(2, count, 1) * (2 * moves + 1)).long()
    along = torch.arange(side, device=device)
    rows, columns = places + along  # (N, S) each
    if changes.flips:
        columns = torch.where(chance(count, 1) < 0.5, columns.flip(1), columns)
    index = torch.arange(count, device=device)
    found = wide[index[:, None, None], rows[:, :, None], columns[:, None, :]]
    if changes.holes:
        first = (chance(2, count, 1) * side).long() - changes.holes // 2
        down, across = (along >= first) & (along < first + changes.holes)  # (N, S) each
        found[down[:, :, None] & across[:, None, :]] = 0
    return found
