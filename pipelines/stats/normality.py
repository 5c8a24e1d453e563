"""Are these values normal? Tests, the straight line of a QQ plot, and a verdict in plain words.

A test alone does not say what to do: with few values it finds nothing, with very many it finds what does not matter.
The verdict therefore looks at why normality is rejected, and sets apart a normal sample with a few gross errors from
one that is skewed or has long tails throughout.
"""

from dataclasses import dataclass
from math import exp, nan, sqrt
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtri

from pipelines.stats import moments
from pipelines.stats.moments import Array
from pipelines.stats.samples import as_sample

LEAST = 8  # values below which nothing can be said
SHAPIRO_MOST = 5000  # values up to which the p-value of Shapiro & Wilk is known
SIGNIFICANT = 0.005  # p-value below which normality is rejected (Benjamin et al. 2018)
FALSE_ALARMS = 0.01  # share of normal samples in which a value is taken for a gross error
HARMLESS = 0.1  # skewness, or half of the excess kurtosis, up to which a Gaussian is good enough for most uses

Kind = Literal[
    "normal", "nearly normal", "contaminated", "skewed", "long tails", "short tails", "other", "too few", "constant"
]


@dataclass(frozen=True)
class Normality:
    """What the checks found."""

    kind: Kind
    verdict: str
    count: int
    skewness: float
    excess_kurtosis: float
    shapiro: float  # Shapiro & Wilk's W; it and its p-value are nan for more values than it is made for
    shapiro_p: float
    anderson: float  # Anderson & Darling's A^2
    anderson_p: float
    outliers: tuple[int, ...]  # positions of gross errors


def check(values: Any) -> Normality:
    """Checks values (n,). Raises ValueError for what is no finite number."""
    array, _ = as_sample(values)
    count = len(array)
    if np.ptp(array) == 0:
        return _untested("constant", f"{count} equal values: there is no distribution to speak of.", count)
    if count < LEAST:
        return _untested("too few", f"{count} values are too few to tell: it takes {LEAST}.", count)
    outliers = gross_errors(array)
    kind, verdict = _judge(array, outliers)
    found = moments.of(array[:, None], highest=4)
    return Normality(
        kind,
        verdict,
        count,
        float(found.skewness()[0]),
        float(found.excess_kurtosis()[0]),
        *shapiro_wilk(array),
        *anderson_darling(array),
        tuple(map(int, outliers)),
    )


def _untested(kind: Kind, verdict: str, count: int) -> Normality:
    return Normality(kind, verdict, count, nan, nan, nan, nan, nan, nan, ())


def qq(values: Any) -> tuple[Array, Array]:
    """The points of a QQ plot: standard normal quantiles, and the values in order.

    The i-th of n values stands at the quantile of (i - 3/8) / (n + 1/4), near where it is expected (Blom 1958).
    """
    array, _ = as_sample(values)
    places = (np.arange(1, len(array) + 1) - 0.375) / (len(array) + 0.25)
    return np.asarray(ndtri(places)), np.sort(array)


def anderson_darling(values: Array) -> tuple[float, float]:
    """A^2 of values against the normal law with their own mean and variance, and the p-value.

    A^2 weighs the distance between the two distribution functions most in the tails. The p-value is that of
    D'Agostino & Stephens (1986), "Goodness-of-fit techniques", table 4.9, for estimated mean and variance.
    """
    count = len(values)
    standard = np.sort(values - values.mean()) / values.std(ddof=1)
    odd = 2 * np.arange(1, count + 1) - 1
    squared = float(-count - (odd * (log_ndtr(standard) + log_ndtr(-standard[::-1]))).mean())
    adjusted = squared * (1 + 0.75 / count + 2.25 / count**2)
    if adjusted >= 13:  # where the formula turns round; p is below 1e-30
        return squared, 0.0
    if adjusted >= 0.6:
        return squared, exp(1.2937 - 5.709 * adjusted + 0.0186 * adjusted**2)
    if adjusted >= 0.34:
        return squared, exp(0.9177 - 4.279 * adjusted - 1.38 * adjusted**2)
    if adjusted >= 0.2:
        return squared, 1 - exp(-8.318 + 42.796 * adjusted - 59.938 * adjusted**2)
    return squared, 1 - exp(-13.436 + 101.14 * adjusted - 223.73 * adjusted**2)


