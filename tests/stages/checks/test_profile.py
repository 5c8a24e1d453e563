"""Profiles: how columns are measured, and the file in git."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from stages import datasets
from stages.checks import profile
from stages.checks.profile import count, make_profile
from stages.errors import StageError
from tests.stages.checks.samples import CARD, table

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
        (lambda text: text[:100], "is a damaged profile"),
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
    assert f"`git checkout -- {path}`" in str(caught.value)
    assert "accept slots" not in str(caught.value), "a new profile would accept any data"


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
