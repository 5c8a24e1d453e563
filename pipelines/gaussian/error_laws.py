"""Laws of error: symmetric densities about the true value, and the maximum of the likelihood of each.

Gauss asked for which law the mean is the maximum (see `derivation`). For the others it is elsewhere, and the mean is
less efficient than it could be.

Shapes: N samples, n errors in each.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, lgamma, log, pi, sqrt

import numpy as np

from pipelines.stats.moments import Array

FREEDOM = 5  # degrees of freedom of Student's law: the fewest for which the variance of a variance is finite
STEPS = 60  # of the iterations below, each of which gains one bit or more


@dataclass(frozen=True)
class Law:
    """A density of errors with scale 1."""

    name: str
    maximiser: str  # of the likelihood, in words
    log_density: Callable[[Array], Array]
    slope: Callable[[Array], Array]  # of log_density, f'/f
    draw: Callable[[np.random.Generator, tuple[int, ...]], Array]
    locate: Callable[[Array], Array]  # samples (N, n) -> the most likely location of each (N,)
    variance: float
    at_zero: float  # the density there
    information: float  # Fisher's, of one error about the true value; infinite if the density ends abruptly

    @property
    def mean_against_median(self) -> float:
        """The number of observations that the median needs for one of the mean, in large samples.

        n times the variance is the variance of an error for the mean, and 1 / (4 f(0)^2) for the median (Laplace 1818).
        """
        return 1 / (4 * self.at_zero**2) / self.variance


def _mean(samples: Array) -> Array:
    return np.asarray(samples.mean(axis=1))


def _median(samples: Array) -> Array:
    return np.asarray(np.median(samples, axis=1))


def _midrange(samples: Array) -> Array:
    """The middle of the locations that are equally likely: all within 1 of every value."""
    return np.asarray((samples.min(axis=1) + samples.max(axis=1)) / 2)


def _logistic_location(samples: Array) -> Array:
    """Steps of 2 mean(tanh((x - m) / 2)) from the median: the slope over the largest curvature, 1/2 for each error,
    so that each step raises the likelihood."""
    found = _median(samples)
    for _ in range(STEPS):
        found = found + 2 * np.tanh((samples - found[:, None]) / 2).mean(axis=1)
    return found


def _student_location(samples: Array) -> Array:
    """Means weighted by (v + 1) / (v + (x - m)^2), from the median: EM, each step of which raises the likelihood."""
    found = _median(samples)
    for _ in range(STEPS):
        weights = (FREEDOM + 1) / (FREEDOM + (samples - found[:, None]) ** 2)
        found = (weights * samples).sum(axis=1) / weights.sum(axis=1)
    return found


_STUDENT_LOG_AT_ZERO = lgamma((FREEDOM + 1) / 2) - lgamma(FREEDOM / 2) - log(FREEDOM * pi) / 2

LAWS = {
    law.name: law
    for law in (
        Law(
            "normal",
            "the mean",
            log_density=lambda x: -(x**2) / 2 - log(2 * pi) / 2,
            slope=lambda x: -x,
            draw=lambda rng, shape: rng.standard_normal(shape),
            locate=_mean,
            variance=1.0,
            at_zero=1 / sqrt(2 * pi),
            information=1.0,
        ),
        Law(
            "Laplace",
            "the median",
            log_density=lambda x: -np.abs(x) - log(2),
            slope=lambda x: -np.sign(x),
            draw=lambda rng, shape: rng.laplace(size=shape),
            locate=_median,
            variance=2.0,
            at_zero=1 / 2,
            information=1.0,
        ),
        Law(
            "logistic",
            "between mean and median",
            log_density=lambda x: -np.abs(x) - 2 * np.log1p(np.exp(-np.abs(x))),
            slope=lambda x: -np.tanh(x / 2),
            draw=lambda rng, shape: rng.logistic(size=shape),
            locate=_logistic_location,
            variance=pi**2 / 3,
            at_zero=1 / 4,
            information=1 / 3,
        ),
        Law(
            f"Student {FREEDOM}",
            "a mean in which far values weigh less",
            log_density=lambda x: _STUDENT_LOG_AT_ZERO - (FREEDOM + 1) / 2 * np.log1p(x**2 / FREEDOM),
            slope=lambda x: -(FREEDOM + 1) * x / (FREEDOM + x**2),
            draw=lambda rng, shape: rng.standard_t(FREEDOM, shape),
            locate=_student_location,
            variance=FREEDOM / (FREEDOM - 2),
            at_zero=float(np.exp(_STUDENT_LOG_AT_ZERO)),
            information=(FREEDOM + 1) / (FREEDOM + 3),
        ),
        Law(
            "uniform",
            "anything within 1 of all values; the midrange is its middle",
            log_density=lambda x: np.where(np.abs(x) <= 1, -log(2), -inf),
            slope=lambda x: np.where(np.abs(x) < 1, 0.0, np.nan),
            draw=lambda rng, shape: rng.uniform(-1, 1, shape),
            locate=_midrange,
            variance=1 / 3,
            at_zero=1 / 2,
            information=inf,
        ),
    )
}


@dataclass(frozen=True)
class Fitted:
    """A law with the most likely location and scale for some values."""

    location: float
    scale: float
    log_likelihood: float  # per value


def fit(law: Law, values: Array) -> Fitted:
    """The most likely location and scale for values (n,) that are not all equal.

    The location follows from the scale. The scale is searched between 1/20 and 3 standard deviations, by Brent's
    bounded method on its logarithm; that of the uniform law is half the range.
    """
    from scipy.optimize import minimize_scalar

    def at(scale: float) -> Fitted:
        location = scale * float(law.locate(values[None] / scale)[0])
        density = float(law.log_density((values - location) / scale).mean())
        return Fitted(location, scale, density - log(scale))

    if law.information == inf:
        return at(float(np.ptp(values)) / 2 * (1 + 1e-9))  # rounding must leave no value outside
    deviation = float(values.std())
    bounds = (log(deviation / 20), log(3 * deviation))
    found = minimize_scalar(lambda scale: -at(np.exp(scale)).log_likelihood, bounds=bounds, method="bounded")
    return at(float(np.exp(found.x)))
