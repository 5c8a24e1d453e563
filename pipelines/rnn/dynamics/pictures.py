"""Pictures of what makes recurrent networks hard to train, as PNG files with the same bytes for the same numbers."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from pipelines.reporting.plots import DASHES, HUES
from pipelines.rnn.dynamics.surface import Surface


def draw_linear(grid: pd.DataFrame, path: Path) -> None:
    """Output and gradient of the linear neuron over its weight, on a log scale, by autograd and in closed form."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    for axes, column, title in zip(
        figure.subplots(1, 2),
        ("output", "gradient"),
        ("$y_{1000} = w^{999}$", "$dy_{1000}/dw = 999\\,w^{998}$"),
        strict=True,
    ):
        axes.semilogy(grid["weight"], grid[f"{column}_closed_form"], label="closed form", color="#4c78a8")
        axes.semilogy(grid["weight"], grid[column], ".", label="autograd, step by step", color="#f58518", markersize=4)
        axes.axvline(1, color="black", linewidth=0.8, linestyle="--")
        _label(axes, title, "w")
    _save(figure, path)


def draw_surface(surface: Surface, descents: dict[str, np.ndarray], path: Path) -> None:
    """The total loss as a surface and as a map, with descents from the same start; some leave the map."""
    figure = Figure(figsize=(14, 5.2), layout="constrained")
    hill: Any = figure.add_subplot(1, 2, 1, projection="3d")
    w1, w2 = np.meshgrid(surface.w1, surface.w2)
    hill.plot_surface(w1, w2, surface.losses, cmap="viridis", rcount=80, ccount=80, linewidth=0)
    hill.view_init(elev=35, azim=-60)
    hill.set_xlabel("w1")
    hill.set_ylabel("w2")
    hill.set_title("total loss over (w1, w2)", fontsize=10)

    axes = figure.add_subplot(1, 2, 2)
    image = axes.pcolormesh(
        surface.w1, surface.w2, surface.gradients, norm=LogNorm(1e-2, 1e2), cmap="Greys", rasterized=True
    )
    figure.colorbar(image, label="norm of the gradient")
    axes.contour(surface.w1, surface.w2, surface.losses, levels=12, linewidths=0.6, cmap="viridis")
    for (name, steps), color in zip(reversed(descents.items()), ("#4c78a8", "#e45756"), strict=True):
        axes.plot(steps[:, 0], steps[:, 1], ".-", color=color, markersize=4, linewidth=0.9, label=name)
    start = next(iter(descents.values()))[0]
    axes.plot(start[0], start[1], "*", color="black", markersize=11, label="start")
    axes.set_xlim(surface.w1[0], surface.w1[-1])
    axes.set_ylim(surface.w2[0], surface.w2[-1])
    _label(axes, "gradient descent on it; lines: equal loss", "w1", "w2", "upper left")
    _save(figure, path)


def draw_clipping(steps: pd.DataFrame, table: pd.DataFrame, path: Path) -> None:
    """Gradient norms before and after clipping for two rules, and the share of networks that diverged for each."""
    figure = Figure(figsize=(14, 4.2), layout="constrained")
    panels = figure.subplots(1, 3)
    for axes, rule in zip(panels[:2], ("none", "norm 15"), strict=True):
        chosen = steps[steps["rule"] == rule]
        for column, name, color in (("norm", "before", "#e45756"), ("norm_clipped", "after", "#4c78a8")):
            by_step = chosen.groupby("step")[column]
            axes.semilogy(by_step.median(), color=color, label=f"{name}, median")
            axes.semilogy(by_step.max(), color=color, linestyle=":", label=f"{name}, largest")
        axes.axhline(15, color="black", linewidth=0.8, linestyle="--")
        axes.set_ylim(1e-2, 1e8)
        _label(axes, f"gradient norm over {chosen['seed'].nunique()} seeds, clipping: {rule}", "step")
    panels[2].barh(table.index, table["diverged_percent"], color="#4c78a8")
    panels[2].invert_yaxis()
    panels[2].set_xlim(0, 100)
    for row, (share, loss) in enumerate(zip(table["diverged_percent"], table["median_last_loss"], strict=True)):
        panels[2].text(1, row, f"{share:.0f} %, median last loss {loss:.3f}", va="center", fontsize=8)
    _label(panels[2], "diverged, by clipping rule", "percent of networks")
    _save(figure, path)


def draw_reach(table: pd.DataFrame, path: Path) -> None:
    """|d loss_T / d state_t| over t, each kind of network as a line: before training and after."""
    figure = Figure(figsize=(8, 5), layout="constrained")
    styles = _styles_by_cell(list(table["network"].unique()))
    left, right = figure.subplots(1, 2, sharey=True)
    for axes, moment, title in ((left, "start", "at initialisation"), (right, "trained", "after training")):
        for name, style in styles.items():
            own = table[table["network"] == name]
            axes.semilogy(own["step"], own[moment].clip(lower=1e-9), label=name, linewidth=1.6, **style)
        _label(axes, f"|d loss / d state| of step t, {title}", "t")
        axes.set_ylim(1e-9, None)
        axes.get_legend().remove()
    figure.legend(*left.get_legend_handles_labels(), fontsize=9, loc="outside lower center", ncols=5, handlelength=3)
    _save(figure, path)


def _styles_by_cell(names: list[str]) -> dict[str, dict[str, Any]]:
    """A colour for each kind of network, the first part of its name, and dashes for each network of that kind."""
    of_kind: dict[str, list[str]] = {}
    for name in names:
        of_kind.setdefault(name.partition("-")[0], []).append(name)
    return {
        name: {"color": HUES[hue % len(HUES)], "linestyle": DASHES[number % len(DASHES)]}
        for hue, networks in enumerate(of_kind.values())
        for number, name in enumerate(networks)
    }


def draw_networks(table: pd.DataFrame, path: Path) -> None:
    """Test accuracy of each kind of network, and accuracy on train minus val, with deviations over seeds."""
    figure = Figure(figsize=(13, 0.32 * len(table) + 1.6), layout="constrained")
    labels = [f"{name} ({row['parameters']:,.0f})" for name, row in table.iterrows()]
    for axes, column, title in zip(
        figure.subplots(1, 2),
        ("test_accuracy", "gap"),
        ("test accuracy", "accuracy on train less that on val"),
        strict=True,
    ):
        axes.barh(labels, table[column], xerr=table[f"{column}_sd"].fillna(0.0), color="#4c78a8", capsize=3)
        axes.invert_yaxis()
        _label(axes, f"{title}, mean and deviation over seeds", "percent")
    _save(figure, path)


def _label(axes: Axes, title: str, across: str, up: str = "", where: Any = "best") -> None:
    axes.set_title(title, fontsize=10)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.grid(alpha=0.3)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(fontsize=7, loc=where)


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, dpi=110, metadata={"Software": None})
