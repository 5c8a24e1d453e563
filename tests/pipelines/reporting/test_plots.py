"""Pictures: the same bytes for the same numbers, and the right numbers in them."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from pipelines.reporting import plots

ACTUAL = ["city", "city", "city", "day", "day", "O", "O", "O", "O"]
PREDICTED = ["city", "day", "day", "day", "O", "O", "O", "time", "O"]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that were saved."""
    figures: list[Figure] = []
    save = Figure.savefig

    def savefig(self: Figure, *arguments: Any, **options: Any) -> None:
        figures.append(self)
        save(self, *arguments, **options)

    monkeypatch.setattr(Figure, "savefig", savefig)
    return figures


def numbers(figure: Figure) -> dict[tuple[str, str], int]:
    """The numbers written in a confusion, by actual and predicted class."""
    axes = figure.axes[0]
    rows = [label.get_text() for label in axes.get_yticklabels()]
    columns = [label.get_text() for label in axes.get_xticklabels()]
    places = [(text.get_position(), text.get_text()) for text in axes.texts]
    return {(rows[int(y)], columns[int(x)]): int(count) for (x, y), count in places}


def test_a_confusion_counts_each_pair(drawn: list[Figure], tmp_path: Path) -> None:
    """`time` is only ever predicted: it has a column, and a row of zeros."""
    plots.confusion(ACTUAL, PREDICTED, tmp_path / "confusion.png")
    assert numbers(drawn[0]) == {
        ("city", "city"): 1,
        ("city", "day"): 2,
        ("day", "day"): 1,
        ("day", "O"): 1,
        ("O", "O"): 3,
        ("O", "time"): 1,
    }
    assert [label.get_text() for label in drawn[0].axes[0].get_yticklabels()] == ["day", "O", "city", "time"]


def test_a_confusions_colours_are_shares_of_the_actual_class(drawn: list[Figure], tmp_path: Path) -> None:
    plots.confusion(ACTUAL, PREDICTED, tmp_path / "confusion.png")
    shares = np.asarray(drawn[0].axes[0].images[0].get_array())
    assert shares.tolist() == pytest.approx(
        np.array([[1 / 2, 1 / 2, 0, 0], [0, 3 / 4, 0, 1 / 4], [2 / 3, 0, 1 / 3, 0], [0, 0, 0, 0]])
    )


def test_a_confusion_shows_the_classes_with_the_most_errors(drawn: list[Figure], tmp_path: Path) -> None:
    plots.confusion(ACTUAL, PREDICTED, tmp_path / "confusion.png", max_classes=2)
    assert numbers(drawn[0]) == {("day", "day"): 1, ("day", "O"): 1, ("O", "O"): 3}


def test_a_confusion_of_one_class(tmp_path: Path) -> None:
    plots.confusion(["O", "O"], ["O", "O"], tmp_path / "confusion.png")
    assert (tmp_path / "confusion.png").read_bytes().startswith(b"\x89PNG")


def test_curves_are_the_columns_over_epochs(drawn: list[Figure], tmp_path: Path) -> None:
    histories = {
        "gru": pd.DataFrame({"epoch": [1, 2], "val_f1": [10.0, 20.0], "loss": [2.0, 1.0]}),
        "lstm": pd.DataFrame({"epoch": [1, 2, 3], "val_f1": [5.0, 6.0, 7.0], "loss": [3.0, 2.0, 1.0]}),
    }
    plots.curves(histories, {"loss": "Loss", "val_f1": "F1"}, tmp_path / "curves.png")
    panels = drawn[0].axes
    assert [panel.get_title() for panel in panels] == ["Loss", "F1"]
    lines = {str(line.get_label()): np.asarray(line.get_xydata()).tolist() for line in panels[1].lines}
    assert lines == {"gru": [[1, 10], [2, 20]], "lstm": [[1, 5], [2, 6], [3, 7]]}


def test_many_lines_of_a_plot_are_all_different(drawn: list[Figure], tmp_path: Path) -> None:
    history = pd.DataFrame({"epoch": [1, 2], "loss": [2.0, 1.0]})
    plots.curves({f"variant {number}": history for number in range(30)}, {"loss": "loss"}, tmp_path / "curves.png")
    lines = [(line.get_color(), line.get_linestyle()) for line in drawn[0].axes[0].get_lines()]
    assert len(set(lines)) == 30
    every = len(plots.HUES) * len(plots.DASHES)
    assert len({str(plots.line_style(number)) for number in range(every)}) == every


def test_bars_are_means_from_best_to_worst(drawn: list[Figure], tmp_path: Path) -> None:
    means = pd.Series({"elman": 90.0, "gru": 95.5, "lstm": 93.0})
    plots.bars(means, pd.Series({"gru": 0.0, "elman": 1.0, "lstm": 0.5}), "F1", tmp_path / "bars.png")
    axes = drawn[0].axes[0]
    assert [bar.get_width() for bar in axes.patches if isinstance(bar, Rectangle)] == [
        90.0,
        93.0,
        95.5,
    ]  # from the bottom up
    assert [label.get_text() for label in axes.get_yticklabels()] == ["elman", "lstm", "gru"]
    assert [text.get_text().strip() for text in axes.texts] == ["90.00", "93.00", "95.50"]
    assert axes.get_xlim()[0] < 89


def test_bars_of_an_error_stand_on_zero_and_the_least_is_on_top(drawn: list[Figure], tmp_path: Path) -> None:
    means = pd.Series({"elman": 0.2, "gru": 0.00125})
    plots.bars(means, means / 10, "MSE", tmp_path / "bars.png", decimals=5, lower_is_better=True)
    axes = drawn[0].axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["elman", "gru"]  # from the bottom up
    assert [text.get_text().strip() for text in axes.texts] == ["0.20000", "0.00125"]
    assert axes.get_xlim()[0] == 0


def draw_confusion(path: Path) -> None:
    plots.confusion(ACTUAL, PREDICTED, path)


def draw_curves(path: Path) -> None:
    plots.curves({"gru": pd.DataFrame({"epoch": [1, 2], "f1": [1.0, 2.0]})}, {"f1": "F1"}, path)


def draw_bars(path: Path) -> None:
    plots.bars(pd.Series({"gru": 100.0}), pd.Series({"gru": 0.0}), "F1", path)


@pytest.mark.parametrize("draw", [draw_confusion, draw_curves, draw_bars])
def test_the_same_numbers_are_the_same_bytes(draw: Any, tmp_path: Path) -> None:
    for name in ("one.png", "two.png"):
        draw(tmp_path / "made here" / name)
    one, two = sorted((tmp_path / "made here").iterdir())
    assert one.read_bytes() == two.read_bytes()
    assert b"Software" not in one.read_bytes(), "matplotlib's version must not be in the file"
