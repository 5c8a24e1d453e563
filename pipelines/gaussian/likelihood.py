"""The slope and the curvature of the log-likelihood of a normal distribution (`estimation`).

The slope is followed uphill, as a check of the closed form that does not know it; the curvature that is expected is
Fisher's information, and limits what any unbiased estimator can do.
"""

from collections.abc import Iterator
from math import exp, log
from typing import Any

import numpy as np

from pipelines.stats.moments import Array
from pipelines.stats.values import checked_sample


def score(values: Array, mean: float, log_deviation: float) -> tuple[float, float]:
    """The gradient of the log-likelihood in the mean and in the logarithm of the standard deviation."""
    standard = (values - mean) / exp(log_deviation)
    return float(standard.sum()) / exp(log_deviation), float(standard @ standard) - len(values)


def ascend(
    values: Any, mean: float, deviation: float, *, rate: float = 0.5, tolerance: float = 1e-12, most: int = 1000
) -> Iterator[tuple[float, float]]:
    """The steps (mean, deviation) of gradient ascent on the log-likelihood, from a start to where it is flat.

    The gradient is divided by the Fisher information, n/s^2 and 2n, which makes a step the same whatever the unit of
    the values and their number. Nothing here knows the closed form: it is a check of it. Raises ValueError for values
    without spread, whose likelihood has no top, and where `most` steps do not get there.
    """
    array, _ = checked_sample(values)
    if not array.ndim == 1 or np.ptp(array) == 0:
        raise ValueError("the likelihood of equal values has no top: it rises without end as the deviation goes to 0")
    log_deviation = log(deviation)
    yield mean, deviation
    for _ in range(most):
        by_mean, by_log = score(array, mean, log_deviation)
        step = rate * by_mean * exp(2 * log_deviation) / len(array)
        stretch = rate * by_log / (2 * len(array))
        mean += step
        log_deviation += min(stretch, 1.0)  # from far too small a deviation no further than to e times it
        yield mean, exp(log_deviation)
        if abs(step) < tolerance * exp(log_deviation) and abs(stretch) < tolerance:
            return
    raise ValueError(f"not at the top after {most} steps at rate {rate}: start nearer, or choose a rate of about 0.5")


def fisher_information(deviation: float, count: float) -> Array:
    """What `count` values tell about mean and standard deviation (2, 2): the expected curvature of -l(m, s).

    d2l/dm2 = -n/s^2; d2l/dm ds = -2 sum(x - m)/s^3, which is 0 on average; and d2l/ds2 = n/s^2 - 3 sum(x - m)^2/s^4,
    -2 n/s^2 on average. The smaller the deviation, the more each value tells.
    """
    return np.diag([count / deviation**2, 2 * count / deviation**2])


def cramer_rao(deviation: float, count: float) -> dict[str, float]:
    """The least variance of any unbiased estimator of these; for a function g of s it is g'(s)^2 times as large."""
    of_mean, of_deviation = np.diag(np.linalg.inv(fisher_information(deviation, count)))
    return {
        "mean": float(of_mean),
        "deviation": float(of_deviation),
        "variance": float((2 * deviation) ** 2 * of_deviation),
    }
