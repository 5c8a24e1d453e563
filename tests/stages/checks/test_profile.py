"""Drift: the stability index against hand, textbook and scipy; and what a profile notices of a changed table."""

import json
from math import log
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from stages import datasets
from stages.checks import profile
from stages.checks.profile import by_chance, compare, count, differences, make_profile, stability_index
from stages.errors import StageError

CARD: dict[str, Any] = {"dataset": "slots", "source": "builtin", "options": {"seed": 7, "sizes": [3, 4]}}

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
    assert by_chance(bins, 300, 4000) == pytest.approx(expected, rel=0.04)


def test_samples_of_one_population_are_beyond_chance_in_one_of_1000_cases() -> None:
    rng = np.random.default_rng(0)
    here, there = rng.multinomial(200, [1 / 12] * 12, 4000), rng.multinomial(200, [1 / 12] * 12, 4000)
    found = np.array([stability_index(*pair) for pair in zip(here.tolist(), there.tolist(), strict=True)])
    assert found.mean() == pytest.approx(11 * (1 / 200 + 1 / 200), rel=0.05)
    assert 0.1 < found.mean() < by_chance(12, 200, 200), "a change by habit, and only chance"
    assert np.mean(found > by_chance(12, 200, 200)) <= 0.004


# -- what is counted


@pytest.mark.parametrize(
    ("kind", "bins", "cells", "counts"),
    [
        ("numbers", [1.0, 2.0, 4.0], [0.5, 1.0, 1.5, 2.0, 2.1, 4.0, 4.1, 9.0], [1, 3, 2, 2]),
        ("numbers", [3, 3], [2, 3, 3, 4], [1, 2, 1]),
        ("numbers", [0, 5], [], [0, 0, 0]),
        ("values", ["flight", "fare"], ["fare", "flight", "fare", "meal"], [1, 2, 1]),
        ("values", ["True"], [True, False, True], [2, 1]),
        ("words per text", [1, 2], ["one", "one two", "one two three", ""], [1, 2, 1]),
        ("characters per text", [1, 2], ["我", "我们", "我们好"], [0, 2, 1]),
        ("frequent words", ["to", "from"], ["to boston from", "to to"], [4, 1]),
        ("frequent characters", ["我"], ["我们", "我"], [2, 1]),
    ],
)
def test_cells_are_counted_by_kind(kind: str, bins: list[Any], cells: list[Any], counts: list[int]) -> None:
    assert count(kind, bins, cells) == counts


def table(rows: int = 400) -> pd.DataFrame:
    """A column of each kind, all of them set by the number of the row."""
    number = np.arange(rows)
    return pd.DataFrame(
        {
            "id": number,
            "text": [" ".join(f"w{row * step % 61}" for step in range(1, 3 + row % 5)) for row in number],
            "target": [chr(0x4E00 + row % 60) * (1 + row % 4) for row in number],
            "intent": np.where(number % 4 == 0, "fare", "flight"),
            "label": number % 2,
            "loudness": stats.norm.ppf((number * 7 % rows + 0.5) / rows),
            "loud": number % 3 == 0,
        }
    )


def measured(tables: dict[str, pd.DataFrame], kind: str = "") -> dict[tuple[str, str], profile.Measure]:
    found = make_profile(tables, CARD).measures
    return {(measure.table, measure.column): measure for measure in found if not kind or measure.kind == kind}


def test_a_column_is_measured_by_what_it_holds() -> None:
    kinds = {(measure.column, measure.kind) for measure in make_profile({"train": table()}, CARD).measures}
    assert kinds == {
        ("text", "words per text"),
        ("text", "frequent words"),
        ("target", "characters per text"),
        ("target", "frequent characters"),
        ("intent", "values"),
        ("label", "values"),
        ("loudness", "numbers"),
        ("loud", "values"),
    }


def test_tables_of_one_column_are_measured_alike_however_small_they_are() -> None:
    found = make_profile({"train": table(), "val": table(30)}, CARD).measures
    kinds = {name: [measure.kind for measure in found if measure.table == name] for name in ("train", "val")}
    assert kinds["train"] == kinds["val"]


def test_numbers_are_binned_by_deciles() -> None:
    measure = measured({"train": table()})["train", "loudness"]
    assert measure.counts == [0, *[40] * 10, 0]
    assert measure.bins == sorted(measure.bins)
    assert measure.bins[5] == pytest.approx(0, abs=0.01)


def test_rare_values_are_counted_together() -> None:
    labels = ["a"] * 300 + ["b"] * 150 + ["c"] * 4 + ["d"] * 3
    measure = measured({"train": pd.DataFrame({"id": range(457), "label": labels})})["train", "label"]
    assert (measure.bins, measure.counts) == (["a", "b"], [300, 150, 7])


