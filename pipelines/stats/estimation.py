"""Maximum-likelihood estimation of a normal distribution, in closed form.

The log-likelihood of n values x under mean m and standard deviation s is

    l(m, s) = -n log s - n/2 log 2 pi - sum((x - m)^2) / (2 s^2)

It depends on the values only through their number, mean and variance, so an `Estimate` holds nothing else.
"""

from dataclasses import dataclass
from math import inf, log, pi, sqrt
from typing import Any

import numpy as np

from pipelines.stats import moments
from pipelines.stats.moments import Array
from pipelines.stats.values import checked_sample


@dataclass(frozen=True)
class Estimate:
    """The normal distribution under which some values are most likely."""

    count: float  # of values, or the sum of their weights
    mean: float
    variance: float  # the mean squared deviation: divided by n

    @property
    def deviation(self) -> float:
        return sqrt(self.variance)

    @property
    def unbiased_variance(self) -> float:
        """The sum of squared deviations divided by n - 1. Raises ValueError for a single value."""
        if self.count <= 1:
            raise ValueError(f"{self.count:g} value shows no spread: an unbiased variance needs more than one")
        return self.variance * self.count / (self.count - 1)

    def log_likelihood(self, mean: Any, deviation: Any) -> Array:
        """l(m, s) of the values, for any mean m and deviation s > 0; arrays broadcast."""
        mean, deviation = np.asarray(mean, np.float64), np.asarray(deviation, np.float64)
        squares = (self.variance + (self.mean - mean) ** 2) / deviation**2
        return np.asarray(-self.count * (np.log(deviation) + log(2 * pi) / 2 + squares / 2))

    def profile_of_mean(self, mean: Any) -> Array:
        """The maximum of l(m, s) over s for each m, which is at s^2 = the mean squared deviation from m."""
        return self.log_likelihood(mean, np.sqrt(self.variance + (self.mean - np.asarray(mean)) ** 2))

    def profile_of_deviation(self, deviation: Any) -> Array:
        """The maximum of l(m, s) over m for each s, which is at m = the mean of the values, whatever s is."""
        return self.log_likelihood(self.mean, deviation)

    @property
    def highest(self) -> float:
        """The maximum of l; infinite if all values are equal, because the density then has no bound."""
        return float(self.log_likelihood(self.mean, self.deviation)) if self.variance > 0 else inf


def estimate(values: Any, weights: Any = None) -> Estimate:
    """The maximum of the likelihood of values (n,) in closed form; a value of weight w (n,) counts w times.

    A single value, or equal ones, have variance 0. Raises ValueError for a value that is not a finite number, for a
    negative weight, and if all weights are 0.
    """
    array, weights = checked_sample(values, weights)
    if array.ndim != 1:
        raise ValueError(
            f"values has shape {array.shape}: expected one feature; for several see pipelines/gaussian/multivariate.py"
        )
    found = moments.of(array[:, None], weights=weights)
    return Estimate(float(found.count), float(found.mean[0]), float(found.variance()[0]))
