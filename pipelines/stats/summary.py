"""A sample in one look: mean and deviation with their intervals, and whether a Gaussian fits."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, sqrt
from typing import Any

from pipelines.stats import normality
from pipelines.stats.estimation import Estimate, estimate
from pipelines.stats.intervals import LEVEL, Interval, around, clustered_interval
from pipelines.stats.moments import Array
from pipelines.stats.normality import Normality
from pipelines.stats.values import Labels, checked_sample


@dataclass(frozen=True)
class Summary:
    """The estimates, intervals and checks of a sample."""

    name: str
    estimate: Estimate
    intervals: dict[str, Interval]  # of mean, variance and deviation; empty if all values are equal
    clustered: Interval | None  # of the mean, if there are clusters, whose values depend on each other
    normality: Normality

    @property
    def of_mean(self) -> Interval | None:
        """The interval of the mean: the clustered one if there are clusters."""
        return self.clustered or self.intervals.get("mean")

    def lines(self) -> list[str]:
        """For a terminal."""
        found = self.estimate
        lines = [f"{self.name}: {found.count:g} values", f"mean       {found.mean:.6g}{self._interval('mean')}"]
        if self.clustered:
            lines.append(f"           {self.clustered} if clusters are taken into account")
        deviation, variance = f"{found.deviation:.6g}", f"{found.variance:.6g}"
        if found.count > 1:
            unbiased = found.unbiased_variance
            deviation += f" (1/n), {sqrt(unbiased):.6g} (1/(n-1))"
            variance += f" (1/n), {unbiased:.6g} (1/(n-1))"
        lines += [f"deviation  {deviation}{self._interval('deviation')}", f"variance   {variance}"]
        checks = self.normality
        if not isnan(checks.anderson):
            shapiro = "" if isnan(checks.shapiro_p) else f"Shapiro-Wilk p = {checks.shapiro_p:.3g}, "
            lines.append(f"skewness   {checks.skewness:.3f}, excess kurtosis {checks.excess_kurtosis:.3f}")
            lines.append(f"normal?    {shapiro}Anderson-Darling p = {checks.anderson_p:.3g}")
        return [*lines, checks.verdict]

    def _interval(self, name: str) -> str:
        return f"  ({self.intervals[name].level:.0%}: {self.intervals[name]})" if name in self.intervals else ""


def summarise(values: Any, name: str = "values", clusters: Labels | None = None, level: float = LEVEL) -> Summary:
    """The summary of values (n,), of which `clusters` (n,) depend on each other; '' is a cluster of one.

    A single value, or equal ones, have no intervals. Raises ValueError for a value that is not a finite number.
    """
    array, _ = checked_sample(values, name=name)
    found = estimate(array)
    varies = found.count > 1 and found.variance > 0
    is_clustered = clusters is not None and any(cluster != "" for cluster in clusters) and len(set(clusters)) > 1
    return Summary(
        name,
        found,
        around(found, level) if varies else {},
        clustered_interval(array, clusters, level) if varies and is_clustered and clusters is not None else None,
        normality.check(array),
    )


def of_column(name: str, values: Array, level: float = LEVEL) -> Summary:
    """The summary of a column; unlike `summarise`, raises ValueError if the column has no intervals."""
    around(estimate(values), level)
    return summarise(values, name, level=level)


def table(summaries: Sequence[Summary]) -> list[tuple[str, ...]]:
    """A row of cells for each summary: name, n, mean, its interval, deviation, its interval, kind of distribution."""
    return [
        (
            one.name,
            f"{one.estimate.count:g}",
            f"{one.estimate.mean:.5g}",
            str(one.of_mean or ""),
            f"{one.estimate.deviation:.4g}",
            str(one.intervals.get("deviation", "")),
            one.normality.kind,
        )
        for one in summaries
    ]
