"""Pictures of runs and of comparisons, as PNG files with the same bytes for the same numbers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def confusion(actual: Sequence[str], predicted: Sequence[str], path: Path, most: int = 25) -> None:
    """The `most` classes that errors touch most often: each row is a class, coloured by what it was taken for."""
    counts = pd.crosstab(pd.Series(actual), pd.Series(predicted))
    classes = counts.index.union(counts.columns)
    table = counts.reindex(index=classes, columns=classes, fill_value=0).to_numpy()
    errors = table.sum(axis=0) + table.sum(axis=1) - 2 * table.diagonal()
    shown = np.argsort(-errors, kind="stable")[:most]
    names = [str(classes[index]) for index in shown]
    table = table[np.ix_(shown, shown)]
    shares = table / table.sum(axis=1, keepdims=True).clip(min=1)

    figure = _figure(9, 8)
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.set_xlabel("predicted")
    axes.set_ylabel("actual")
    axes.set_title(f"The {len(names)} classes with the most errors")
    for row, column in np.argwhere(table):
        color = "white" if shares[row, column] > 0.5 else "black"
        axes.text(column, row, str(table[row, column]), ha="center", va="center", fontsize=6, color=color)
    figure.colorbar(image, label="share of the actual class", shrink=0.7)
    _save(figure, path)


def curves(histories: Mapping[str, pd.DataFrame], columns: Mapping[str, str], path: Path) -> None:
    """One panel for each column (name -> title) over epochs, one line for each history."""
    figure = _figure(5 * len(columns), 4)
    for axes, (column, title) in zip(figure.subplots(1, len(columns), squeeze=False)[0], columns.items(), strict=True):
        for name, history in histories.items():
            axes.plot(history["epoch"], history[column], label=name, linewidth=1.2)
        axes.set_xlabel("epoch")
        axes.set_title(title)
        axes.grid(alpha=0.3)
    axes.legend(fontsize=7)
    _save(figure, path)


def bars(
    means: pd.Series, deviations: pd.Series, title: str, path: Path, *, decimals: int = 2, lower_is_better: bool = False
) -> None:
    """A bar for each variant from best to worst, with its deviation over seeds."""
    ordered = means.sort_values(kind="stable", ascending=not lower_is_better)
    figure = _figure(7, 0.4 * len(ordered) + 1.5)
    axes = figure.subplots()
    axes.barh(ordered.index, ordered, xerr=deviations[ordered.index], color="#4c78a8", capsize=3)
    low, high = (means - deviations).min(), (means + deviations).max()
    axes.set_xlim(left=0.0 if lower_is_better else max(0.0, low - (high - low or 1.0) / 4))  # near ones apart
    for row, number in enumerate(ordered):
        axes.text(axes.get_xlim()[0], row, f" {number:,.{decimals}f}", va="center", fontsize=8, color="white")
    axes.set_title(title)
    _save(figure, path)


def _figure(width: float, height: float) -> "Figure":
    from matplotlib.figure import Figure  # without pyplot: no global state, no display

    return Figure(figsize=(width, height), layout="constrained")


def _save(figure: "Figure", path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, metadata={"Software": None})