def gross_errors(values: Array) -> NDArray[np.int64]:
    """The positions of values too far out for a normal law, in order.

    Distance is measured from the median and in median distances (which gross errors hardly move), and compared with
    what the farthest of as many normal values comes to in all but FALSE_ALARMS of samples. Where half of the values
    are equal there is no such measure, and none is found.
    """
    distances = np.abs(values - np.median(values))
    unit = float(np.median(distances)) / float(ndtri(0.75))
    if unit == 0:
        return np.zeros(0, np.int64)
    return np.flatnonzero(distances / unit > _farthest(len(values)))


def _farthest(count: int) -> float:
    """How far out the farthest of so many normal values comes, in all but FALSE_ALARMS of samples.

    For a known median distance it is a quantile; the factor allows for an estimated one and was found by simulation
    (from 8 values to 1000 the share of false alarms is then 0.5 to 1.5 %).
    """
    return float(-ndtri(FALSE_ALARMS / (2 * count))) * (1 + 10 / count)


def shapiro_wilk(values: Array) -> tuple[float, float]:
    """W, which is 1 for a perfectly normal sample, and its p-value (Royston 1995, as in scipy); nan for too many."""
    if len(values) > SHAPIRO_MOST:
        return nan, nan
    from scipy.stats import shapiro  # takes most of a second to import

    found = shapiro(values)
    return float(found.statistic), float(found.pvalue)


def _rejected(values: Array) -> bool:
    """Whether either test finds the values not normal."""
    return len(values) >= LEAST and min(shapiro_wilk(values)[1], anderson_darling(values)[1]) < SIGNIFICANT


def _judge(values: Array, outliers: NDArray[np.int64]) -> tuple[Kind, str]:
    count, rest = len(values), np.delete(values, outliers)
    if len(outliers) and not _rejected(rest):
        errors, them, they = f"{len(outliers)} gross errors", "them", "they"
        if len(outliers) == 1:
            errors, them, they = "one gross error", "it", "it"
        return "contaminated", (
            f"Normal but for {errors} among {count} values: {_some(values[outliers])}. Because of {them} the mean is "
            f"off by {abs(values.mean() - rest.mean()) / rest.std():.2f} deviations and the deviation "
            f"{values.std() / rest.std():.2f} times as large: find out what {they} came from, or use the median."
        )
    if not _rejected(values):
        return "normal", f"Nothing in {count} values speaks against a normal distribution."
    return _departure(values)


def _departure(values: Array) -> tuple[Kind, str]:
    """How values that are not normal differ from normal ones."""
    count = len(values)
    found = moments.of(values[:, None], highest=4)
    skewness, kurtosis = float(found.skewness()[0]), float(found.excess_kurtosis()[0])
    if max(abs(skewness), abs(kurtosis) / 2) < HARMLESS:
        return "nearly normal", (
            f"Not quite normal, which {count} values are enough to show, but near enough for most uses "
            f"(skewness {skewness:.2f}, excess kurtosis {kurtosis:.2f})."
        )
    # Each over its standard error for a normal sample.
    lopsided = _skewness_of_eighths(values) * sqrt(count) / 1.07
    skewed, tailed = skewness / sqrt(6 / count), kurtosis / sqrt(24 / count)
    if (abs(lopsided) > 2.5 and lopsided * skewed > 0) or (abs(skewed) > 2 > abs(tailed)):
        side = "right" if skewness > 0 else "left"
        mend = "; their logarithms may be normal" if side == "right" and values.min() > 0 else ""
        return "skewed", (
            f"Skewed to the {side} (skewness {skewness:.2f}): a normal distribution is the wrong model. "
            f"The mean is not in the middle, and intervals of values reach too far on one side{mend}."
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


def _skewness_of_eighths(values: Array) -> float:
    """How much farther the upper eighth begins from the median than the lower one ends; outliers do not move it."""
    low, middle, high = np.quantile(values, (1 / 8, 1 / 2, 7 / 8))
    return float((high + low - 2 * middle) / (high - low)) if high > low else 0.0


def _some(values: Array, most: int = 8) -> str:
    shown = ", ".join(f"{value:g}" for value in np.sort(values)[:most])
    return shown if len(values) <= most else f"{shown}, ..."
