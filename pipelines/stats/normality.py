"""Tests of normality, the points of a QQ plot, and a verdict in plain words.

A p-value alone is not enough: with few values a test finds nothing, with very many it finds departures that do not
matter. So the verdict describes the departure, and distinguishes a normal sample with a few gross errors from one that
is skewed or has long tails throughout.
"""

from dataclasses import dataclass
from math import exp, nan, sqrt
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtri

from pipelines.stats import moments
from pipelines.stats.moments import Array
from pipelines.stats.values import checked_sample

MIN_VALUES = 8  # for a verdict
SHAPIRO_LIMIT = 5000  # values up to which the p-value of Shapiro & Wilk is known
SIGNIFICANT = 0.005  # p-value below which normality is rejected (Benjamin et al. 2018)
FALSE_ALARMS = 0.01  # share of normal samples in which a value is taken for a gross error
HARMLESS = 0.1  # skewness, or half of the excess kurtosis, up to which a Gaussian is good enough for most uses

Kind = Literal[
    "normal", "nearly normal", "contaminated", "skewed", "long tails", "short tails", "other", "too few", "constant"
]


@dataclass(frozen=True)
class Normality:
    """The results of all checks of a sample; nan where a check needs more values, or more different ones."""

    kind: Kind
    verdict: str
    count: int
    skewness: float
    excess_kurtosis: float
    shapiro: float  # Shapiro & Wilk's W; nan for more than SHAPIRO_LIMIT values, as is its p-value
    shapiro_p: float
    anderson: float  # Anderson & Darling's A^2
    anderson_p: float
    outliers: tuple[int, ...]  # positions of gross errors


def check(values: Any) -> Normality:
    """Checks values (n,). Raises ValueError for a value that is not a finite number."""
    array, _ = checked_sample(values)
    count = len(array)
    if np.ptp(array) == 0:
        return _untested("constant", f"{count} equal values: they show no distribution.", count)
    if count < MIN_VALUES:
        return _untested("too few", f"{count} values are too few for a verdict: it takes {MIN_VALUES}.", count)
    outliers = gross_errors(array)
    kind, verdict = _judge(array, outliers)
    shape = moments.of(array[:, None], highest=4)
    return Normality(
        kind,
        verdict,
        count,
        float(shape.skewness()[0]),
        float(shape.excess_kurtosis()[0]),
        *shapiro_wilk(array),
        *anderson_darling(array),
        tuple(map(int, outliers)),
    )


def _untested(kind: Kind, verdict: str, count: int) -> Normality:
    return Normality(kind, verdict, count, nan, nan, nan, nan, nan, nan, ())


def qq(values: Any) -> tuple[Array, Array]:
    """The points of a QQ plot of values (n,): standard normal quantiles (n,), and the values in order (n,).

    The i-th of n values is plotted at the quantile of (i - 3/8) / (n + 1/4), near its expectation (Blom 1958).
    """
    array, _ = checked_sample(values)
    probabilities = (np.arange(1, len(array) + 1) - 0.375) / (len(array) + 0.25)
    return np.asarray(ndtri(probabilities)), np.sort(array)


def anderson_darling(values: Array) -> tuple[float, float]:
    """A^2 of values (n,) against the normal law with their own mean and variance, and its p-value.

    A^2 is the distance between the two distribution functions, weighted most in the tails. The p-value is that of
    D'Agostino & Stephens (1986), "Goodness-of-fit techniques", table 4.9, for estimated mean and variance.
    """
    count = len(values)
    standard = np.sort(values - values.mean()) / values.std(ddof=1)
    odd = 2 * np.arange(1, count + 1) - 1
    squared = float(-count - (odd * (log_ndtr(standard) + log_ndtr(-standard[::-1]))).mean())
    adjusted = squared * (1 + 0.75 / count + 2.25 / count**2)
    if adjusted >= 13:  # beyond this the formula below rises again; p is less than 1e-30
        return squared, 0.0
    if adjusted >= 0.6:
        return squared, exp(1.2937 - 5.709 * adjusted + 0.0186 * adjusted**2)
    if adjusted >= 0.34:
        return squared, exp(0.9177 - 4.279 * adjusted - 1.38 * adjusted**2)
    if adjusted >= 0.2:
        return squared, 1 - exp(-8.318 + 42.796 * adjusted - 59.938 * adjusted**2)
    return squared, 1 - exp(-13.436 + 101.14 * adjusted - 223.73 * adjusted**2)


