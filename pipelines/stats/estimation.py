"""The most likely normal distribution for some values, in closed form.

The log-likelihood of n values x about a mean m and a standard deviation s is

    l(m, s) = -n log s - n/2 log 2 pi - sum((x - m)^2) / (2 s^2)

and depends on the values through their number, mean and variance alone, which are all that an `Estimate` holds.
"""

from dataclasses import dataclass
from math import inf, log, pi, sqrt
from typing import Any

import numpy as np

from pipelines.stats import moments
from pipelines.stats.moments import Array
from pipelines.stats.samples import as_sample


@dataclass(frozen=True)
class Estimate:
    """The normal distribution that makes some values most likely."""

    count: float  # of values, or the sum of their weights
    mean: float
    variance: float  # the mean squared deviation: divided by n

    @property
    def deviation(self) -> float:
        return sqrt(self.variance)

    @property
    def unbiased_variance(self) -> float:
        """Divided by n - 1: right on average. Raises ValueError for a single value, which shows no spread."""
        if self.count <= 1:
            raise ValueError(f"{self.count:g} value shows no spread: an unbiased variance needs more than one")
        return self.variance * self.count / (self.count - 1)

    def log_likelihood(self, mean: Any, deviation: Any) -> Array:
        """l(m, s) of the values, for any m and s > 0 (arrays that broadcast)."""
        mean, deviation = np.asarray(mean, np.float64), np.asarray(deviation, np.float64)
        squares = (self.variance + (self.mean - mean) ** 2) / deviation**2
        return np.asarray(-self.count * (np.log(deviation) + log(2 * pi) / 2 + squares / 2))

    def profile_of_mean(self, mean: Any) -> Array:
        """The highest l(m, s) over s, for each m: s^2 is then the mean squared deviation from m."""
        return self.log_likelihood(mean, np.sqrt(self.variance + (self.mean - np.asarray(mean)) ** 2))

    def profile_of_deviation(self, deviation: Any) -> Array:
        """The highest l(m, s) over m, for each s: m is then the mean of the values, whatever s is."""
        return self.log_likelihood(self.mean, deviation)

    @property
    def highest(self) -> float:
        """l at its top; infinite where all values are equal, as the density then grows without end."""
        return float(self.log_likelihood(self.mean, self.deviation)) if self.variance > 0 else inf


def estimate(values: Any, weights: Any = None) -> Estimate:
    """The maximum of the likelihood in closed form; a weight counts its value so many times, 0 not at all.

    One value, or equal ones, have variance 0. Raises ValueError for what is no finite number, for a negative weight,
    and where nothing has a weight.
    """
    array, weights = as_sample(values, weights)
    if array.ndim != 1:
        raise ValueError(
            f"values has shape {array.shape}: expected one feature; for several see pipelines/gaussian/multivariate.py"
        )
    found = moments.of(array[:, None], weights=weights)
    return Estimate(float(found.count), float(found.mean[0]), float(found.variance()[0]))
