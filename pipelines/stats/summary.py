"""A column of numbers in one look: estimates, how far they can be trusted, and whether a Gaussian fits."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, sqrt
from typing import Any

from pipelines.stats import normality
from pipelines.stats.estimation import Estimate, estimate
from pipelines.stats.intervals import LEVEL, Interval, around, clustered_interval
from pipelines.stats.moments import Array
from pipelines.stats.normality import Normality
from pipelines.stats.samples import Labels, as_sample


@dataclass(frozen=True)
class Summary:
    """What a sample says."""

    name: str
    estimate: Estimate
    intervals: dict[str, Interval]  # of mean, variance and deviation; empty where nothing varies
    clustered: Interval | None  # of the mean, where values of one cluster depend on each other
    normality: Normality

    @property
    def of_mean(self) -> Interval | None:
        """The interval of the mean to rely on."""
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
    """The summary of values (n,); one value, or equal ones, have no intervals.

    Raises ValueError for what is no finite number.
    """
    array, _ = as_sample(values, what=name)
    found = estimate(array)
    varied = found.count > 1 and found.variance > 0
    several = clusters is not None and any(cluster != "" for cluster in clusters) and len(set(clusters)) > 1
    return Summary(
        name,
        found,
        around(found, level) if varied else {},
        clustered_interval(array, clusters, level) if varied and several and clusters is not None else None,
        normality.check(array),
    )


def of_column(name: str, values: Array, level: float = LEVEL) -> Summary:
    """The summary of a column; unlike `summarise`, raises ValueError where there is no interval to tell."""
    around(estimate(values), level)
    return summarise(values, name, level=level)


def table(summaries: Sequence[Summary]) -> list[tuple[str, ...]]:
    """A row of cells for each, under the heads: sample, n, mean, its interval, deviation, its interval, verdict."""
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
