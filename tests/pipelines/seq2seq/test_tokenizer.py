"""How texts become symbols and back, and that many sources are answered in their order."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.seq2seq.decoding import decode
from pipelines.seq2seq.learning import sampling_of
from pipelines.seq2seq.search import GREEDY, BeamParams, beam_search
from pipelines.seq2seq.symbols import UNKNOWN, collate_sources
from pipelines.seq2seq.tokenizer import Tokenizer, Units
from tests.pipelines.seq2seq.models import SYMBOLS, tiny

pytestmark = pytest.mark.usefixtures("one_thread")
TEXTS = [
    "I don't know the well-known man.",
    "Where is it, Tom?",
    "the man (a friend) is well, and so is Tom!",
    "我 们 都知道。",
]
TOKENIZERS = (Tokenizer.of(TEXTS, "words"), Tokenizer.of(TEXTS, "characters"))


@pytest.mark.parametrize("text", ["I don't know Tom.", "Where is the well-known man, Tom?", "我们知道。"])
@pytest.mark.parametrize("units", ["words", "characters"])
def test_a_text_of_known_symbols_comes_back_as_it_was(text: str, units: Units) -> None:
    tokenizer = Tokenizer.of(TEXTS, units)
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_tokens_are_what_blanks_part() -> None:
    tokenizer = Tokenizer.of(["(S (NP NNP )NP )S"], "tokens")
    assert tokenizer.split(" (S  NNP )S") == ["(S", "NNP", ")S"]
    assert tokenizer.decode(tokenizer.encode("(S NNP )S")) == "(S NNP )S"


def test_words_are_parted_from_marks_and_ideographs_from_each_other() -> None:
    tokenizer = Tokenizer.of(TEXTS, "words", lower=True)
    assert tokenizer.split("I don't know 我们, Tom's well-known!") == [
        *("i", "don't", "know", "我", "们", ",", "tom's", "well-known", "!")
    ]
    assert tokenizer.encode("zebra Tom")[0] == UNKNOWN != tokenizer.encode("zebra Tom")[1]
    assert Tokenizer.of(TEXTS, "words", min_count=2).encode("Where Tom")[0] == UNKNOWN


def test_subwords_spell_every_training_text_and_survive_a_checkpoint() -> None:
    texts = [f"{first}{second} {second}{first}" for first in ("lower", "new", "wide") for second in ("est", "er", "ly")]
    tokenizer = Tokenizer.of(texts, "subwords", subwords=40)
    assert tokenizer.pieces == Tokenizer.of(texts, "subwords", subwords=40).pieces
    again = Tokenizer.from_state(tokenizer.state())
    for text in texts:
        assert again.decode(again.encode(text)) == text
    assert len(tokenizer.split("lowerest newer")) < len("lowerest newer"), "pieces are longer than characters"
    assert again.symbols == tokenizer.symbols


@settings(max_examples=50)
@given(st.text())
def test_any_text_has_symbols_that_are_numbers_of_the_vocabulary(text: str) -> None:
    for tokenizer in TOKENIZERS:
        assert all(0 <= number < len(tokenizer.symbols) for number in tokenizer.encode(text))


@settings(max_examples=15)
@given(st.lists(st.lists(st.integers(3, SYMBOLS - 1), min_size=1, max_size=7), max_size=9), st.integers(1, 4))
def test_answers_come_in_the_order_of_their_sources(sources: list[list[int]], batch_size: int) -> None:
    model = tiny("additive")
    found = decode(model, sources, collate_sources, len, BeamParams(2, 0.5, 0.0), batch_size=batch_size)
    assert len(found) == len(sources)
    for source, answer in zip(sources, found, strict=True):
        encoded = model.encode(*collate_sources([source]))
        alone = beam_search(model, encoded, [len(source)], BeamParams(2, 0.5, 0.0), forbidden=(0, UNKNOWN))[0]
        assert [one.symbols for one in answer] == [one.symbols for one in alone]


def test_unknown_is_never_said() -> None:
    model = tiny("none")
    with torch.no_grad():
        model.output.bias[UNKNOWN] = 100.0
    answer = decode(model, [[3, 4]], collate_sources, lambda _: 5, GREEDY)[0][0]
    assert UNKNOWN not in answer.symbols


def test_scheduled_sampling_rises_evenly_to_its_share() -> None:
    assert [sampling_of(epoch, 5, 0.4) for epoch in range(5)] == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])
    assert sampling_of(0, 1, 0.4) == 0.0
