"""The most likely mean and covariance of rows with gaps, by expectation and maximisation (Dempster et al. 1977, 4.1.3).

What a row lacks is filled with its mean given what the row has, under the estimate so far; the next estimate is that of
the filled rows, with the covariance of what was filled in added (without it, variances would come out too small). Each
step makes the values that are there more likely. It is right where values are missing at random, that is, for reasons
that what is there explains.

Shapes: n rows, p features; nan is a gap.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.gaussian.multivariate import Gaussian, solve
from pipelines.stats.moments import Array
from pipelines.stats.values import checked_numbers


@dataclass(frozen=True)
class Fit:
    """What EM came to."""

    mean: Array  # (p,)
    covariance: Array  # (p, p)
    filled: Array  # (n, p): gaps filled with their means given the rest of the row
    log_likelihoods: tuple[float, ...]  # of the values that are there, by step


def fit(rows: Any, *, tolerance: float = 1e-10, most: int = 2000) -> Fit:
    """Estimates from rows (n, p), until a step adds less than `tolerance` per value to the log-likelihood.

    Rows without any value say nothing and are left out of it. Raises ValueError for a feature without values, and
    SingularCovarianceError where the covariance has no inverse.
    """
    array = checked_numbers(rows, "rows", has_gaps=True).astype(np.float64)
    if array.ndim != 2 or not array.size:
        raise ValueError(f"rows has shape {array.shape}: expected rows of features")
    there = ~np.isnan(array)
    if not there.any(axis=0).all():
        raise ValueError(f"column {int(np.argmin(there.any(axis=0)))} has no value at all: leave it out")
    used = there.any(axis=1)
    patterns, which = np.unique(there[used], axis=0, return_inverse=True)
    mean, covariance = np.nanmean(array, axis=0), np.diag(np.nanvar(array, axis=0))
    history: list[float] = []
    filled = array.copy()
    for _ in range(most):
        filled[used], uncertain, likelihood = _expect(array[used], patterns, which.ravel(), mean, covariance)
        history.append(likelihood)
        if len(history) > 1 and history[-1] - history[-2] < tolerance * there.sum():
            filled[~used] = mean
            return Fit(mean, covariance, filled, tuple(history))
        mean = filled[used].mean(axis=0)
        apart = filled[used] - mean
        covariance = (apart.T @ apart + uncertain) / used.sum()
    raise ValueError(f"EM did not settle in {most} steps: allow more, or a larger tolerance than {tolerance}")


def _expect(
    rows: Array, patterns: NDArray[np.bool_], which: NDArray[np.int64], mean: Array, covariance: Array
) -> tuple[Array, Array, float]:
    """The rows filled, the summed covariance of what was filled in (p, p), and the log-likelihood of what is there."""
    filled, uncertain, likelihood = rows.copy(), np.zeros_like(covariance), 0.0
    for number, there in enumerate(patterns):
        chosen = which == number
        seen = rows[np.ix_(chosen, there)]
        of_seen = Gaussian.of(mean[there], covariance[np.ix_(there, there)])
        likelihood += float(of_seen.log_density(seen).sum())
        across = covariance[np.ix_(there, ~there)]
        slopes = solve(of_seen.factor, across)  # of what is missing on what is there
        filled[np.ix_(chosen, ~there)] = mean[~there] + (seen - mean[there]) @ slopes
        left = covariance[np.ix_(~there, ~there)] - across.T @ slopes
        uncertain[np.ix_(~there, ~there)] += chosen.sum() * left
    return filled, uncertain, likelihood
