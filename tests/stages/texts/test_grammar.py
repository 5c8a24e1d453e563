"""The engine of grammars, and the grammar of `slots`: what it promises holds for whatever is drawn."""

import re
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.datasets.slots.origin import FOLDERS
from stages.datasets.slots.origin.grammar import GRAMMAR, INTENTS
from stages.errors import StageError
from stages.texts.grammar import Grammar, Names, distinct_sentences, parse_rules

TOY = Grammar(
    rules=parse_rules("""
# greetings
greet: 3* hello @name | good $time
    | bye please?
time: morning
"""),
    lexicon={"name": Names(("ann", "jo ann"), {"test": ("bo",)})},
    held_out_share=0.5,
)


def test_rules_are_read_as_written() -> None:
    assert TOY.rules == {"greet": ("hello @name",) * 3 + ("good $time", "bye please?"), "time": ("morning",)}


def test_a_toy_grammar_gives_all_its_sentences_and_no_other() -> None:
    rng = Random(0)
    train = {TOY.draw("greet", "train", rng).text for _ in range(300)}
    assert train == {"hello ann", "hello jo ann", "good morning", "bye", "bye please"}
    test = {TOY.draw("greet", "test", rng).text for _ in range(300)}
    assert test == train | {"hello bo"}


def test_a_slot_is_tagged_word_by_word() -> None:
    sentences = [TOY.draw("greet", "train", Random(seed)) for seed in range(50)]
    assert {sentence.tags for sentence in sentences if sentence.text == "hello jo ann"} == {("O", "B-name", "I-name")}
    assert TOY.tags() == ["O", "B-name", "I-name"]


@pytest.mark.parametrize("rule", ["hello $nobody @name", "hello", "hello @name @place"])
def test_a_grammar_that_does_not_fit_together_is_refused(rule: str) -> None:
    with pytest.raises(ValueError, match="unknown rules"):
        Grammar({"greet": (rule,)}, {"name": ("ann",)}, 0.5)


def test_too_many_distinct_sentences_are_refused() -> None:
    with pytest.raises(StageError, match="train: the grammar gave 5 of 6 distinct sentences; ask for fewer"):
        distinct_sentences(TOY, ["greet"], "train", 6, Random(0), seen=set(), cover=set())


def test_too_few_sentences_for_the_tags_are_refused() -> None:
    with pytest.raises(StageError, match="train: 1 sentences lack 1 of 2 tags; ask for more"):
        distinct_sentences(TOY, ["greet"], "train", 1, Random(0), seen=set(), cover={"O", "I-name"} - {"O"} | {"B-x"})


@given(st.integers(0, 2**32), st.sampled_from(list(FOLDERS)), st.sampled_from(list(INTENTS)))
@settings(max_examples=300)
def test_every_request_is_well_formed(seed: int, split: str, intent: str) -> None:
    sentence = GRAMMAR.draw(intent, split, Random(seed))
    assert len(sentence.words) == len(sentence.tags) > 0
    assert re.fullmatch(r"[a-z0-9'.]+( [a-z0-9'.]+)*", sentence.text)
    assert set(sentence.tags) <= set(GRAMMAR.tags())
    for before, tag in pairwise(("O", *sentence.tags)):
        assert not tag.startswith("I-") or before[1:] == tag[1:]
    padded = f" {sentence.text} "
    for other in set(FOLDERS) - {split}:
        assert not [name for name in GRAMMAR.held_out(other) if f" {name} " in padded]


def test_one_seed_is_one_request() -> None:
    draws = [GRAMMAR.draw("flight", "train", Random(5)) for _ in range(2)]
    assert draws[0] == draws[1]


def test_the_slots_grammar_is_rich() -> None:
    labels = {tag[2:] for tag in GRAMMAR.tags() if tag != "O"}
    assert len(labels) >= 40
    assert {"fromloc.city_name", "toloc.city_name", "stoploc.city_name", "flight_number", "hotel_name"} <= labels
    assert not GRAMMAR.held_out("train")
    assert not GRAMMAR.held_out("val") & GRAMMAR.held_out("test")
    assert any(" " in name for name in GRAMMAR.held_out("test"))
