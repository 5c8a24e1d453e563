"""What rows of numbers have in common: how many, their mean, and sums of powers of their deviations from it.

Two `Moments` merge into those of all their rows, so that no row is needed twice: Chan, Golub & LeVeque (1983),
"Algorithms for computing the sample variance", eq. 2.1; third and fourth powers as in Pebay (2008), "Formulas for
robust, one-pass parallel computation of covariances and arbitrary-order statistical moments", eq. 2.1 and 3.1. The mean
is kept with what rounding cut off it, as a pair of floats: the deviations are small where the mean is large, and so
is the error of their sums.

Shapes: n rows, p features; `...` stands for any number of `Moments` side by side, merged pair by pair in one call.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Moments:
    """The moments of some rows."""

    count: Array  # (...): rows, or the sum of their weights
    mean: Array  # (..., p)
    rest: Array  # (..., p): what is missing from `mean`, less than half a unit in its last place
    powers: Array  # (..., k, p): sums of the 2nd, and where asked for the 3rd and 4th, powers of deviations
    products: Array | None  # (..., p, p): sums of products of deviations; None where not asked for

    def variance(self, *, unbiased: bool = False) -> Array:
        """The variances (..., p): the most likely ones (sums divided by n), or the unbiased ones (by n - 1)."""
        return np.asarray(self.powers[..., 0, :] / self._divisor(unbiased)[..., None])

    def covariance(self, *, unbiased: bool = False) -> Array:
        """The covariance matrix (..., p, p)."""
        if self.products is None:
            raise ValueError("these moments were taken without products: ask for products=True")
        return np.asarray(self.products / self._divisor(unbiased)[..., None, None])

    def skewness(self) -> Array:
        """The third power's mean in standard deviations (..., p): 0 for a Gaussian; nan for a constant."""
        return self._standardised(1)

    def excess_kurtosis(self) -> Array:
        """The fourth power's mean in standard deviations, less 3 (..., p): 0 for a Gaussian; nan for a constant."""
        return self._standardised(2) - 3

    def at(self, index: Any) -> "Moments":
        """Those at `index` of many side by side."""
        products = None if self.products is None else self.products[index]
        return Moments(self.count[index], self.mean[index], self.rest[index], self.powers[index], products)

    def _divisor(self, unbiased: bool) -> Array:
        if unbiased and np.any(self.count <= 1):
            raise ValueError("an unbiased variance needs at least two rows: one row says nothing about the spread")
        return np.asarray(self.count - 1 if unbiased else self.count)

    def _standardised(self, power: int) -> Array:
        if self.powers.shape[-2] == 1:
            raise ValueError("these moments were taken of second powers only: ask for highest=4")
        with np.errstate(invalid="ignore"):  # 0 / 0 of a constant
            variance = self.powers[..., 0, :] / self.count[..., None]
            return np.asarray(self.powers[..., power, :] / self.count[..., None] / variance ** (power / 2 + 1))


def of(columns: Array, *, highest: int = 2, products: bool = False, weights: Array | None = None) -> Moments:
    """The moments of `columns` (p, n), each a feature's values without gaps in memory, with positive `weights` (n,).

    The values are expected to be finite: where one is not, so are the moments.
    """
    total = np.float64(columns.shape[1]) if weights is None else np.add.reduce(weights)
    with np.errstate(invalid="ignore", over="ignore"):  # told by who knows which row it is: `streaming`, `data`
        mean = np.add.reduce(_weighted(columns, weights), axis=1) / total
        deviations = columns - mean[:, None]
        rest = np.add.reduce(_weighted(deviations, weights), axis=1) / total
        sums = []
        raised = deviations
        for _ in range(2, highest + 1):
            raised = raised * deviations
            sums.append(np.add.reduce(_weighted(raised, weights), axis=1))
        powers = _about(rest, total, sums)
        squares = None
        if products:
            squares = _weighted(deviations, weights) @ deviations.T - total * rest[:, None] * rest
        mean, rest = _two_sum(mean, rest)
    return Moments(total, mean, rest, powers, squares)


def merge(a: Moments, b: Moments) -> Moments:
    """The moments of the rows of both."""
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


def stack(many: list[Moments]) -> Moments:
    """Many side by side: the first axis counts them."""
    products = None if many[0].products is None else np.stack([m.products for m in many if m.products is not None])
    return Moments(
        np.stack([m.count for m in many]),
        np.stack([m.mean for m in many]),
        np.stack([m.rest for m in many]),
        np.stack([m.powers for m in many]),
        products,
    )


def _weighted(columns: Array, weights: Array | None) -> Array:
    return columns if weights is None else columns * weights


def _about(rest: Array, total: np.float64, sums: list[Array]) -> Array:
    """Sums of powers about mean + rest, from `sums` about mean (k, p)."""
    second = sums[0] - total * rest**2
    if len(sums) == 1:
        return second[None]
    third = sums[1] - 3 * rest * sums[0] + 2 * total * rest**3
    fourth = sums[2] - 4 * rest * sums[1] + 6 * rest**2 * sums[0] - 3 * total * rest**4
    return np.stack([second, third, fourth])


def _two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """a + b, and what rounding cut off it (Knuth, The Art of Computer Programming 2, 4.2.2, theorem B)."""
    total = a + b
    seen = total - a
    return total, (a - (total - seen)) + (b - seen)
