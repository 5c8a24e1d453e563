"""Pictures of the derivation, and of other laws of error."""

from pathlib import Path

import numpy as np
import pandas as pd
from scipy.special import gammaln

from pipelines.gaussian.error_laws import LAWS
from pipelines.gaussian.pictures import COLORS, label, panels, save
from pipelines.stats.moments import Array


def slopes(path: Path) -> Path:
    """Density and g = f'/f of each law: only the normal law's g is a straight line through 0."""
    figure, (left, right) = panels(2)
    errors = np.linspace(-4, 4, 801)
    for law, color in zip(LAWS.values(), COLORS, strict=False):
        left.plot(errors, np.exp(law.log_density(errors)), color=color, label=law.name, linewidth=1.3)
        right.plot(errors, law.slope(errors), color=color, label=law.name, linewidth=1.3)
    label(left, "density f", "error")
    label(right, "g = f'/f: additive for the normal law only", "error", loc="upper right")
    return save(figure, path)


def squeeze(path: Path) -> Path:
    """The square between two discs, and their integrals, which all converge to pi."""
    figure, (left, right) = panels(2)
    turn = np.linspace(0, 2 * np.pi, 200)
    for radius, name, color in ((1, "disc of radius R", COLORS[0]), (np.sqrt(2), "disc of radius R√2", COLORS[1])):
        left.plot(radius * np.cos(turn), radius * np.sin(turn), color=color, label=name)
    left.plot([-1, 1, 1, -1, -1], [-1, -1, 1, 1, -1], color=COLORS[2], label="square from -R to R")
    left.set_aspect("equal")
    edges = np.linspace(0.02, 3, 300)
    right.plot(edges, np.pi * (1 - np.exp(-(edges**2))), color=COLORS[0], label="disc of radius R")
    right.plot(edges, np.pi * (1 - np.exp(-2 * edges**2)), color=COLORS[1], label="disc of radius R√2")
    right.plot(edges, _square(edges), color=COLORS[2], label="square from -R to R")
    right.axhline(np.pi, color="black", linewidth=0.8, linestyle="--")
    label(left, "the square lies between the discs", loc="lower right")
    label(right, "integral of exp(-x² - y²) over each: all converge to π", "R", loc="lower right")
    return save(figure, path)


def likelihoods(sample: Array, path: Path) -> Path:
    """The log-likelihood of one sample under each law, over the true value; mean, median and midrange are marked."""
    figure, axes = panels(len(LAWS), width=3.6, height=2.6, rows=2)
    low, high = sample.min() - 1, sample.max() + 1
    marks = {"mean": sample.mean(), "median": np.median(sample), "midrange": (sample.min() + sample.max()) / 2}
    for law, panel in zip(LAWS.values(), axes, strict=True):
        scale = 1.15 * np.ptp(sample) / 2 if law.name == "uniform" else 1.0  # wide enough to reach all values
        places = np.linspace(low, high, 601)
        heights = law.log_density((sample - places[:, None]) / scale).sum(axis=1)
        panel.plot(places, heights, color="black", linewidth=1.2)
        for (name, place), color in zip(marks.items(), COLORS, strict=False):
            panel.axvline(place, color=color, linewidth=1.2, linestyle="--", label=name)
        bottom = np.min(heights[np.isfinite(heights)])
        panel.plot(sample, np.full(len(sample), bottom), "|", color="black", markersize=9)
        label(panel, law.name, "true value", loc="upper right")
        panel.set_yticks([])
    return save(figure, path)


def efficiencies(table: pd.DataFrame, path: Path) -> Path:
    """Efficiencies of mean, median and most likely location by law, and by the degrees of freedom of Student's law."""
    figure, (left, right) = panels(2, width=5.2)
    places = np.arange(len(table))
    best = table[["mean", "median", "most likely"]].min(axis=1)
    for offset, (column, color) in enumerate(zip(("mean", "median", "most likely"), COLORS, strict=False)):
        shares = best / table[column]
        bars = left.bar(places + (offset - 1) * 0.27, shares, 0.25, color=color, label=column)
        left.bar_label(bars, [f"{share:.2f}" for share in shares], fontsize=7)
    left.set_xticks(places, table["law"])
    left.set_ylim(0, 1.3)
    label(left, f"efficiency, {table['n'].iloc[0]} observations (1: the best of the three)", ncols=3, loc="upper right")

    freedom = np.linspace(2.2, 30, 400)
    at_zero = np.exp(gammaln((freedom + 1) / 2) - gammaln(freedom / 2)) / np.sqrt(freedom * np.pi)
    bound, mean, median = (freedom + 3) / (freedom + 1), freedom / (freedom - 2), 1 / (4 * at_zero**2)
    right.plot(freedom, bound / mean, color=COLORS[0], label="mean")
    right.plot(freedom, bound / median, color=COLORS[1], label="median")
    crossing = freedom[np.argmax(mean < median)]
    right.axvline(crossing, color="black", linewidth=0.8, linestyle="--", label=f"equal at {crossing:.1f}")
    right.set_ylim(0, 1.05)
    label(right, "Student's law, large samples: efficiency", "degrees of freedom", loc="lower right")
    return save(figure, path)


def _square(edges: Array) -> Array:
    """The integral of exp(-x^2 - y^2) over squares from -R to R."""
    from scipy.special import erf

    return np.asarray(np.pi * erf(edges) ** 2)
