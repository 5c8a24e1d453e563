"""Pictures as bytes in memory, on the device, and batches of them.

The tables have the columns id, label and class; the array `pixels` of each table has its pictures.

Shapes: N pictures, B of them in a batch, S pixels a side.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pipelines.tables import load_array, load_table


@dataclass(frozen=True)
class Pictures:
    """pixels (N, S, S, 3) of bytes, labels (N,), and the name of each label's class."""

    pixels: Tensor
    labels: Tensor
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    def to(self, device: torch.device) -> "Pictures":
        return Pictures(self.pixels.to(device), self.labels.to(device), self.classes)

    def rows(self, index: Tensor | slice) -> "Pictures":
        return Pictures(self.pixels[index], self.labels[index], self.classes)

    def first(self, count: int) -> "Pictures":
        """The first `count`; all if it is 0."""
        return self.rows(slice(count)) if count else self


def load_pictures(folder: Path, task: str, split: str) -> Pictures:
    """One table of pictures. Raises ValueError that lists the tasks of `folder` where `task` is not one of them."""
    name = f"{task}-{split}"
    if not (folder / f"{name}.parquet").is_file():
        known = sorted({path.stem.rpartition("-")[0] for path in folder.glob("*-train.parquet")})
        raise ValueError(f"{folder} has no pictures {name!r}: its tasks are {', '.join(known)}")
    table = load_table(folder, name)
    classes = table.drop_duplicates("label").set_index("label")["class"].sort_index()
    pixels = load_array(folder, name, "pixels")[torch.tensor(table["id"].to_numpy())]
    return Pictures(pixels, torch.tensor(table["label"].to_numpy()), tuple(classes))


def generator_of(*seeds: int) -> torch.Generator:
    """A random generator seeded by all of `seeds`."""
    return torch.Generator().manual_seed(int(np.random.SeedSequence(seeds).generate_state(1)[0]))


@dataclass(frozen=True)
class Augmentation:
    """Random changes to training pictures."""

    max_shift: int  # pixels, at most, in both directions
    flip: bool  # whether half of the pictures are mirrored
    cutout_size: int  # pixels a side of a black square anywhere, partly outside too (DeVries and Taylor 2017)

    def __call__(self, pixels: Tensor, generator: torch.Generator) -> Tensor:
        """Pictures (N, S, S, 3), each changed on its own; what moves in from outside is black."""
        count, side = pixels.shape[:2]
        device, shift = pixels.device, self.max_shift

        def random(*shape: int) -> Tensor:
            return torch.rand(*shape, generator=generator).to(device)

        padded = torch.nn.functional.pad(pixels, (0, 0, shift, shift, shift, shift))
        offsets = (random(2, count, 1) * (2 * shift + 1)).long()
        along = torch.arange(side, device=device)
        rows, columns = offsets + along  # (N, S) each
        if self.flip:
            columns = torch.where(random(count, 1) < 0.5, columns.flip(1), columns)
        index = torch.arange(count, device=device)
        changed = padded[index[:, None, None], rows[:, :, None], columns[:, None, :]]
        if self.cutout_size:
            first = (random(2, count, 1) * side).long() - self.cutout_size // 2
            down, across = (along >= first) & (along < first + self.cutout_size)  # (N, S) each
            changed[down[:, :, None] & across[:, None, :]] = 0
        return changed


def row_order(count: int, batch_size: int, generator: torch.Generator, steps: int = 0) -> Tensor:
    """The rows 0 to count - 1 in random order, once; with `steps`, repeated until that many batches are full."""
    if not steps:
        return torch.randperm(count, generator=generator)
    passes = -(-steps * batch_size // count)
    return torch.cat([torch.randperm(count, generator=generator) for _ in range(passes)])[: steps * batch_size]


def picture_batches(
    pictures: Pictures, rows: Tensor, batch_size: int, augmentation: Augmentation, generator: torch.Generator
) -> list[tuple[Tensor, Tensor]]:
    """Batches of those rows of the pictures, augmented: pixels (B, S, S, 3) and labels (B,).

    All are gathered at once: batch by batch, a GPU would wait for the row numbers of each.
    """
    chosen = pictures.rows(rows.to(pictures.labels.device))
    pixels = augmentation(chosen.pixels, generator)
    return list(zip(torch.split(pixels, batch_size), torch.split(chosen.labels, batch_size), strict=True))


def balanced_rows(labels: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """`count` random rows of labels (N,), as evenly spread over the classes as possible."""
    order = torch.randperm(len(labels), generator=generator)
    shuffled = labels.cpu()[order]
    turn = torch.zeros_like(shuffled)  # the how many-th of its class a row is
    for label in torch.unique(shuffled):
        turn[shuffled == label] = torch.arange(int((shuffled == label).sum()))
    return order[torch.argsort(turn, stable=True)[:count]]
