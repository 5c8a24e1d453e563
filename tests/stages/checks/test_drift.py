"""Drift: the stability index against hand, textbook and scipy; and which changes of a table count as drift."""

from math import log
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from stages.checks.drift import chance_index, compare, differences, stability_index
from stages.checks.profile import make_profile
from tests.stages.checks.samples import CARD, table

# -- the stability index


def test_the_index_is_that_of_a_hand_computed_case() -> None:
    """Shares 30.5 / 101 and 70.5 / 101 against one half each."""
    assert stability_index([30, 70], [50, 50]) == pytest.approx(0.099851 + 0.066067, abs=1e-6)


def test_the_index_is_the_textbook_formula_where_bins_are_full() -> None:
    now, before = np.array([2e6, 5e6, 3e6]), np.array([4e6, 4e6, 2e6])
    p, q = now / now.sum(), before / before.sum()
    expected = float(np.sum(special.rel_entr(p, q) + special.rel_entr(q, p)))
    assert stability_index([int(n) for n in now], [int(n) for n in before]) == pytest.approx(expected, rel=1e-5)


def test_a_bin_that_is_empty_on_both_sides_does_not_count() -> None:
    assert stability_index([30, 0, 70], [50, 0, 50]) == stability_index([30, 70], [50, 50])
    assert stability_index([0, 0], [0, 0]) == 0


def test_a_new_bin_makes_a_large_but_finite_index() -> None:
    p, q = 20.5 / 101, 0.5 / 101
    assert stability_index([80, 20], [100, 0]) == pytest.approx((p - q) * (log(p / q) - log((1 - p) / (1 - q))))


BINS = st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 5000)), min_size=1, max_size=15)


@given(BINS, st.randoms(use_true_random=False))
def test_the_index_is_a_symmetric_distance_whatever_the_order_of_bins(bins: list[tuple[int, int]], rng: Any) -> None:
    now, before = (list(side) for side in zip(*bins, strict=True))
    index = stability_index(now, before)
    assert index >= -1e-12
    assert stability_index(before, now) == pytest.approx(index)
    assert stability_index(now, now) == pytest.approx(0)
    rng.shuffle(bins)
    assert stability_index(*(list(side) for side in zip(*bins, strict=True))) == pytest.approx(index)


def test_without_much_drift_the_index_is_chi_square_over_the_rows() -> None:
    now, before = [1010, 990, 2050, 950], [4000, 4000, 8000, 4000]
    found = stats.chi2_contingency([now, before]).statistic * (1 / sum(now) + 1 / sum(before))
    assert stability_index(now, before) == pytest.approx(found, rel=0.05)


@pytest.mark.parametrize("bins", [2, 3, 5, 12, 40])
def test_chance_is_the_quantile_of_chi_square(bins: int) -> None:
    expected = stats.chi2.ppf(0.999, bins - 1) * (1 / 300 + 1 / 4000)
    assert chance_index(bins, 300, 4000) == pytest.approx(expected, rel=0.04)


def test_samples_of_one_population_are_beyond_chance_in_one_of_1000_cases() -> None:
    rng = np.random.default_rng(0)
    here, there = rng.multinomial(200, [1 / 12] * 12, 4000), rng.multinomial(200, [1 / 12] * 12, 4000)
    found = np.array([stability_index(*pair) for pair in zip(here.tolist(), there.tolist(), strict=True)])
    assert found.mean() == pytest.approx(11 * (1 / 200 + 1 / 200), rel=0.05)
    assert 0.1 < found.mean() < chance_index(12, 200, 200), "a change by convention, and only chance"
    assert np.mean(found > chance_index(12, 200, 200)) <= 0.004


# -- drift


def drifted(now: pd.DataFrame, before: pd.DataFrame | None = None) -> dict[tuple[str, str], float]:
    """The drift of every measure that has some."""
    accepted = make_profile({"train": table() if before is None else before}, CARD)
    found = compare(accepted, {"train": now})
    return {(row["column"], row["measure"]): row["drift"] for row in found.to_dict("records") if row["drift"]}


def test_nothing_drifts_from_itself_nor_from_a_sample_of_itself() -> None:
    assert drifted(table()) == {}
    assert drifted(table().sample(150, random_state=0)) == {}
    assert drifted(table(), table(50)) == {}


def less_known(texts: "pd.Series[str]") -> "pd.Series[str]":
    return texts.str.replace("w[1-3][0-9]?", "tokyo", regex=True)


@pytest.mark.parametrize(
    ("column", "kind", "change"),
    [
        ("intent", "values", lambda cells: cells.map({"fare": "flight", "flight": "fare"})),
        ("label", "values", lambda cells: cells + 2),
        ("loud", "values", lambda cells: cells | True),
        ("loudness", "numbers", lambda cells: cells * 0.25),
        ("text", "words per text", lambda cells: cells + " w1 w2 w3"),
        ("text", "frequent words", less_known),
        ("target", "characters per text", lambda cells: cells * 3),
        ("target", "frequent characters", lambda cells: cells.map(lambda text: "\u5fff" * len(text))),
    ],
)
def test_a_change_is_drift_of_its_measure_alone(column: str, kind: str, change: Any) -> None:
    found = drifted(table().assign(**{column: change(table()[column])}))
    assert found.keys() == {(column, kind)}
    assert found[column, kind] > 0.25


@pytest.mark.parametrize(("shift", "moved"), [(0.0, False), (0.1, False), (0.5, True), (-0.5, True), (2.0, True)])
def test_a_shift_is_drift_where_kolmogorov_and_smirnov_see_one(shift: float, moved: bool) -> None:
    before, now = table(1000), table(700)
    now["loudness"] += shift
    assert bool(drifted(now, before)) == moved
    assert (stats.ks_2samp(now["loudness"], before["loudness"]).pvalue < 0.0001) == moved


def test_small_tables_show_no_drift_that_chance_explains() -> None:
    before = pd.DataFrame({"id": range(30), "label": ["a"] * 15 + ["b"] * 15})
    now = before.assign(label=["a"] * 19 + ["b"] * 11)
    assert stability_index([19, 11], [15, 15]) > 0.05
    assert drifted(now, before) == {}
    assert drifted(now.assign(label="b"), before)["label", "values"] > 0.25


def test_what_else_differs_is_said() -> None:
    accepted = make_profile({"train": table(), "val": table(50)}, CARD)
    tables = {"train": table().drop(columns="loud").assign(more=1)}
    assert set(differences(accepted, tables, {"seed": 8, "sizes": [3, 4], "rows": 9})) == {
        "seed was 7, is 8",
        "rows was None, is 9",
        "loud of train is no longer there",
        *(f"{column} of val is no longer there" for column in table() if column != "id"),
        "more of train is new",
    }
    assert len(compare(accepted, tables)) == 7
    assert differences(accepted, {"train": table(), "val": table(50)}, CARD["options"]) == []
