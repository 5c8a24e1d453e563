"""Pictures of likelihoods, of estimators over many samples, and of values compared with a Gaussian."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import colormaps

from pipelines.gaussian.data import Sample
from pipelines.gaussian.mixture import Mixture
from pipelines.gaussian.multivariate import Gaussian
from pipelines.gaussian.pictures import COLORS, label, panels, save
from pipelines.stats import normality
from pipelines.stats.estimation import Estimate, estimate
from pipelines.stats.moments import Array
from pipelines.stats.normality import Normality

CUT = 1.92  # fall of l at the ends of a 95 % interval: half of the 95 % point of chi squared, one degree of freedom


def likelihood(found: Estimate, path_of_ascent: Sequence[tuple[float, float]], name: str, path: Path) -> Path:
    """The log-likelihood over mean and deviation with a gradient ascent on it, and its two profiles."""
    figure, (surface, of_mean, of_deviation) = panels(3)
    unit = found.deviation / np.sqrt(found.count)
    start_mean, start_deviation = path_of_ascent[0]
    reach = max(6 * unit, 1.15 * abs(start_mean - found.mean))
    means = np.linspace(found.mean - reach, found.mean + reach, 161)
    deviations = np.linspace(
        0.6 * min(found.deviation, start_deviation), 1.15 * max(start_deviation, found.deviation), 161
    )
    below = found.log_likelihood(means[None], deviations[:, None]) - found.highest
    levels = [-160, -80, -40, -20, -10, -5, -CUT, -0.5, 0]
    heights = np.arange(len(levels) - 1)  # evenly spaced shades for uneven levels
    surface.contourf(
        means, deviations, below, levels=levels, colors=colormaps["Blues"](0.15 + heights / 9), extend="min"
    )
    surface.clabel(
        surface.contour(means, deviations, below, levels=levels[:-1], colors="white", linewidths=0.5), fontsize=6
    )
    steps = np.array(path_of_ascent)
    surface.plot(steps[:, 0], steps[:, 1], ".-", color=COLORS[1], markersize=4, label="gradient ascent")
    surface.plot([found.mean], [found.deviation], "*", color=COLORS[3], markersize=11, label="closed form")
    label(surface, f"log-likelihood of {name}, less its maximum", "mean", "deviation", loc="upper right")

    near = np.linspace(found.mean - 4 * unit, found.mean + 4 * unit, 201)
    of_mean.plot(near, found.profile_of_mean(near) - found.highest, color=COLORS[0])
    spread = np.linspace(-4, 4, 201) * unit / np.sqrt(2) + found.deviation
    spread = spread[spread > 0.3 * found.deviation]
    of_deviation.plot(spread, found.profile_of_deviation(spread) - found.highest, color=COLORS[0])
    for axes, title, across in (
        (of_mean, "profile of the mean", "mean"),
        (of_deviation, "profile of the deviation", "deviation"),
    ):
        axes.axhline(-CUT, color="black", linewidth=0.8, linestyle="--", label=f"-{CUT}: ends of the 95 % interval")
        axes.set_ylim(-8, 0.4)
        label(axes, title, across, loc="lower center")
    return save(figure, path)


def simulated(bias: pd.DataFrame, coverage: pd.DataFrame, path: Path) -> Path:
    """The bias of the two variances over n, and the coverage of intervals by law."""
    figure, (left, right) = panels(2, width=5.6, height=4.2)
    for (divisor, rows), color in zip(bias.groupby("divisor", sort=True), COLORS, strict=False):
        left.errorbar(
            rows["n"], rows["mean"], 3 * rows["se"], fmt="o", color=color, markersize=4, label=f"{divisor}, ± 3 s.e."
        )
        left.plot(rows["n"], rows["expected"], color=color, linewidth=1)
    left.set_xscale("log")
    label(left, "average of the variance, in true variances", "n (values in a sample)", loc="lower right")

    largest = coverage[coverage["n"] == coverage["n"].max()]
    laws = list(dict.fromkeys(largest["law"]))
    for offset, ((interval, rows), color) in enumerate(
        zip(largest.groupby("interval", sort=True), COLORS, strict=False)
    ):
        places = np.arange(len(laws)) + (offset - 1) * 0.25
        right.errorbar(
            rows.set_index("law").loc[laws, "coverage"], places, fmt="o", color=color, markersize=5, label=interval
        )
    right.axvline(0.95, color="black", linewidth=0.8, linestyle="--")
    right.set_yticks(range(len(laws)), laws)
    right.set_xlim(0, 1.02)
    label(right, f"coverage of 95 % intervals, n = {largest['n'].iloc[0]}", loc="lower left")
    return save(figure, path)


def quantiles(samples: Sequence[tuple[Sample, Normality]], path: Path) -> Path:
    """A QQ plot of each sample; a normal sample is on the line."""
    figure, axes = panels(len(samples), width=3.2, height=3.0, rows=-(-len(samples) // 4))
    for (sample, checks), panel in zip(samples, axes, strict=True):
        values = sample.values  # noqa: PD011 (no frame)
        expected, found = normality.qq(values)
        gross = np.zeros(len(values), dtype=bool)
        if checks.kind == "contaminated":
            gross[list(checks.outliers)] = True
        rest = estimate(values[~gross])
        gross = gross[np.argsort(values, kind="stable")]
        panel.plot(expected, rest.mean + rest.deviation * expected, color="black", linewidth=0.8)
        panel.plot(expected[~gross], found[~gross], ".", color=COLORS[0], markersize=3)
        panel.plot(expected[gross], found[gross], ".", color=COLORS[3], markersize=5)
        label(panel, f"{sample.name}: {checks.kind}", "normal quantiles")
    return save(figure, path)


def mixtures(fitted: Mapping[str, tuple[Array, Mixture]], path: Path) -> Path:
    """Histograms with one Gaussian and with a mixture of two."""
    figure, axes = panels(len(fitted), width=4.0, height=3.2)
    for (name, (values, mixture)), panel in zip(fitted.items(), axes, strict=True):
        one = estimate(values)
        places = np.linspace(values.min(), values.max(), 600)
        panel.hist(values, bins=40, density=True, color="#cccccc")
        single = np.exp(Gaussian.of(np.array([one.mean]), np.array([[one.variance]])).log_density(places[:, None]))
        panel.plot(places, single, color=COLORS[1], linewidth=1.2, label="one Gaussian")
        joint = np.exp(mixture.log_joint(places[:, None]))
        panel.plot(places, joint.sum(axis=1), color=COLORS[0], linewidth=1.4, label="two, by EM")
        panel.plot(places, joint, color=COLORS[0], linewidth=0.8, linestyle="--")
        label(panel, name, loc="best")
    return save(figure, path)


def ellipses(rows: Array, names: Sequence[str], covariances: Mapping[str, tuple[Array, Array]], path: Path) -> Path:
    """Two features of rows, and the ellipse that contains 95 % of a Gaussian, for each kind of covariance."""
    figure, (axes,) = panels(1, width=5.4, height=4.6)
    axes.plot(rows[:, 0], rows[:, 1], ".", color="#999999", markersize=3)
    turn = np.linspace(0, 2 * np.pi, 200)
    circle = np.sqrt(-2 * np.log(0.05)) * np.stack([np.cos(turn), np.sin(turn)])
    for (kind, (mean, covariance)), color in zip(covariances.items(), COLORS, strict=False):
        edge = mean[:2, None] + np.linalg.cholesky(covariance[:2, :2]) @ circle
        axes.plot(*edge, color=color, linewidth=1.4, label=kind)
    label(axes, "95 % ellipses by covariance", names[0], names[1])
    return save(figure, path)
