"""How texts become symbols and back, and that many sources are answered in their order."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.seq2seq.learning import sampling_of
from pipelines.seq2seq.outputs import outputs
from pipelines.seq2seq.search import GREEDY, BeamParams, beam_search
from pipelines.seq2seq.symbols import UNKNOWN, as_source
from pipelines.seq2seq.texts import Units, Writing
from tests.pipelines.seq2seq.models import SYMBOLS, tiny

pytestmark = pytest.mark.usefixtures("one_thread")
TEXTS = [
    "I don't know the well-known man.",
    "Where is it, Tom?",
    "the man (a friend) is well, and so is Tom!",
    "我 们 都知道。",
]
WRITINGS = (Writing.of(TEXTS, "words"), Writing.of(TEXTS, "characters"))


@pytest.mark.parametrize("text", ["I don't know Tom.", "Where is the well-known man, Tom?", "我们知道。"])
@pytest.mark.parametrize("units", ["words", "characters"])
def test_a_text_of_known_symbols_comes_back_as_it_was(text: str, units: Units) -> None:
    writing = Writing.of(TEXTS, units)
    assert writing.text(writing.numbers(text)) == text


def test_tokens_are_what_blanks_part() -> None:
    writing = Writing.of(["(S (NP NNP )NP )S"], "tokens")
    assert writing.split(" (S  NNP )S") == ["(S", "NNP", ")S"]
    assert writing.text(writing.numbers("(S NNP )S")) == "(S NNP )S"


def test_words_are_parted_from_marks_and_ideographs_from_each_other() -> None:
    writing = Writing.of(TEXTS, "words", lower=True)
    assert writing.split("I don't know 我们, Tom's well-known!") == [
        *("i", "don't", "know", "我", "们", ",", "tom's", "well-known", "!")
    ]
    assert writing.numbers("zebra Tom")[0] == UNKNOWN != writing.numbers("zebra Tom")[1]
    assert Writing.of(TEXTS, "words", least=2).numbers("Where Tom")[0] == UNKNOWN


def test_subwords_spell_every_training_text_and_survive_a_checkpoint() -> None:
    texts = [f"{first}{second} {second}{first}" for first in ("lower", "new", "wide") for second in ("est", "er", "ly")]
    writing = Writing.of(texts, "subwords", subwords=40)
    assert writing.pieces == Writing.of(texts, "subwords", subwords=40).pieces
    again = Writing.from_state(writing.state())
    for text in texts:
        assert again.text(again.numbers(text)) == text
    assert len(writing.split("lowerest newer")) < len("lowerest newer"), "pieces are longer than characters"
    assert again.symbols == writing.symbols


@settings(max_examples=50)
@given(st.text())
def test_any_text_has_symbols_that_are_numbers_of_the_vocabulary(text: str) -> None:
    for writing in WRITINGS:
        assert all(0 <= number < len(writing.symbols) for number in writing.numbers(text))


@settings(max_examples=15)
@given(st.lists(st.lists(st.integers(3, SYMBOLS - 1), min_size=1, max_size=7), max_size=9), st.integers(1, 4))
def test_answers_come_in_the_order_of_their_sources(sources: list[list[int]], batch_size: int) -> None:
    model = tiny("additive")
    found = outputs(model, sources, as_source, len, BeamParams(2, 0.5, 0.0), batch_size=batch_size)
    assert len(found) == len(sources)
    for source, answer in zip(sources, found, strict=True):
        encoded = model.encode(*as_source([source]))
        alone = beam_search(model, encoded, [len(source)], BeamParams(2, 0.5, 0.0), never=(0, UNKNOWN))[0]
        assert [one.symbols for one in answer] == [one.symbols for one in alone]


def test_unknown_is_never_said() -> None:
    model = tiny("none")
    with torch.no_grad():
        model.output.bias[UNKNOWN] = 100.0
    answer = outputs(model, [[3, 4]], as_source, lambda _: 5, GREEDY)[0][0]
    assert UNKNOWN not in answer.symbols


def test_scheduled_sampling_rises_evenly_to_its_share() -> None:
    assert [sampling_of(epoch, 5, 0.4) for epoch in range(5)] == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])
    assert sampling_of(0, 1, 0.4) == 0.0
