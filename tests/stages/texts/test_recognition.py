"""The recogniser of grammars: it knows what a grammar writes, all of it, and nothing else."""

from itertools import product
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.datasets.sentences.origin.grammar import draw_sentences, is_written
from stages.datasets.slots.origin.grammar import GRAMMAR, INTENTS
from stages.texts.grammar import Grammar, Sentence
from stages.texts.recognition import Recogniser

REQUESTS = Recogniser(GRAMMAR)
ENDS = ["a", "b", "@x", "a?", "@x?"]


def productions(*names: str) -> st.SearchStrategy[tuple[str, ...]]:
    """The productions of a rule that may use the rules `names`."""
    tokens = st.sampled_from([*ENDS, *(f"${name}{mark}" for name in names for mark in ("", "?"))])
    production = st.lists(tokens, min_size=1, max_size=3).map(" ".join)
    return st.lists(production, min_size=1, max_size=3).map(tuple)


def written(rules: dict[str, tuple[str, ...]], token: str) -> set[tuple[str, ...]]:
    """All that a token can come to, found by trying everything."""
    if token.endswith("?"):
        return {(), *written(rules, token[:-1])}
    if token[0] != "$":
        return {(token,)}
    return {
        sum(parts, ())
        for text in rules[token[1:]]
        for parts in product(*(written(rules, part) for part in text.split()))
    }


@given(productions("one", "two"), productions("two"), productions())
@settings(max_examples=150)
def test_a_grammar_makes_what_it_writes_and_no_more(
    start: tuple[str, ...], one: tuple[str, ...], two: tuple[str, ...]
) -> None:
    rules = {"start": start, "one": one, "two": two}
    used = any("@x" in text for rule in rules.values() for text in rule)
    recogniser = Recogniser(Grammar(rules, {"x": ("x y",)} if used else {}, 0.0))
    every = written(rules, "$start")
    for length in range(5):
        for symbols in product(["a", "b", "@x"], repeat=length):
            assert recogniser.makes("start", symbols) == (symbols in every)


@given(st.integers(0, 2**32), st.sampled_from(["train", "val", "test"]), st.sampled_from(list(INTENTS)))
@settings(max_examples=100)
def test_every_request_is_one_that_its_intent_makes(seed: int, split: str, intent: str) -> None:
    symbols = REQUESTS.symbols(GRAMMAR.draw(intent, split, Random(seed)))
    assert REQUESTS.makes(intent, symbols)
    assert not REQUESTS.makes(intent, [*symbols, symbols[-1]])
    assert not REQUESTS.makes("an intent that is none", symbols)


@pytest.mark.parametrize(
    ("text", "tags", "intent", "whole"),
    [
        ("which airlines fly from denver to st. louis", "O O O O B-f O B-t I-t", "airline", True),
        ("which airlines fly from denver to st. louis", "O O O O B-f O B-t I-t", "flight", False),
        ("which airlines fly from denver to st. louis", "O O O O B-t O B-f I-f", "airline", False),
        ("which airlines fly from denver to st. louis", "O O O O B-f O B-t B-t", "airline", False),
        ("which airlines fly from denver to monday", "O O O O B-f O B-t", "airline", False),
        ("which airlines fly from denver to", "O O O O B-f O", "airline", False),
    ],
)
def test_tags_and_intent_belong_to_the_words(text: str, tags: str, intent: str, whole: bool) -> None:
    named = tags.replace("-f", "-fromloc.city_name").replace("-t", "-toloc.city_name")
    symbols = REQUESTS.symbols(Sentence(tuple(text.split()), tuple(named.split())))
    assert REQUESTS.makes(intent, symbols) == whole


def test_every_drawn_sentence_has_a_pattern_and_no_part_of_a_lone_one_has() -> None:
    for made in draw_sentences("test", 200, Random(1), set()):
        rule, other = ("alone", "pair") if made.pair < 0 else ("pair", "alone")
        assert is_written(made.text, rule)
        assert not is_written(made.text, other)
        assert not is_written(f"{made.text} again again", rule)
    assert is_written("the horses could not be found", "alone")
    assert not is_written("the horses could not be", "alone")
    assert not is_written("the horses , two foxes and a black cat are gone", "alone")
