"""Gaussians of several features: four kinds of covariance, densities by Cholesky factors, messages for singular ones.

Shapes: n rows, p features, k groups.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, pi
from typing import Any

import numpy as np

from pipelines.stats import moments
from pipelines.stats.moments import Array
from pipelines.stats.values import Labels, checked_sample

DEPENDENT = 1e-10  # share of a feature's variance; if others leave less unexplained, it is redundant
STRIP = 8  # features that `solve_lower` solves for at a time


class SingularCovarianceError(ValueError):
    """A covariance without an inverse: in some direction the rows do not vary."""


@dataclass(frozen=True)
class Gaussian:
    """A multivariate normal distribution, by its mean and the lower Cholesky factor of its covariance."""

    mean: Array  # (p,)
    factor: Array  # (p, p)

    @classmethod
    def of(cls, mean: Array, covariance: Array, names: Sequence[str] = ()) -> "Gaussian":
        return cls(np.asarray(mean, np.float64), cholesky(covariance, names))

    def standardise(self, rows: Array) -> Array:
        """Rows (n, p) -> L^-1 (x - m) (p, n), which are independent standard normal numbers."""
        return solve_lower(self.factor, (rows - self.mean).T)

    def log_density(self, rows: Array) -> Array:
        """log density of rows (n, p): -(p log 2 pi + log det S + (x - m)' S^-1 (x - m)) / 2 (n,)."""
        squared = np.einsum("pn,pn->n", *[self.standardise(rows)] * 2)
        return np.asarray(-(squared + len(self.mean) * log(2 * pi)) / 2 - np.log(np.diag(self.factor)).sum())


def full(rows: Any, weights: Any = None) -> tuple[Array, Array]:
    """The most likely mean (p,) and covariance (p, p) of rows (n, p): sums divided by n, or by the sum of weights."""
    array, weights = checked_sample(rows, weights, "rows")
    found = moments.of(array.reshape(len(array), -1), products=True, weights=weights)
    return found.mean, found.covariance()


def diagonal(covariance: Array) -> Array:
    """The most likely covariance of independent features: the same variances, and 0 elsewhere."""
    return np.diag(np.diag(covariance))


def tied(rows: Any, groups: Labels) -> tuple[Array, Array]:
    """The most likely means (k, p) of groups in order of name, and the covariance (p, p) that they share.

    It is the mean squared deviation of every row from the mean of its own group.
    """
    array, _ = checked_sample(rows, None, "rows")
    if len(groups) != len(array):
        raise ValueError(f"{len(groups)} groups for {len(array)} rows: expected one each")
    names = sorted(set(groups))
    found = [moments.of(array[np.asarray(groups) == name], products=True) for name in names]
    covariances = [of_group.count / len(array) * of_group.covariance() for of_group in found]
    return np.stack([of_group.mean for of_group in found]), np.sum(covariances, axis=0)


def shrunk(covariance: Array, amount: float) -> Array:
    """(1 - a) S + a v I with a = `amount` and v the mean variance: shrinkage towards a multiple of the identity.

    For a > 0 it has an inverse unless all variances are 0. Raises ValueError for an amount that is not from 0 to 1.
    """
    if not 0 <= amount <= 1:
        raise ValueError(f"shrinkage is {amount}: expected a share from 0 (unchanged) to 1 (all variances equal)")
    size = len(covariance)
    return np.asarray((1 - amount) * covariance + amount * np.trace(covariance) / size * np.eye(size))


def ledoit_wolf(rows: Any) -> float:
    """The amount of shrinkage for which `shrunk` is nearest to the true covariance, estimated from rows (n, p).

    Ledoit & Wolf (2004), "A well-conditioned estimator for large-dimensional covariance matrices", section 3.2: the
    squared error of the covariance over its squared distance from the multiple of the identity.
    """
    array, _ = checked_sample(rows, None, "rows")
    mean, covariance = full(array)
    count, features = array.shape
    ball = np.trace(covariance) / features
    distance = ((covariance - ball * np.eye(features)) ** 2).sum()
    squares = np.einsum("np,np->n", *[array - mean] * 2)  # |x - mean|^2
    error = ((squares**2).sum() / count - (covariance**2).sum()) / count
    return float(min(error / distance, 1.0)) if distance > 0 else 1.0


def cholesky(covariance: Array, names: Sequence[str] = ()) -> Array:
    """The lower factor L of covariance = L L'.

    Raises SingularCovarianceError if there is no inverse; its message names the redundant features and what to do.
    """
    deviations = np.sqrt(np.diag(covariance).clip(min=0))
    try:
        units = np.where(deviations > 0, deviations, 1)
        correlations = covariance / units / units[:, None]
        if np.diag(np.linalg.cholesky(correlations)).min() ** 2 >= DEPENDENT:
            return np.asarray(np.linalg.cholesky(covariance))
    except np.linalg.LinAlgError:
        pass
    named = names or [f"feature {index}" for index in range(len(covariance))]
    found = [describe(named, index, parts) for index, parts in dependences(covariance).items()]
    more = [f"and {len(found) - 3} more"] if len(found) > 3 else []
    raise SingularCovarianceError(
        f"the covariance of {len(named)} features has no inverse: {'; '.join(found[:3] + more)}. "
        "Leave such features out, shrink the covariance, take a diagonal one, or gather more rows"
    )


def solve_lower(factor: Array, columns: Array) -> Array:
    """z of factor z = columns, (p, n): forward substitution, a strip of features at a time.

    LAPACK's starts threads for a system of any size, which takes milliseconds when the cores are busy.
    """
    solved = np.array(columns, np.float64, order="C")
    for start in range(0, len(factor), STRIP):
        strip = solved[start : start + STRIP]
        if start:
            strip -= factor[start : start + STRIP, :start] @ solved[:start]
        for index in range(len(strip)):
            row = factor[start + index, start:]
            if index:
                strip[index] -= row[:index] @ strip[:index]
            strip[index] /= row[index]
    return solved


def solve(factor: Array, columns: Array) -> Array:
    """x of factor factor' x = columns, (p, n)."""
    half = solve_lower(factor, columns)
    return solve_lower(factor[::-1, ::-1].T, half[::-1])[::-1]  # the second half from the last feature to the first


def log_sum_exp(terms: Array) -> Array:
    """log(sum(exp(terms))) of each row (n, k) -> (n,), without overflow or underflow."""
    top = terms.max(axis=1)
    return np.asarray(top + np.log(np.exp(terms - top[:, None]).sum(axis=1)))


def dependences(covariance: Array) -> dict[int, dict[int, float]]:
    """The features that are linear combinations of earlier ones, up to a constant: index -> coefficients.

    A constant feature has no coefficients. Found by Cholesky's recursion on the correlations, whose pivots are the
    shares of variance that the earlier features leave unexplained.
    """
    deviations = np.sqrt(np.diag(covariance).clip(min=0))
    found: dict[int, dict[int, float]] = {}
    kept: list[int] = []
    factor = np.zeros((0, 0))
    for index, deviation in enumerate(deviations):
        scale = deviations[kept] * deviation
        if not deviation > 0:
            found[index] = {}
            continue
        row = np.linalg.solve(factor, covariance[index, kept] / scale)
        unexplained = 1 - row @ row
        if unexplained < DEPENDENT:
            shares = np.linalg.solve(factor.T, row) * deviation / deviations[kept]
            found[index] = {other: float(share) for other, share in zip(kept, shares, strict=True)}
            continue
        factor = np.block([[factor, np.zeros((len(kept), 1))], [row[None], np.sqrt(unexplained)]])
        kept.append(index)
    return found


def describe(names: Sequence[str], index: int, parts: dict[int, float]) -> str:
    """A dependence in words."""
    if not parts:
        return f"{names[index]} is constant"
    terms = [
        f"{'-' if share < 0 else '+'} {'' if abs(abs(share) - 1) < 1e-6 else f'{abs(share):.4g} '}{names[other]}"
        for other, share in parts.items()
        if abs(share) > 1e-6
    ]
    return f"{names[index]} = {' '.join(terms).removeprefix('+ ')}, but for a constant"
