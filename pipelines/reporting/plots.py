"""Plots of runs and of comparisons, as PNG files with the same bytes for the same numbers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito's colours, which people with any colour vision tell apart, without yellow and with olive and brown.
HUES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#000000", "#56b4e9", "#e69f00", "#999933", "#7b3f00")
DASHES: tuple[Any, ...] = ("-", "--", ":", "-.", (0, (6, 1, 1, 1, 1, 1)))


def line_style(number: int) -> dict[str, Any]:
    """Colour and dashes of the line `number` of a plot, 0 first: no two of `len(HUES) * len(DASHES)` are alike."""
    return {"color": HUES[number % len(HUES)], "linestyle": DASHES[number // len(HUES) % len(DASHES)]}


def confusion(actual: Sequence[str], predicted: Sequence[str], path: Path, max_classes: int = 25) -> None:
    """The confusion matrix of the classes with the most errors: actual classes down, predicted ones across.

    Numbers are counts; colours are shares of the actual class.
    """
    counts = pd.crosstab(pd.Series(actual), pd.Series(predicted))
    classes = counts.index.union(counts.columns)
    table = counts.reindex(index=classes, columns=classes, fill_value=0).to_numpy()
    errors = table.sum(axis=0) + table.sum(axis=1) - 2 * table.diagonal()
    shown = np.argsort(-errors, kind="stable")[:max_classes]
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
    """A panel for each column (name -> title) over epochs, with a line for each history."""
    figure = _figure(5 * len(columns), 4)
    for axes, (column, title) in zip(figure.subplots(1, len(columns), squeeze=False)[0], columns.items(), strict=True):
        for number, (name, history) in enumerate(histories.items()):
            axes.plot(history["epoch"], history[column], label=name, linewidth=1.2, **line_style(number))
        axes.set_xlabel("epoch")
        axes.set_title(title)
        axes.grid(alpha=0.3)
    axes.legend(fontsize=7)
    _save(figure, path)


def lines(tables: Mapping[str, pd.DataFrame], x: str, y: str, path: Path, *, logarithmic: bool = False) -> None:
    """A line for each table, y over x, with a band between its columns `low` and `high`, where these are not nan."""
    figure = _figure(7, 4.5)
    axes = figure.subplots()
    for number, (name, table) in enumerate(tables.items()):
        style = line_style(number)
        axes.plot(table[x], table[y], marker="o", markersize=3, linewidth=1.2, label=name, **style)
        axes.fill_between(table[x], table["low"], table["high"], color=style["color"], alpha=0.15, linewidth=0)
    if logarithmic:
        axes.set_xscale("log")
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7)
    _save(figure, path)


def bars(
    means: pd.Series, deviations: pd.Series, title: str, path: Path, *, decimals: int = 2, lower_is_better: bool = False
) -> None:
    """A bar for each variant, the best on top, with its standard deviation over seeds."""
    ordered = means.sort_values(kind="stable", ascending=not lower_is_better)
    figure = _figure(7, 0.4 * len(ordered) + 1.5)
    axes = figure.subplots()
    axes.barh(ordered.index, ordered, xerr=deviations[ordered.index], color="#4c78a8", capsize=3)
    low, high = (means - deviations).min(), (means + deviations).max()
    axes.set_xlim(
        left=0.0 if lower_is_better else max(0.0, low - (high - low or 1.0) / 4)
    )  # so that small differences are visible
    for row, number in enumerate(ordered):
        axes.text(axes.get_xlim()[0], row, f" {number:,.{decimals}f}", va="center", fontsize=8, color="white")
    axes.set_title(title)
    _save(figure, path)


def bars_over(values: pd.Series, counts: pd.Series, across: str, up: str, path: Path) -> None:
    """A bar for each group in the order given, with its value and number of cases."""
    figure = _figure(7, 4)
    axes = figure.subplots()
    axes.bar(values.index, values, color="#4c78a8")
    for position, (value, count) in enumerate(zip(values, counts, strict=True)):
        axes.text(position, value, f"{value:.1f}\n({count:,})", ha="center", va="bottom", fontsize=8)
    axes.margins(y=0.15)
    axes.set_xlabel(f"{across} (in brackets: cases)")
    axes.set_ylabel(up)
    _save(figure, path)


def scatter(actual: pd.Series, answered: pd.Series, across: str, up: str, path: Path) -> None:
    """A point for each pair, and the line on which both are equal."""
    figure = _figure(5, 5)
    axes = figure.subplots()
    ends = [min(actual.min(), answered.min()), max(actual.max(), answered.max())]
    axes.plot(ends, ends, color="black", linewidth=0.8, linestyle="--")
    axes.plot(actual, answered, ".", markersize=3, color="#4c78a8")
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.grid(alpha=0.3)
    _save(figure, path)


def waveforms(heard: np.ndarray, written: np.ndarray, path: Path) -> None:
    """A panel for each waveform (B, T), and over it the one that a network wrote (B, T)."""
    figure = _figure(9, 1.8 * len(heard) + 0.4)
    for axes, actual, answered in zip(figure.subplots(len(heard), squeeze=False)[:, 0], heard, written, strict=True):
        axes.plot(actual, color="black", linewidth=0.8, label="recorded")
        axes.plot(answered, color="#e45756", linewidth=1.2, label="written")
        axes.set_ylim(-1.1, 1.1)
        axes.grid(alpha=0.3)
    axes.set_xlabel("sample")
    axes.legend(loc="upper right", fontsize=7)
    _save(figure, path)


def histograms(panels: Mapping[str, Mapping[str, np.ndarray]], path: Path) -> None:
    """A panel for each title, with the density of each of its samples."""
    figure = _figure(4.5 * len(panels), 3.2)
    for axes, (title, samples) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True):
        low, high = (end(end(values) for values in samples.values()) for end in (min, max))
        for name, values in samples.items():
            axes.hist(values, bins=np.linspace(low, high, 60), histtype="step", density=True, label=name)
        axes.set_title(title, fontsize=9)
        axes.set_yticks([])
        axes.grid(alpha=0.3)
    axes.legend(fontsize=7)
    _save(figure, path)


def tiles(rows: Mapping[str, Sequence[np.ndarray]], path: Path) -> None:
    """A row of small pictures for each title: (S, S) in grey, each on its own scale, or (S, S, 3) in colour."""
    across = max(map(len, rows.values()))
    figure = _figure(across + 1.5, 1.1 * len(rows))
    for axes, (title, pictures) in zip(figure.subplots(len(rows), 1, squeeze=False)[:, 0], rows.items(), strict=True):
        for place, picture in enumerate(pictures):
            axes.imshow(picture, cmap="gray", interpolation="nearest", extent=(1.1 * place, 1.1 * place + 1, 0, 1))
        axes.set_xlim(0, 1.1 * across)
        axes.set_ylim(0, 1)
        axes.axis("off")
        axes.set_title(title, fontsize=8, loc="left")
    _save(figure, path)


def pairs(points: np.ndarray, couples: Sequence[tuple[int, int]], path: Path) -> None:
    """Points (N, D) in the plane of their first two principal components, and a line between the two of each couple."""
    centred = points - points.mean(axis=0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    x, y = (centred @ direction for direction in directions[:2])
    figure = _figure(7, 6)
    axes = figure.subplots()
    axes.plot(x, y, ".", color="#bbbbbb", markersize=3)
    for a, b in couples:
        axes.plot(x[[a, b]], y[[a, b]], marker="o", markersize=4, linewidth=0.8)
    axes.set_xlabel("first principal component")
    axes.set_ylabel("second")
    axes.grid(alpha=0.3)
    _save(figure, path)


def tree(bracketed: str, path: Path) -> None:
    """A tree in brackets, `(S (NP (NNP John)) ...)`: words in the bottom row, constituents above their children."""
    positions: list[list[float]] = [[]]  # of the children, by depth
    edges: list[tuple[float, int, float]] = []  # a node's position, its depth, its child's position
    nodes: list[tuple[float, int, str]] = []
    labels: list[str] = []
    words = 0
    for part in bracketed.replace("(", " ( ").replace(")", " ) ").split():
        if part == "(":
            labels.append("")
            positions.append([])
        elif part == ")":
            children = positions.pop()
            position = sum(children) / len(children)
            nodes.append((position, len(labels), labels.pop()))
            edges += [(position, len(labels) + 1, child) for child in children]
            positions[-1].append(position)
        elif not labels[-1]:
            labels[-1] = part
        else:
            nodes.append((float(words), len(labels) + 1, part))
            positions[-1].append(float(words))
            words += 1
    deepest = max(depth for _, depth, _ in nodes)
    figure = _figure(max(4.0, 0.9 * words), 0.6 * deepest + 0.4)
    axes = figure.subplots()
    for position, depth, child in edges:
        axes.plot([position, child], [-depth, -depth - 1], color="#999999", linewidth=0.8)
    for position, depth, label in nodes:
        axes.text(
            position, -depth, label, ha="center", va="center", fontsize=9, parse_math=False, backgroundcolor="white"
        )
    axes.axis("off")
    _save(figure, path)


def words(
    texts: Sequence[tuple[Sequence[str], np.ndarray, Sequence[bool]]], path: Path, line_length: int = 110
) -> None:
    """Texts as words on shades of blue, each given by its words, their weights, and which of them are underlined.

    The darkest word of a text is the one with its largest weight; a line has up to `line_length` characters.
    """
    lines: list[list[tuple[int, str, float, bool]]] = []  # first column, word, shade, underlined
    for text, weights, underlined in texts:
        line: list[tuple[int, str, float, bool]] = []
        column = 0
        for word, shade, marked in zip(text, weights / (weights.max() or 1.0), underlined, strict=True):
            if column + len(word) > line_length:
                lines.append(line)
                line, column = [], 0
            line.append((column, word, float(shade), marked))
            column += len(word) + 1
        lines += [line, []]
    figure = _figure(line_length / 11, 0.24 * len(lines) + 0.4)
    axes = figure.subplots()
    axes.set_xlim(0, line_length)
    axes.set_ylim(len(lines), 0)
    axes.axis("off")
    style: dict[str, Any] = {"family": "monospace", "va": "center", "parse_math": False}
    for row, line in enumerate(lines):
        for column, word, shade, marked in line:
            axes.barh(row + 0.5, len(word), 0.9, left=column, color=(0.2, 0.45, 0.8, shade))
            axes.text(column, row + 0.5, word, fontsize=10, color="white" if shade > 0.6 else "black", **style)
            if marked:
                axes.plot([column, column + len(word)], [row + 0.97] * 2, color="#e45756", linewidth=1.8)
    _save(figure, path)


def over_time(features: np.ndarray, weights: np.ndarray, names: Sequence[str], seconds: float, path: Path) -> None:
    """A spectrogram, features (S, F) with frames of `seconds`, and below it weights (T, S), a row for each name."""
    figure = _figure(11, 3.5 + 0.3 * len(names))
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[2.5, 0.3 * len(names) + 0.6])
    extent = (0.0, len(features) * seconds)
    above.imshow(features.T, origin="lower", aspect="auto", cmap="magma", extent=(*extent, 0, features.shape[1]))
    above.set_ylabel("mel filter")
    below.imshow(weights, aspect="auto", cmap="Blues", extent=(*extent, len(names), 0), interpolation="nearest")
    below.set_yticks(np.arange(len(names)) + 0.5, names)
    below.set_xlabel("seconds")
    _save(figure, path)


def _figure(width: float, height: float) -> "Figure":
    from matplotlib.figure import Figure  # not pyplot, which has global state and looks for a display

    return Figure(figsize=(width, height), layout="constrained")


def _save(figure: "Figure", path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, metadata={"Software": None})
