"""The most likely mean and covariance of rows with gaps, by EM (Dempster, Laird & Rubin 1977, section 4.1.3).

E step: gaps are filled with their mean given the observed values of the row, under the present estimate. M step: mean
and covariance of the filled rows, plus the covariance of the filled values, without which variances would be too small.
No step makes the observed values less likely. The estimate is right if values are missing at random, that is, for
reasons that the observed values explain.

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
    """The result of EM."""

    mean: Array  # (p,)
    covariance: Array  # (p, p)
    filled: Array  # (n, p): gaps filled with their mean given the rest of the row
    log_likelihoods: tuple[float, ...]  # of the observed values, by step


def fit(rows: Any, *, tolerance: float = 1e-10, max_steps: int = 2000) -> Fit:
    """Estimates from rows (n, p), until a step adds less than `tolerance` per value to the log-likelihood.

    Rows without any value are ignored. Raises ValueError for a feature without values and if EM does not converge in
    `max_steps`, and SingularCovarianceError if the covariance has no inverse.
    """
    array = checked_numbers(rows, "rows", has_gaps=True).astype(np.float64)
    if array.ndim != 2 or not array.size:
        raise ValueError(f"rows has shape {array.shape}: expected rows of features")
    observed = ~np.isnan(array)
    if not observed.any(axis=0).all():
        raise ValueError(f"column {int(np.argmin(observed.any(axis=0)))} has no value at all: leave it out")
    used = observed.any(axis=1)
    patterns, which = np.unique(observed[used], axis=0, return_inverse=True)
    mean, covariance = np.nanmean(array, axis=0), np.diag(np.nanvar(array, axis=0))
    history: list[float] = []
    filled = array.copy()
    for _ in range(max_steps):
        filled[used], uncertain, likelihood = _expect(array[used], patterns, which.ravel(), mean, covariance)
        history.append(likelihood)
        if len(history) > 1 and history[-1] - history[-2] < tolerance * observed.sum():
            filled[~used] = mean
            return Fit(mean, covariance, filled, tuple(history))
        mean = filled[used].mean(axis=0)
        deviations = filled[used] - mean
        covariance = (deviations.T @ deviations + uncertain) / used.sum()
    raise ValueError(f"EM did not converge in {max_steps} steps: allow more, or a larger tolerance than {tolerance}")


def _expect(
    rows: Array, patterns: NDArray[np.bool_], which: NDArray[np.int64], mean: Array, covariance: Array
) -> tuple[Array, Array, float]:
    """The filled rows (n, p), the summed covariance of the filled values (p, p), and the log-likelihood of the rest."""
    filled, uncertain, likelihood = rows.copy(), np.zeros_like(covariance), 0.0
    for number, observed in enumerate(patterns):
        chosen = which == number
        values = rows[np.ix_(chosen, observed)]
        marginal = Gaussian.of(mean[observed], covariance[np.ix_(observed, observed)])
        likelihood += float(marginal.log_density(values).sum())
        across = covariance[np.ix_(observed, ~observed)]
        slopes = solve(marginal.factor, across)  # regression of the missing features on the observed ones
        filled[np.ix_(chosen, ~observed)] = mean[~observed] + (values - mean[observed]) @ slopes
        rest = covariance[np.ix_(~observed, ~observed)] - across.T @ slopes
        uncertain[np.ix_(~observed, ~observed)] += chosen.sum() * rest
    return filled, uncertain, likelihood
