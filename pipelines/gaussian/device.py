"""Moments of numbers that are on a GPU already: one pass over its memory, then the tree of `streaming` on the CPU.

A block's sums are taken by one fused kernel, so that each number is read once. They are added in another order than
on a CPU: the bits differ from there, but are the same for the same numbers on the same device.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from torch import Tensor

from pipelines.gaussian.streaming import Stream, rows_of_a_block
from pipelines.stats.moments import about_means


def of_tensor(rows: Tensor) -> Stream:
    """The mean and variance of rows (n, p) or (n,) of any floating type, as a stream that others can be merged into.

    Sums are in float64. Raises ValueError where a row is not finite.
    """
    rows = rows.reshape(len(rows), -1)
    features = rows.shape[1]
    size = rows_of_a_block(features)
    whole = len(rows) // size
    stream = Stream(features)
    if whole:
        blocks = rows[: whole * size].view(whole, size, features)
        summed = _compiled() if rows.is_cuda else block_sums
        centres, sums = (found.cpu().numpy() for found in summed(blocks))
        if not np.isfinite(sums).all():
            block = int(np.isfinite(sums).all(axis=(1, 2)).argmin())
            raise ValueError(f"rows {block * size} to {(block + 1) * size - 1} hold a number that is not finite")
        stream.add_blocks(about_means(size, centres, sums))
    if whole * size < len(rows):
        stream.add(rows[whole * size :].double().cpu().numpy())
    return stream


def block_sums(blocks: Tensor) -> tuple[Tensor, Tensor]:
    """Of each of blocks (k, n, p) a number near its mean (k, p), and the sums of deviations from it and of their
    squares (k, 2, p): near, so that squares of what all have in common do not swallow the rest."""
    centres = blocks[:, : max(1, blocks.shape[1] // 64)].double().mean(dim=1)
    apart = blocks.double() - centres[:, None]
    return centres, torch.stack([apart.sum(dim=1), apart.square().sum(dim=1)], dim=1)


@cache
def _compiled() -> Callable[[Tensor], tuple[Tensor, Tensor]]:
    return torch.compile(block_sums, dynamic=True)
