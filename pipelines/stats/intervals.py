"""Confidence intervals of mean, variance and standard deviation.

The functions broadcast over arrays, so that a simulation checks the same code that a report uses.
"""

from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from scipy.special import chdtri, ndtri, stdtrit

from pipelines.stats.estimation import Estimate
from pipelines.stats.moments import Array
from pipelines.stats.values import Labels

LEVEL = 0.95


@dataclass(frozen=True)
class Interval:
    """An interval that contains the true value in a share `level` of all samples."""

    low: float
    high: float
    level: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.low:.5g} to {self.high:.5g}"


def mean_interval(mean: Any, unbiased_variance: Any, count: float, level: float = LEVEL) -> tuple[Array, Array]:
    """Student's interval, m +- t(n - 1) s / sqrt(n) with the unbiased variance s^2: exact for normal values."""
    half = stdtrit(count - 1, (1 + level) / 2) * np.sqrt(np.asarray(unbiased_variance) / count)
    return np.asarray(mean - half), np.asarray(mean + half)


def normal_interval(mean: Any, variance: Any, count: float, level: float = LEVEL) -> tuple[Array, Array]:
    """The interval from the Fisher information, m +- z s / sqrt(n): right for many values, too short for few."""
    half = ndtri((1 + level) / 2) * np.sqrt(np.asarray(variance) / count)
    return np.asarray(mean - half), np.asarray(mean + half)


def variance_interval(unbiased_variance: Any, count: float, level: float = LEVEL) -> tuple[Array, Array]:
    """The interval from chi squared, (n - 1) s^2 / chi2(n - 1): exact for normal values, for others wrong at any n."""
    squares = (count - 1) * np.asarray(unbiased_variance)
    low, high = (chdtri(count - 1, tail) for tail in ((1 - level) / 2, (1 + level) / 2))  # of the upper tail
    return np.asarray(squares / low), np.asarray(squares / high)


def around(estimate: Estimate, level: float = LEVEL) -> dict[str, Interval]:
    """The intervals of mean, variance and standard deviation.

    Raises ValueError for a single value, for equal values, and for a level that is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise ValueError(f"level is {level}: expected a share such as 0.95")
    unbiased = estimate.unbiased_variance
    if not unbiased > 0:
        raise ValueError(f"all {estimate.count:g} values are {estimate.mean:g}: without spread there is no interval")
    mean = mean_interval(estimate.mean, unbiased, estimate.count, level)
    variance = variance_interval(unbiased, estimate.count, level)
    ends = {"mean": mean, "variance": variance, "deviation": tuple(np.sqrt(variance))}
    return {name: Interval(float(low), float(high), level) for name, (low, high) in ends.items()}


def clustered_interval(values: Array, clusters: Labels, level: float = LEVEL) -> Interval:
    """The interval of the mean of values (n,) if those of one cluster depend on each other; '' is a cluster of one.

    The cluster-robust (sandwich) variance of Liang & Zeger (1986) with the factor k / (k - 1) for k clusters: the sum
    over clusters of the squared sum of deviations, over n^2. It is longer than Student's interval if the members of a
    cluster are alike, and about right for 30 clusters or more. Raises ValueError for a single cluster.
    """
    alone = np.asarray(clusters) == ""
    names = np.where(alone, [f"alone {index}" for index in range(len(values))], clusters).astype(str)
    _, which = np.unique(names, return_inverse=True)
    sums = np.bincount(which, weights=values - values.mean())
    if len(sums) < 2:
        raise ValueError("all values are of one cluster: how clusters differ cannot be seen from one")
    deviation = sqrt(len(sums) / (len(sums) - 1) * float(sums @ sums)) / len(values)
    half = float(stdtrit(len(sums) - 1, (1 + level) / 2)) * deviation
    return Interval(values.mean() - half, values.mean() + half, level)
