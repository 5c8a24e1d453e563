"""Panels, labels and files of this family's pictures: no display, and the same bytes for the same numbers."""

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

COLORS = ("#4c78a8", "#f58518", "#54a24b", "#e45756", "#72b7b2", "#b279a2")


def panels(count: int, width: float = 4.6, height: float = 3.8, rows: int = 1) -> tuple[Figure, list[Axes]]:
    """A figure with `count` panels of so many inches, in rows."""
    across = -(-count // rows)
    figure = Figure(figsize=(width * across, height * rows), layout="constrained")
    axes = list(figure.subplots(rows, across, squeeze=False).ravel())
    for spare in axes[count:]:
        spare.set_visible(False)
    return figure, axes[:count]


def label(axes: Axes, title: str, across: str = "", up: str = "", **legend: Any) -> None:
    """Title, names of the axes, and a legend if something is named."""
    axes.set_title(title, fontsize=10)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.grid(alpha=0.3)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(**{"fontsize": 7, **legend})


def save(figure: Figure, path: Path) -> Path:
    """Writes a PNG file without the version of matplotlib in it; returns its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, metadata={"Software": None})
    return path
