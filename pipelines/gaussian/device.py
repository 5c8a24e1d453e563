"""Moments of numbers on a GPU: one pass over its memory, then the tree of `streaming` on the CPU.

One fused kernel takes the sums of a block, so that each number is read once. It adds in another order than a CPU: the
bits differ from a CPU's, but are the same for the same numbers on the same device.
"""

from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from torch import Tensor

from pipelines.gaussian.streaming import Stream, rows_of_a_block
from pipelines.stats.moments import about_means


def of_tensor(rows: Tensor) -> Stream:
    """The mean and variance of rows (n, p) or (n,) of any floating type, as a stream that can be merged with others.

    Sums are in float64. Raises ValueError for a row that is not finite.
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
    """Numbers near the means of blocks (k, n, p), the centres (k, p), and sums of deviations from them and of their
    squares (k, 2, p). Near, so that the squares lose no digits to a large mean."""
    centres = blocks[:, : max(1, blocks.shape[1] // 64)].double().mean(dim=1)
    deviations = blocks.double() - centres[:, None]
    return centres, torch.stack([deviations.sum(dim=1), deviations.square().sum(dim=1)], dim=1)


@cache
def _compiled() -> Callable[[Tensor], tuple[Tensor, Tensor]]:
    return torch.compile(block_sums, dynamic=True)
