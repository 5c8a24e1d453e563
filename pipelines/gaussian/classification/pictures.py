"""Pictures of classifiers: boundaries in two features, and accuracies."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.gaussian.classifier import Classifier
from pipelines.gaussian.data import Cases
from pipelines.gaussian.pictures import COLORS, label, panels, save


def boundaries(cases: Cases, classifier: Classifier, path: Path) -> Path:
    """Cases of two features, the probability of the first class, and the line where it is 1/2."""
    figure, (panel,) = panels(1, width=5.5, height=5.0)
    low, high = cases.rows.min(axis=0), cases.rows.max(axis=0)
    low, high = low - 0.05 * (high - low), high + 0.05 * (high - low)
    across, up = (np.linspace(start, end, 201) for start, end in zip(low, high, strict=True))
    grid = np.stack(np.meshgrid(across, up), axis=-1)
    probability = classifier.posteriors(grid.reshape(-1, 2))[:, 0].reshape(grid.shape[:2])
    shown = panel.contourf(across, up, probability, levels=np.linspace(0, 1, 11), cmap="RdBu", alpha=0.5)
    panel.contour(across, up, probability, levels=[0.5], colors="black", linewidths=1.5)
    for index, name in enumerate(classifier.classes):
        of_class = cases.rows[cases.labels == name]
        color = COLORS[0] if index == 0 else COLORS[3]
        panel.plot(of_class[:, 0], of_class[:, 1], ".", color=color, markersize=3, label=name)
        panel.plot(*classifier.means[index], "*", color=color, markersize=13, markeredgecolor="black")
    figure.colorbar(shown, label=f"probability of {classifier.classes[0]}", shrink=0.7)
    label(panel, f"{cases.name}, {classifier.covariance}", *cases.features, loc="upper left")
    return save(figure, path)


def accuracies(table: pd.DataFrame, path: Path) -> Path:
    """Accuracy by set: on the rows fitted to, cross-validated, and on the held-out split of sets that have one."""
    figure, (axes,) = panels(1, width=8.5, height=0.34 * len(table) + 1.2)
    places = np.arange(len(table))[::-1]
    axes.plot(table["train"], places, "|", color="#888888", markersize=11, label="rows fitted to")
    axes.errorbar(table["cv"], places + 0.12, xerr=table["cv_sd"], fmt="o", color=COLORS[0], markersize=4,
                  label="cross-validated, ± deviation over repeats")  # fmt: skip
    held_out = table["test"].notna()
    spread = np.stack([table["test"] - table["test_low"], table["test_high"] - table["test"]])[:, held_out]
    axes.errorbar(table["test"][held_out], places[held_out] - 0.12, xerr=spread, fmt="s", color=COLORS[1], markersize=4,
                  label="held-out split, 95 % interval")  # fmt: skip
    axes.set_yticks(places, [str(row["set"]) for _, row in table.iterrows()], fontsize=8)
    axes.set_xlim(right=1.02)
    label(axes, "", "accuracy", loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    return save(figure, path)