def gross_errors(values: Array) -> NDArray[np.int64]:
    """The positions, in order, of values (n,) too far from the others for a normal law.

    The distance is from the median in median distances, which gross errors hardly change, and is compared with the
    distance of the farthest of n normal values in all but a share FALSE_ALARMS of samples. If half of the values are
    equal the median distance is 0, and none is found.
    """
    distances = np.abs(values - np.median(values))
    unit = float(np.median(distances)) / float(ndtri(0.75))  # a standard deviation of normal values
    if unit == 0:
        return np.zeros(0, np.int64)
    return np.flatnonzero(distances / unit > _farthest(len(values)))


def _farthest(count: int) -> float:
    """The distance in deviations that the farthest of `count` normal values exceeds in FALSE_ALARMS of samples.

    For a known median distance it is a quantile. The factor allows for an estimated one and was found by simulation:
    from 8 values to 1000 the share of false alarms is then 0.5 to 1.5 %.
    """
    return float(-ndtri(FALSE_ALARMS / (2 * count))) * (1 + 10 / count)


def shapiro_wilk(values: Array) -> tuple[float, float]:
    """W of values (n,), which is 1 for a perfectly normal sample, and its p-value (Royston 1995, by scipy)."""
    if len(values) > SHAPIRO_LIMIT:
        return nan, nan
    from scipy.stats import shapiro  # takes most of a second to import

    found = shapiro(values)
    return float(found.statistic), float(found.pvalue)


def _is_rejected(values: Array) -> bool:
    """Whether either test rejects normality."""
    return len(values) >= MIN_VALUES and min(shapiro_wilk(values)[1], anderson_darling(values)[1]) < SIGNIFICANT


def _judge(values: Array, outliers: NDArray[np.int64]) -> tuple[Kind, str]:
    count, rest = len(values), np.delete(values, outliers)
    if len(outliers) and not _is_rejected(rest):
        errors, them, their = f"{len(outliers)} gross errors", "them", "their"
        if len(outliers) == 1:
            errors, them, their = "one gross error", "it", "its"
        return "contaminated", (
            f"Normal but for {errors} among {count} values: {_listed(values[outliers])}. Because of {them} the mean is "
            f"off by {abs(values.mean() - rest.mean()) / rest.std():.2f} deviations and the deviation "
            f"{values.std() / rest.std():.2f} times as large: find {their} cause, or use the median."
        )
    if not _is_rejected(values):
        return "normal", f"No evidence against a normal distribution in {count} values."
    return _departure(values)


def _departure(values: Array) -> tuple[Kind, str]:
    """How values that are not normal differ from normal ones."""
    count = len(values)
    shape = moments.of(values[:, None], highest=4)
    skewness, kurtosis = float(shape.skewness()[0]), float(shape.excess_kurtosis()[0])
    if max(abs(skewness), abs(kurtosis) / 2) < HARMLESS:
        return "nearly normal", (
            f"Not quite normal, which {count} values are enough to show, but near enough for most uses "
            f"(skewness {skewness:.2f}, excess kurtosis {kurtosis:.2f})."
        )
    # Each over its standard error in a normal sample.
    octile_skewness = _octile_skewness(values) * sqrt(count) / 1.07
    skewed, tailed = skewness / sqrt(6 / count), kurtosis / sqrt(24 / count)
    if (abs(octile_skewness) > 2.5 and octile_skewness * skewed > 0) or (abs(skewed) > 2 > abs(tailed)):
        side = "right" if skewness > 0 else "left"
        advice = "; their logarithms may be normal" if side == "right" and values.min() > 0 else ""
        return "skewed", (
            f"Skewed to the {side} (skewness {skewness:.2f}): a normal distribution is the wrong model. "
            f"The mean is not in the middle, and intervals of values reach too far on one side{advice}."
        )
    if tailed > 2:
        return "long tails", (
            f"Longer tails than a normal distribution has (excess kurtosis {kurtosis:.2f}): "
            "the interval of the variance is too short, and the median may be nearer the truth than the mean."
        )
    if tailed < -2:
        return "short tails", (
            f"Shorter tails than a normal distribution has (excess kurtosis {kurtosis:.2f}): "
            "values with bounds, or two groups side by side."
        )
    different = len(np.unique(values))
    rounded = f": {different} different values among {count}, perhaps rounded" if different < count / 2 else ""
    return "other", f"Not normal, though neither skewed nor with unusual tails{rounded}."


def _octile_skewness(values: Array) -> float:
    """(q7 + q1 - 2 q4) / (q7 - q1) of the octiles q, from -1 to 1; outliers do not change it (Hinkley 1975)."""
    low, middle, high = np.quantile(values, (1 / 8, 1 / 2, 7 / 8))
    return float((high + low - 2 * middle) / (high - low)) if high > low else 0.0


def _listed(values: Array, limit: int = 8) -> str:
    shown = ", ".join(f"{value:g}" for value in np.sort(values)[:limit])
    return shown if len(values) <= limit else f"{shown}, ..."