def test_frequent_words_make_up_a_share_of_all_and_are_not_too_many() -> None:
    def frequent(texts: list[str]) -> profile.Measure:
        rows = pd.DataFrame({"id": range(len(texts)), "text": texts})
        return measured({"train": rows}, "frequent words")["train", "text"]

    share = frequent([f"w{row} " + "the " * 17 + "of " * 2 for row in range(100)])  # 85 %, 10 %, 5 %
    assert (share.bins, share.counts) == (["the", "of"], [1900, 100])
    often = frequent([f"of the w{row}" for row in range(900)] + [f"nine w{row}" for row in range(9)])
    assert (often.bins, often.counts) == (["of", "the"], [1800, 918])  # 900 each: by the alphabet
    many = frequent([" ".join(f"w{(row * 7 + step * 31) % 300}" for step in range(10)) for row in range(300)])
    assert len(many.bins) == profile.FREQUENT_WORDS
    assert many.counts == [2000, 1000]


# -- the file


def test_a_profile_is_read_as_it_was_written(project: Path) -> None:
    made = make_profile({"train": table(), "val": table(50)}, CARD)
    path = profile.write_profile(made)
    assert path == Path("stages/datasets/slots/profiles/builtin.json")
    assert profile.read_profile("slots", "builtin") == made
    assert profile.read_profile("slots", "public") is None
    assert json.loads(path.read_text())["rows"] == {"train": 400, "val": 50}


def test_a_profile_holds_counts_and_no_rows_in_bytes_that_depend_on_the_data_alone(project: Path) -> None:
    rows = table()
    first = profile.write_profile(make_profile({"train": rows}, CARD)).read_bytes()
    shuffled = rows.sample(frac=1, random_state=3, ignore_index=True)
    assert profile.write_profile(make_profile({"train": shuffled}, CARD)).read_bytes() == first
    assert not [text for text in rows["text"] if f'"{text}"' in first.decode() and " " in text]
    assert b'"id"' not in first


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda text: text[:100], "is damaged"),
        (lambda _: "[]", "holds a list"),
        (lambda text: text.replace('"version": 1', '"version": 9'), "version 9, expected 1"),
        (lambda text: text.replace('"rows"', '"lines"'), "unexpected keyword argument 'lines'"),
        (lambda text: text.replace('"measures"', '"measure"'), "'measures'"),
        (lambda text: text.replace('"counts": [0, 40, ', '"counts": [40, '), "11 counts"),
        (lambda text: text.replace('"kind": "numbers"', '"kind": "figures"'), "figures"),
    ],
)
def test_a_damaged_profile_is_one_message(project: Path, change: Any, says: str) -> None:
    path = profile.write_profile(make_profile({"train": table()}, CARD))
    path.write_text(change(path.read_text()))
    with pytest.raises(StageError) as caught:
        profile.read_profile("slots", "builtin")
    assert str(caught.value).startswith(str(path))
    assert says in str(caught.value)
    assert "`python -m stages accept slots`" in str(caught.value)


def test_the_profiles_of_the_project_are_as_accept_writes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[3])
    paths = sorted(profile.DATASETS.glob("*/profiles/*.json"))
    assert len(paths) >= len(datasets.names())
    for path in paths:
        name = path.parts[-3]
        found, written = profile.read_profile(name, path.stem), path.read_bytes()
        assert found is not None
        assert found.dataset == name
        with monkeypatch.context() as patch:
            patch.setattr(profile, "DATASETS", tmp_path)
            assert profile.write_profile(found) == tmp_path / name / "profiles" / path.name
            assert profile.write_profile(found).read_bytes() == written


def test_where_a_row_stands_is_in_no_profile() -> None:
    """An offset grows with the rows: asking for more of them would look like drift."""
    known = {name: datasets.find(name) for name in datasets.names()}
    placed = {name: dataset for name, dataset in known.items() if dataset.places}
    assert placed.keys() == {"speech", "speech_translation", "sentences"}
    for name, dataset in placed.items():
        assert set(dataset.places) < set(dataset.columns)
        rows = pd.DataFrame({column: [0] for column in dataset.columns})
        left = dataset.profiled({"train": rows})["train"]
        assert set(left) == set(dataset.columns) - set(dataset.places)
        for source in dataset.origin.sources:
            accepted = profile.read_profile(name, source)
            assert accepted is not None
            assert {measure.column for measure in accepted.measures} == set(left) - {"id"}


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
