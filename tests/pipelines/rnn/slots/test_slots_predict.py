"""From tags to slots, and from typed text to both."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.rnn.slots.predict import Predictor, slots
from pipelines.rnn.slots.train import train
from pipelines.settings import Run
from pipelines.task import Row

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.mark.parametrize(
    ("tagged", "expected"),
    [
        ("flights/O to/O", []),
        ("to/O boston/B-city", ["city: boston"]),
        ("new/B-city york/I-city city/I-city", ["city: new york city"]),
        ("boston/B-city denver/B-city", ["city: boston", "city: denver"]),
        ("boston/B-city monday/B-day morning/I-day", ["city: boston", "day: monday morning"]),
        ("new/B-city to/O york/I-city", ["city: new", "city: york"]),
        # ill-formed: an I- opens a slot where none of its kind is open
        ("york/I-city city/I-city", ["city: york city"]),
        ("boston/B-city monday/I-day", ["city: boston", "day: monday"]),
        ("a/I-x b/I-y c/I-x", ["x: a", "y: b", "x: c"]),
        ("a/B-city.name b/I-city", ["city.name: a", "city: b"]),
        ("a/B-fare-basis b/I-fare-basis", ["fare-basis: a b"]),
    ],
)
def test_slots_as_the_tags_spell_them(tagged: str, expected: list[str]) -> None:
    words, tags = zip(*(pair.split("/") for pair in tagged.split()), strict=True)
    assert slots(list(words), list(tags)) == expected


class Silent:
    def epoch(self, row: Row) -> None:
        """Nobody is told."""


@pytest.fixture
def predictor(tiny_run: Callable[..., Run], tables: Path, tmp_path: Path) -> Predictor:
    train(tiny_run(epochs=8, dropout=0.0, word_dropout=0.0), tables, tmp_path / "run", Silent())
    return Predictor(tmp_path / "run" / "model.safetensors")


def test_a_typed_text_is_labelled(predictor: Predictor) -> None:
    answers = predictor(["Flights on MONDAY to New York", "  to   boston "])
    assert answers == [
        {
            "text": "Flights on MONDAY to New York",
            "words": ["flights", "on", "monday", "to", "new", "york"],
            "tags": ["O", "O", "B-day", "O", "B-city", "I-city"],
            "slots": ["day: monday", "city: new york"],
            "unknown": [],
        },
        {
            "text": "  to   boston ",
            "words": ["to", "boston"],
            "tags": ["O", "B-city"],
            "slots": ["city: boston"],
            "unknown": [],
        },
    ]


def test_words_that_were_not_in_training_are_named(predictor: Predictor) -> None:
    some, none = predictor(["flights to zork!", "Zork zork?"])
    assert some["unknown"] == ["zork", "!"]
    assert some["words"] == ["flights", "to", "zork"], "a mark that training never had is no word"
    assert Predictor.shown(some).endswith("warning: not in training: zork !")
    assert none["tags"] is none["slots"] is None
    assert Predictor.shown(none) == "no verdict: none of its words was in training: zork ?"
    many = predictor(["to " + " ".join(f"zork{'x' * number}" for number in range(12))])[0]
    assert Predictor.shown(many).endswith("zorkxxxxxxxxx and 2 more")


def test_a_text_without_words_is_an_error_that_quotes_it(predictor: Predictor) -> None:
    with pytest.raises(ValueError, match=r"text \d of 2 holds no words: '   '"):
        predictor(["to boston", "   "])
    assert predictor([]) == [], "no text at all is none"
