"""Slope and curvature of the log-likelihood l(m, s) of a normal distribution (see `stats/estimation.py`).

Gradient ascent checks the closed form without using it. The expected curvature is the Fisher information, which bounds
the variance of every unbiased estimator.
"""

from collections.abc import Iterator
from math import exp, log
from typing import Any

import numpy as np

from pipelines.stats.moments import Array
from pipelines.stats.values import checked_sample


def score(values: Array, mean: float, log_deviation: float) -> tuple[float, float]:
    """The gradient of l in the mean and in the logarithm of the standard deviation: sum(x - m) / s^2, sum z^2 - n."""
    standard = (values - mean) / exp(log_deviation)
    return float(standard.sum()) / exp(log_deviation), float(standard @ standard) - len(values)


def ascend(
    values: Any, mean: float, deviation: float, *, rate: float = 0.5, tolerance: float = 1e-12, max_steps: int = 1000
) -> Iterator[tuple[float, float]]:
    """The steps (mean, deviation) of gradient ascent on the log-likelihood, from a start to the maximum.

    The gradient is divided by the Fisher information (n/s^2 and 2n: Fisher scoring), so that steps depend neither on
    the unit of the values nor on their number. Raises ValueError for equal values, whose likelihood has no maximum, and
    if `max_steps` do not reach it.
    """
    array, _ = checked_sample(values)
    if not array.ndim == 1 or np.ptp(array) == 0:
        raise ValueError("the likelihood of equal values has no maximum: it has no bound as the deviation goes to 0")
    log_deviation = log(deviation)
    yield mean, deviation
    for _ in range(max_steps):
        by_mean, by_log = score(array, mean, log_deviation)
        step = rate * by_mean * exp(2 * log_deviation) / len(array)
        stretch = rate * by_log / (2 * len(array))
        mean += step
        log_deviation += min(stretch, 1.0)  # from far too small a deviation at most to e times it
        yield mean, exp(log_deviation)
        if abs(step) < tolerance * exp(log_deviation) and abs(stretch) < tolerance:
            return
    raise ValueError(
        f"not at the maximum after {max_steps} steps at rate {rate}: start nearer, or choose a rate of about 0.5"
    )


def fisher_information(deviation: float, count: float) -> Array:
    """The information (2, 2) of `count` values about mean and standard deviation: the expected curvature of -l(m, s).

    d2l/dm2 = -n/s^2; d2l/dm ds = -2 sum(x - m)/s^3, which is 0 on average; d2l/ds2 = n/s^2 - 3 sum(x - m)^2/s^4, which
    is -2n/s^2 on average.
    """
    return np.diag([count / deviation**2, 2 * count / deviation**2])


def cramer_rao(deviation: float, count: float) -> dict[str, float]:
    """The least variance of an unbiased estimator of mean, standard deviation and variance from `count` values.

    It is the inverse information; for a function g(s) it is multiplied by g'(s)^2.
    """
    of_mean, of_deviation = np.diag(np.linalg.inv(fisher_information(deviation, count)))
    return {
        "mean": float(of_mean),
        "deviation": float(of_deviation),
        "variance": float((2 * deviation) ** 2 * of_deviation),
    }
