"""The moments of rows of numbers: their count, their mean, and sums of powers of their deviations from it.

Two `Moments` merge into those of all their rows, so that every row is read once: Chan, Golub & LeVeque (1983),
"Algorithms for computing the sample variance", eq. 2.1; third and fourth powers as in Pebay (2008), "Formulas for
robust, one-pass parallel computation of covariances and arbitrary-order statistical moments", eq. 2.1 and 3.1. The mean
is kept as a pair of floats, rounded and the rest: deviations are small where the mean is large, and the error of their
sums must be too.

Shapes: n rows, p features, k blocks; `...` is any number of `Moments` side by side, merged pair by pair in one call.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

PIECE = 2**11  # numbers in a dot product: OpenBLAS splits one of more than 10,000 over threads
ONES = np.ones(PIECE)
TOGETHER = 32  # blocks whose sums one call takes, if they need no copy: the overhead of a call blocks other threads


@dataclass(frozen=True)
class Moments:
    """The moments of some rows."""

    count: Array  # (...): rows, or the sum of their weights
    mean: Array  # (..., p)
    rest: Array  # (..., p): the exact mean less `mean`, which is rounded
    powers: Array  # (..., 1 or 3, p): sums of the 2nd, or of the 2nd, 3rd and 4th, powers of deviations
    products: Array | None  # (..., p, p): sums of products of deviations, if asked for

    def variance(self, *, unbiased: bool = False) -> Array:
        """The variances (..., p): the most likely ones (sums divided by n), or the unbiased ones (by n - 1).

        Raises ValueError for the unbiased variance of a single row.
        """
        return np.asarray(self.powers[..., 0, :] / self._divisor(unbiased)[..., None])

    def covariance(self, *, unbiased: bool = False) -> Array:
        """The covariance matrix (..., p, p). Raises ValueError for moments without products."""
        if self.products is None:
            raise ValueError("these moments were taken without products: ask for products=True")
        return np.asarray(self.products / self._divisor(unbiased)[..., None, None])

    def skewness(self) -> Array:
        """The mean cubed deviation over the cubed standard deviation (..., p): 0 for a Gaussian, nan for a constant.

        Raises ValueError for moments of second powers only.
        """
        return self._standardised(1)

    def excess_kurtosis(self) -> Array:
        """The mean fourth power of deviations over the squared variance, less 3 (..., p): 0 for a Gaussian.

        It is nan for a constant. Raises ValueError for moments of second powers only.
        """
        return self._standardised(2) - 3

    def at(self, index: Any) -> "Moments":
        """Those at `index` of many side by side."""
        products = None if self.products is None else self.products[index]
        return Moments(self.count[index], self.mean[index], self.rest[index], self.powers[index], products)

    def _divisor(self, unbiased: bool) -> Array:
        if unbiased and np.any(self.count <= 1):
            raise ValueError("an unbiased variance needs at least two rows: one row has no spread")
        return np.asarray(self.count - 1 if unbiased else self.count)

    def _standardised(self, power: int) -> Array:
        if self.powers.shape[-2] == 1:
            raise ValueError("these moments were taken of second powers only: ask for highest=4")
        with np.errstate(invalid="ignore"):  # 0 / 0 of a constant
            variance = self.powers[..., 0, :] / self.count[..., None]
            return np.asarray(self.powers[..., power, :] / self.count[..., None] / variance ** (power / 2 + 1))


def of(rows: Array, *, highest: int = 2, products: bool = False, weights: Array | None = None) -> Moments:
    """The moments of `rows` (n, p), each counted `weights` times (n,). All numbers are expected to be finite."""
    return of_blocks(rows[None], highest=highest, products=products, weights=weights).at(0)


def of_blocks(
    blocks: Array,
    *,
    highest: int = 2,
    products: bool = False,
    weights: Array | None = None,
    scratch: Array | None = None,
) -> Moments:
    """The moments of each of `blocks` (k, n, p), side by side. Those of a block with a nan or an infinity are not
    finite.

    `scratch` (2, n * p) is memory to compute in: allocating it takes longer than the arithmetic.
    """
    rows, features = blocks.shape[1:]
    shape = (2, 1, features, rows)  # one block of deviations, one of their squares
    room, squares = np.empty(shape) if scratch is None else scratch.reshape(shape)
    sums = np.empty((len(blocks), highest, features))  # of the powers 1 to `highest` of deviations from `centres`
    crossed = np.empty((len(blocks), features, features)) if products else None
    columns = blocks.transpose(0, 2, 1)  # (k, p, n)
    is_ready = columns.flags.c_contiguous and columns.dtype == np.float64
    with np.errstate(invalid="ignore", over="ignore"):
        centres = _near_means(blocks, weights)
        is_far = np.asarray(centres.any(axis=1))
        step = TOGETHER if is_ready and highest == 2 and not is_far.any() else 1
        for first in range(0, len(blocks), step):
            part = slice(first, first + step)
            deviations = columns[part]
            if is_far[first]:
                deviations = np.subtract(deviations, centres[part, :, None], out=room)
            elif not is_ready:
                np.copyto(room, deviations)
                deviations = room
            sums[part, 0] = _sums_of_products(deviations, weights)
            weighted = deviations if weights is None else deviations * weights
            sums[part, 1] = _sums_of_products(deviations, weighted)
            if highest > 2:
                squared = np.multiply(deviations, deviations, out=squares)
                sums[part, 2] = _sums_of_products(squared, weighted)
                sums[part, 3] = _sums_of_products(squared, squared if weights is None else squared * weights)
            if crossed is not None:
                scaled = deviations if weights is None else deviations * np.sqrt(weights)
                np.matmul(scaled, scaled.transpose(0, 2, 1), out=crossed[part])
        return about_means(np.float64(rows) if weights is None else weights.sum(), centres, sums, crossed)


def _sums_of_products(columns: Array, others: Array | None) -> Array:
    """The sum of the products of each of `columns` (..., n) with `others` (..., n) or (n,); without `others` its sum.

    As dot products, because BLAS is faster than numpy's sum and needs no array of products; of pieces so short that
    BLAS never splits one over threads, whose number would decide the bits.
    """
    rows = columns.shape[-1]
    whole = rows - rows % PIECE
    if others is None:
        heads, tail = ONES, ONES[: rows - whole]
    else:
        heads, tail = others[..., :whole].reshape(*others.shape[:-1], -1, PIECE), others[..., whole:]
    pieces = columns[..., :whole].reshape(*columns.shape[:-1], -1, PIECE)
    sums = np.asarray(np.add.reduce(np.vecdot(pieces, heads), axis=-1))
    return sums if whole == rows else sums + np.vecdot(columns[..., whole:], tail)


def _near_means(blocks: Array, weights: Array | None) -> Array:
    """Numbers near the means of each of `blocks` (k, n, p), from which deviations are taken: (k, p).

    They are values of the block, so that equal values deviate by exactly 0: those nearest to the means of the block's
    first 64th, which saves a pass over the rest. The mean of a 64th is at most 8 standard deviations from the mean of
    all, and the value as far from it: sums of deviations lose at most 8 bits of 53 to cancellation, and usually none.
    Where all means of the 64th are within 4 of its standard deviations of 0, the centres are 0: that saves the
    subtraction, and costs usually 4 bits, at most 11.
    """
    few = blocks if weights is not None else blocks[:, : max(1, blocks.shape[1] // 64)]
    shares = np.full(few.shape[1], 1 / few.shape[1]) if weights is None else weights / np.add.reduce(weights)
    means = np.einsum("kfp,f->kp", few, shares)
    apart = few - means[:, None]
    variances = np.einsum("kfp,kfp,f->kp", apart, apart, shares)
    centres: Array = np.zeros_like(means)
    far = ~((means**2 <= 16 * variances) & (variances > 0)).all(axis=1)
    if far.any():
        nearest = np.abs(apart[far]).argmin(axis=1)
        centres[far] = np.take_along_axis(few[far], nearest[:, None], axis=1)[:, 0]
    return centres


def about_means(total: float, centres: Array, sums: Array, products: Array | None = None) -> Moments:
    """Moments of k blocks of `total` rows, from sums (k, 2 or 4, p) of powers of deviations from `centres` (k, p).

    By the binomial theorem, (x - m)^j with m = c + r, where r is the mean deviation from the centre c. `products`
    (k, p, p) are sums of products of deviations from the centres.
    """
    rest = sums[:, 0] / total
    first, second, *higher = np.moveaxis(sums, 1, 0)
    powers = [second - first * rest]
    if higher:
        third, fourth = higher
        powers.append(third - 3 * rest * second + 2 * total * rest**3)
        powers.append(fourth - 4 * rest * third + 6 * rest**2 * second - 3 * total * rest**4)
    if products is not None:
        products = products - total * rest[:, :, None] * rest[:, None, :]
    return Moments(
        np.full(len(centres), total, np.float64), *_two_sum(centres, rest), np.stack(powers, axis=1), products
    )


def merge(a: Moments, b: Moments) -> Moments:
    """The moments of the rows of both (Chan et al. 1983, eq. 2.1; Pebay 2008, eq. 2.1 and 3.1)."""
    total = a.count + b.count
    share_a, share_b = (a.count / total)[..., None], (b.count / total)[..., None]
    apart = (b.mean - a.mean) + (b.rest - a.rest)
    mean, rest = _two_sum(a.mean, a.rest + apart * share_b)
    both = (a.count * b.count / total)[..., None]
    second = a.powers[..., 0, :] + b.powers[..., 0, :] + both * apart**2
    powers = [second]
    if a.powers.shape[-2] > 1:
        second_a, third_a, fourth_a = np.moveaxis(a.powers, -2, 0)
        second_b, third_b, fourth_b = np.moveaxis(b.powers, -2, 0)
        powers.append(
            third_a
            + third_b
            + both * (share_a - share_b) * apart**3
            + 3 * apart * (share_a * second_b - share_b * second_a)
        )
        powers.append(
            fourth_a
            + fourth_b
            + both * (share_a**2 - share_a * share_b + share_b**2) * apart**4
            + 6 * apart**2 * (share_a**2 * second_b + share_b**2 * second_a)
            + 4 * apart * (share_a * third_b - share_b * third_a)
        )
    products = None
    if a.products is not None and b.products is not None:
        products = a.products + b.products + both[..., None] * apart[..., :, None] * apart[..., None, :]
    return Moments(total, mean, rest, np.stack(powers, axis=-2), products)


def _two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """a + b rounded, and the exact a + b less that (Knuth, The Art of Computer Programming 2, 4.2.2, theorem B)."""
    total = a + b
    seen = total - a
    return total, (a - (total - seen)) + (b - seen)
