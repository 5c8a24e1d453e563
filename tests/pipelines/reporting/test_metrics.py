"""Slot scores against counts made by hand and against an independent reader of slots."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.reporting.metrics import slot_scores


def scores(gold: str, predicted: str) -> dict[str, float]:
    """Utterances are separated by bars."""
    return slot_scores(*([text.split() for text in tags.split("|")] for tags in (gold, predicted)))


@pytest.mark.parametrize(
    ("gold", "predicted", "expected"),
    [
        ("B-x I-x O B-y", "B-x I-x O B-y", (100, 100, 100, 100)),
        ("B-x I-x O B-y", "O O O O", (0, 0, 0, 0)),
        # 2 slots, 3 found, 1 of them right: a part of a slot counts nothing
        ("B-x I-x O B-y", "B-x O B-y B-y", (40, 100 / 3, 50, 40)),
        # 3 slots in two utterances, 2 found, both right: the mean is over slots, not over utterances
        ("B-x B-y B-z|O O", "B-x B-y O|O O", (80, 100, 200 / 3, 80)),
        # a slot that begins with I-: conlleval takes it for whole, strict IOB2 for none
        ("O B-x I-x", "O I-x I-x", (100, 100, 100, 0)),
        ("B-y O B-x I-x", "B-y O I-x I-x", (100, 100, 100, 200 / 3)),
        # I- of another slot: conlleval opens one; in strict IOB2 there is only B-x
        ("B-x B-y", "B-x I-y", (100, 100, 100, 200 / 3)),
    ],
)
def test_scores_counted_by_hand(gold: str, predicted: str, expected: tuple[float, ...]) -> None:
    assert tuple(scores(gold, predicted).values()) == pytest.approx(expected, abs=1e-9)
    assert list(scores(gold, predicted)) == ["f1", "precision", "recall", "f1_strict"]


def slots(tags: list[str]) -> set[tuple[str, int, int]]:
    """Slots as conlleval reads them: name, first word, word after the last."""
    found: list[tuple[str, int, int]] = []
    for place, tag in enumerate(tags):
        goes_on = tag.startswith("I-") and place > 0 and tags[place - 1] in (f"B-{tag[2:]}", tag)
        if goes_on:
            name, first, _ = found.pop()
            found.append((name, first, place + 1))
        elif tag != "O":
            found.append((tag[2:], place, place + 1))
    return set(found)


TAGS = st.lists(st.sampled_from(["O", "B-x", "I-x", "B-y", "I-y"]), min_size=1, max_size=6)


@settings(max_examples=60)
@given(st.data(), st.lists(TAGS, min_size=1, max_size=4))
def test_f1_of_any_tags_counts_slots_as_conlleval_does(data: st.DataObject, gold: list[list[str]]) -> None:
    predicted = [
        data.draw(st.lists(st.sampled_from(["O", "B-x", "I-x", "B-y"]), min_size=len(g), max_size=len(g))) for g in gold
    ]
    pairs = [(slots(g), slots(p)) for g, p in zip(gold, predicted, strict=True)]
    right = sum(len(g & p) for g, p in pairs)
    in_gold, in_predicted = sum(len(g) for g, _ in pairs), sum(len(p) for _, p in pairs)
    found = slot_scores(gold, predicted)
    assert found["precision"] == pytest.approx(100 * right / max(in_predicted, 1))
    assert found["recall"] == pytest.approx(100 * right / max(in_gold, 1))
    assert found["f1"] == pytest.approx(200 * right / max(in_gold + in_predicted, 1))


def test_both_figures_are_seqevals_own() -> None:
    from seqeval.metrics import f1_score
    from seqeval.scheme import IOB2

    gold = [["B-x", "I-x", "O", "B-y"], ["O", "B-x", "I-x"]]
    predicted = [["B-x", "I-x", "I-y", "O"], ["O", "I-x", "I-x"]]
    found = slot_scores(gold, predicted)
    assert found["f1"] == 100 * f1_score(gold, predicted)
    assert found["f1_strict"] == 100 * f1_score(gold, predicted, mode="strict", scheme=IOB2)
    assert found["f1"] != found["f1_strict"]
