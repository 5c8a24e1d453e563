"""What estimators do over many samples: bias, variance against the bound, efficiency, and how often intervals hold.

Every figure comes with its standard error `se`, the deviation that it would have over other seeds: a simulation
agrees with the theory where the two are a few `se` apart.

Shapes: N samples, n values in each.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from pipelines.gaussian import likelihood
from pipelines.gaussian.error_laws import LAWS
from pipelines.stats import intervals
from pipelines.stats.moments import Array

Draw = Callable[[np.random.Generator, tuple[int, ...]], Array]

GROSS_SHARE, GROSS_SIZE = 0.03, 10.0  # share of gross errors, and their standard deviation in that of the rest


def _contaminated(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
    """Standard normal values, some of them gross errors."""
    values = rng.standard_normal(shape)
    return np.where(rng.random(shape) < GROSS_SHARE, GROSS_SIZE * values, values)


# Law -> its draws, of mean 0, and their variance.
SOURCES: dict[str, tuple[Draw, float]] = {
    **{law.name: (law.draw, law.variance) for law in LAWS.values()},
    "exponential": (lambda rng, shape: rng.standard_exponential(shape) - 1, 1.0),
    f"normal, {GROSS_SHARE:.0%} gross errors": (_contaminated, 1 + GROSS_SHARE * (GROSS_SIZE**2 - 1)),
}


def bias(sizes: Sequence[int], samples: int, seed: int) -> pd.DataFrame:
    """The averages of the two variances, in true variances: expected are (n - 1)/n for 1/n, and 1 for 1/(n - 1)."""
    rows = []
    for size in sizes:
        values = np.random.default_rng((seed, size)).standard_normal((samples, size))
        squares = values.var(axis=1) * size
        for divisor, expected in ((size, (size - 1) / size), (size - 1, 1.0)):
            found = squares / divisor
            name = "1/n" if divisor == size else "1/(n-1)"
            rows.append((size, name, found.mean(), expected, found.std() / np.sqrt(samples)))
    return pd.DataFrame(rows, columns=["n", "divisor", "mean", "expected", "se"])


def bounds(size: int, samples: int, seed: int) -> pd.DataFrame:
    """The variance of estimators over samples of standard normal values, in Cramer-Rao bounds.

    The mean reaches its bound. The variance of the unbiased variance is n/(n - 1) times its bound: no unbiased
    estimator does better, and the bound is reached only as n grows. The most likely variance is below it, as it is
    biased.
    """
    values = np.random.default_rng((seed, size)).standard_normal((samples, size))
    bound = likelihood.cramer_rao(1.0, size)
    unbiased = values.var(axis=1, ddof=1)
    estimators = {
        "mean": (values.mean(axis=1), bound["mean"], 1.0),
        "median": (np.median(values, axis=1), bound["mean"], np.nan),
        "variance, 1/(n-1)": (unbiased, bound["variance"], size / (size - 1)),
        "variance, 1/n": (unbiased * (size - 1) / size, bound["variance"], (size - 1) / size),
    }
    rows = [
        (name, size, limit, *_variance(found, limit), expected) for name, (found, limit, expected) in estimators.items()
    ]
    return pd.DataFrame(rows, columns=["estimator", "n", "bound", "variance / bound", "se", "expected"])


def coverage(sizes: Sequence[int], samples: int, seed: int, level: float = intervals.LEVEL) -> pd.DataFrame:
    """The share of intervals that contain the true value, by law, sample size and kind of interval."""
    rows = []
    for name, (draw, variance) in SOURCES.items():
        for size in sizes:
            rng = np.random.default_rng((seed, size, *name.encode()))
            values = draw(rng, (samples, size))
            mean, unbiased = values.mean(axis=1), values.var(axis=1, ddof=1)
            for interval, (low, high), truth in (
                ("mean, Student", intervals.mean_interval(mean, unbiased, size, level), 0.0),
                ("mean, normal", intervals.normal_interval(mean, unbiased * (size - 1) / size, size, level), 0.0),
                ("variance, chi squared", intervals.variance_interval(unbiased, size, level), variance),
            ):
                right = float(((low <= truth) & (truth <= high)).mean())
                rows.append((name, size, interval, right, np.sqrt(right * (1 - right) / samples)))
    return pd.DataFrame(rows, columns=["law", "n", "interval", "coverage", "se"])


def efficiency(size: int, samples: int, seed: int) -> pd.DataFrame:
    """n times the variance of mean, median and most likely location, under each law of error.

    `bound` is 1 / information, the Cramer-Rao bound of unbiased estimators; the uniform law has none. `mean against
    median` is the variance of the median over that of the mean: above 1 the mean is better. `expected` is the same for
    large samples.
    """
    rows = []
    for law in LAWS.values():
        samples_of = law.draw(np.random.default_rng((seed, *law.name.encode())), (samples, size))
        located = [samples_of.mean(axis=1), np.median(samples_of, axis=1), law.locate(samples_of)]
        found = [_variance(estimates, 1 / size) for estimates in located]
        (mean, mean_se), (median, median_se), _ = found
        ratio = median / mean
        rows.append(
            {
                "law": law.name,
                "maximiser": law.maximiser,
                "n": size,
                "bound": 1 / law.information,
                "mean": mean,
                "median": median,
                "most likely": found[2][0],
                "mean against median": ratio,
                "se": ratio * np.hypot(mean_se / mean, median_se / median),
                "expected": law.mean_against_median,
            }
        )
    return pd.DataFrame(rows)


def _variance(found: Array, unit: float) -> tuple[float, float]:
    """The variance of estimates (N,) in units of `unit`, and its standard error."""
    squares = (found - found.mean()) ** 2 / unit
    return float(squares.mean()), float(squares.std() / np.sqrt(len(found)))
