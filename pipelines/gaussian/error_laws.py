"""Laws of error: symmetric densities about the true value, and where the likelihood of each has its maximum.

Gauss asked for which law the mean is that place (see `derivation`). For the others it is somewhere else, and the mean
wastes a part of the observations.

Shapes: N samples, n errors in each.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, lgamma, log, pi, sqrt

import numpy as np

from pipelines.stats.moments import Array

FREEDOM = 5  # of Student's law: the least whole number for which the variance of a variance is finite
STEPS = 60  # of the iterations below, which gain at least a bit each


@dataclass(frozen=True)
class Law:
    """A density of errors with scale 1."""

    name: str
    maximiser: str  # of the likelihood, in words
    log_density: Callable[[Array], Array]
    slope: Callable[[Array], Array]  # of log_density: f'/f
    draw: Callable[[np.random.Generator, tuple[int, ...]], Array]
    locate: Callable[[Array], Array]  # samples (N, n) -> what makes each most likely (N,)
    variance: float
    at_zero: float  # the density there
    information: float  # of one error, about the true value; infinite where the ends of the density give it away

    @property
    def mean_against_median(self) -> float:
        """For large samples, how many observations the median needs for one that the mean needs.

        n times the variance is that of an error for the mean, and 1 / (4 f(0)^2) for the median (Laplace 1818).
        """
        return 1 / (4 * self.at_zero**2) / self.variance


def _mean(samples: Array) -> Array:
    return np.asarray(samples.mean(axis=1))


def _median(samples: Array) -> Array:
    return np.asarray(np.median(samples, axis=1))


def _midrange(samples: Array) -> Array:
    """The middle of the many places that are equally likely: within 1 of every value."""
    return np.asarray((samples.min(axis=1) + samples.max(axis=1)) / 2)


def _logistic_location(samples: Array) -> Array:
    """Steps of 2 mean(tanh((x - m) / 2)): each raises the likelihood, whose curvature is at most 1/2 an error."""
    found = _median(samples)
    for _ in range(STEPS):
        found = found + 2 * np.tanh((samples - found[:, None]) / 2).mean(axis=1)
    return found


def _student_location(samples: Array) -> Array:
    """Means with weights that fall with the distance (EM), from the median; each step raises the likelihood."""
    found = _median(samples)
    for _ in range(STEPS):
        weights = (FREEDOM + 1) / (FREEDOM + (samples - found[:, None]) ** 2)
        found = (weights * samples).sum(axis=1) / weights.sum(axis=1)
    return found


_STUDENT_AT_ZERO = lgamma((FREEDOM + 1) / 2) - lgamma(FREEDOM / 2) - log(FREEDOM * pi) / 2  # its logarithm

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
            "a mean that distrusts far values",
            log_density=lambda x: _STUDENT_AT_ZERO - (FREEDOM + 1) / 2 * np.log1p(x**2 / FREEDOM),
            slope=lambda x: -(FREEDOM + 1) * x / (FREEDOM + x**2),
            draw=lambda rng, shape: rng.standard_t(FREEDOM, shape),
            locate=_student_location,
            variance=FREEDOM / (FREEDOM - 2),
            at_zero=float(np.exp(_STUDENT_AT_ZERO)),
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
    """A law with the place and the scale that make some values most likely."""

    location: float
    scale: float
    log_likelihood: float  # of one value, on average


def fit(law: Law, values: Array) -> Fitted:
    """The most likely place and scale for values (n,) that are not all equal.

    The place follows from the scale; the scale is searched for between a 20th of the standard deviation and 3 of them,
    but for the uniform law, whose scale is half the range.
    """
    from scipy.optimize import minimize_scalar

    def at(scale: float) -> Fitted:
        location = scale * float(law.locate(values[None] / scale)[0])
        density = float(law.log_density((values - location) / scale).mean())
        return Fitted(location, scale, density - log(scale))

    if law.information == inf:
        return at(float(np.ptp(values)) / 2 * (1 + 1e-9))  # so that rounding leaves no value outside
    deviation = float(values.std())
    bounds = (log(deviation / 20), log(3 * deviation))
    found = minimize_scalar(lambda scale: -at(np.exp(scale)).log_likelihood, bounds=bounds, method="bounded")
    return at(float(np.exp(found.x)))
