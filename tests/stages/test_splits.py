"""Splits of users' own data: drawn by digest, so that repeats stay together and later rows move none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.splits import SPLITS, SplitParams, assign, split_of

TEXTS = st.lists(st.text("abcd ", min_size=1, max_size=4), min_size=1, max_size=60)
PARAMS = SplitParams(val=0.25, test=0.25)


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train.csv", "train"), ("dev.tsv", "val"), ("eng.testa", "val"), ("eng.testb", "test"), ("Validation", "val"),
        ("en_ewt-ud-dev.conllu", "val"), ("TEST", "test"), ("reviews.csv", ""), ("latest.csv", ""), ("trained", ""),
    ],
)  # fmt: skip
def test_the_split_that_a_name_says(name: str, split: str) -> None:
    assert split_of(name) == split


@given(TEXTS)
def test_rows_of_the_same_content_stay_together(texts: list[str]) -> None:
    found = assign([""] * len(texts), texts, PARAMS).splits
    by_text: dict[str, set[str]] = {}
    for text, split in zip(texts, found, strict=True):
        by_text.setdefault(text, set()).add(split)
    assert all(len(splits) == 1 for splits in by_text.values())


@given(TEXTS, TEXTS)
def test_rows_that_are_added_later_move_none(texts: list[str], later: list[str]) -> None:
    before = assign([""] * len(texts), texts, PARAMS)
    after = assign([""] * len(texts + later), texts + later, PARAMS)
    if len(before.notes) == len(after.notes) == 1:  # else one was moved to where there was none
        assert after.splits[: len(texts)] == before.splits


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.text("xyz", max_size=3)), min_size=1, max_size=40))
def test_rows_of_one_group_stay_together(rows: list[tuple[str, str]]) -> None:
    groups, texts = [group for group, _ in rows], [text for _, text in rows]
    found = assign([""] * len(rows), texts, PARAMS, groups=groups).splits
    assert len(set(zip(groups, found, strict=True))) == len(set(groups))


def test_shares_are_about_as_asked_and_the_seed_decides() -> None:
    texts = [f"text {number}" for number in range(4000)]
    found = assign([""] * 4000, texts, SplitParams(val=0.1, test=0.2)).splits
    assert found.count("val") == pytest.approx(400, abs=80)
    assert found.count("test") == pytest.approx(800, abs=100)
    assert assign([""] * 4000, texts, SplitParams(val=0.1, test=0.2, seed=1)).splits != found


def test_given_splits_are_kept_and_a_missing_one_is_drawn_from_train() -> None:
    texts = [f"text {number}" for number in range(300)]
    given_splits = ["train"] * 200 + ["test"] * 100
    found = assign(given_splits, texts, SplitParams())
    assert found.splits[200:] == ["test"] * 100
    assert set(found.splits[:200]) == {"train", "val"}
    assert found.notes == [
        "splits: val 10% drawn by digest with seed 0, repeats stay together, train and test as given"
    ]
    assert assign([*SPLITS], texts[:3], SplitParams()).notes == ["splits: as given"]


def test_a_small_class_is_in_every_split() -> None:
    texts = [f"text {number}" for number in range(203)]
    classes = ["large"] * 200 + ["small"] * 3
    found = assign([""] * 203, texts, SplitParams(val=0.05, test=0.05), classes=classes)
    assert sorted(found.splits[200:]) == ["test", "train", "val"]


def test_splits_without_train_and_shares_without_a_rest_are_refused() -> None:
    with pytest.raises(ValueError, match="name the splits test, val and no train"):
        assign(["val", "test"], ["a", "b"], SplitParams())
    with pytest.raises(ValueError, match="with a rest for train"):
        SplitParams(val=0.5, test=0.5)
