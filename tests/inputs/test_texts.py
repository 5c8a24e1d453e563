# ruff: noqa: RUF001  characters that look alike are what these tests are about
"""Texts: what is not seen changes nothing, known words are never changed, unknown ones are read in known forms."""

import codecs
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from inputs.texts import Alphabet, Lexicon, Reading, clean, is_invisible, lines_of

WORDS = (
    "show",
    "me",
    "flights",
    "from",
    "boston",
    "to",
    "denver",
    "montreal",
    "don't",
    "mr.",
    "...",
    "!",
    "3-d",
    "naïve",
)
LEXICON = Lexicon(WORDS)
INVISIBLE = "\u200b\u200c\u200d\u200e\u202b\u202c\u2060\u00ad\ufeff\ufe0f\x00\x07\x1b\U000e0020"
anything = st.text(st.characters(exclude_categories=[]), max_size=40)
known = st.lists(st.sampled_from(WORDS), min_size=1, max_size=8).map(" ".join)


@given(anything)
@example("e\u0301 \u1112\u1161\u11ab \u212b")
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    once = clean(text)
    assert clean(once) == once
    assert once == " ".join(once.split())
    assert not any(map(is_invisible, once))
    assert unicodedata.is_normalized("NFC", once)


@given(anything)
@example("½ … “great” ﷺ (n/a) mr.! great... ¨")
@example("ÄÖ mr Mr. MR. ´x")
def test_reading_twice_is_reading_once(text: str) -> None:
    for lexicon in (LEXICON, Lexicon(WORDS, str.split), Alphabet(WORDS)):
        once = lexicon(text).text
        assert lexicon(once).text == once


@given(known, st.lists(st.tuples(st.integers(0, 60), st.sampled_from(INVISIBLE)), max_size=8))
def test_invisible_characters_anywhere_change_nothing(text: str, inserted: list[tuple[int, str]]) -> None:
    with_them = text
    for place, character in inserted:
        with_them = with_them[:place] + character + with_them[place:]
    assert LEXICON(with_them) == Reading(text, ())


@given(anything)
def test_composed_and_decomposed_letters_are_the_same(text: str) -> None:
    assert clean(unicodedata.normalize("NFD", text)) == clean(unicodedata.normalize("NFC", text))


@given(st.lists(anything.filter(lambda word: len(word.split()) == 1).map(str.strip), min_size=1), st.data())
def test_known_words_are_never_changed(words: list[str], data: st.DataObject) -> None:
    text = " ".join(data.draw(st.lists(st.sampled_from(words), min_size=1)))
    assert Lexicon(words)(text) == Alphabet(words)(text) == Reading(text, ())


@given(known, st.sampled_from([str.upper, str.title, str.swapcase]))
def test_capitals_change_nothing_where_the_model_has_none(text: str, change: Callable[[str], str]) -> None:
    assert LEXICON(change(text)) == Reading(text, ())


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("SHOW me", "show me"),
        ("ｓｈｏｗ　ｍｅ", "show me"),
        ("show\u00a0me\u2003flights", "show me flights"),
        ("Montréal", "montreal"),
        ("montre\u0301al", "montreal"),
        ("nai\u0308ve", "naïve"),
        ("don’t", "don't"),
        ("3–d", "3-d"),
        ("denver!", "denver !"),
        ("denver...", "denver ..."),
        ("denver…", "denver ..."),
        ("(denver),", "denver"),
        ("“denver”", "denver"),
        ("denver.", "denver"),
        ("mr.", "mr."),
        ("zork.", "zork."),  # a full stop belongs to words here, and nothing tells whether it does to this one
        ("zork!", "zork !"),
        ("denver🧑\u200d🚀 🧑", "denver"),
        ("boston\u200b to\ufeff den\u00adver", "boston to denver"),
        ("\u202bshow me\u202c", "show me"),
        ("BÖrk", "bork"),  # no such word, but its letters are known in other forms
    ],
)
def test_typed_words_are_read_as_known_ones(typed: str, read: str) -> None:
    assert LEXICON(typed).text == read


def test_what_a_model_was_trained_on_stays() -> None:
    assert Alphabet("你好。，")("你好。 ，！") == Reading("你好。 ，", ("！",))
    assert Alphabet("你好.!")("你好。！").text == "你好.!"
    assert Lexicon(["straße", "masse"])("Straße STRASSE").text == "straße strasse"


def test_what_was_not_in_training_is_named_once() -> None:
    read = LEXICON("Show me zork, zork!")
    words = read.text.split()
    assert words == ["show", "me", "zork", "zork", "!"]
    assert read.left_out == (",",)
    assert LEXICON.unknown(words) == ["zork"]
    assert LEXICON.knows_any(words)
    assert not LEXICON.knows_any(["zork", "!"]), "a mark is no word"
    assert LEXICON.knows_any(["!"]), "where there is nothing else, it is"
    assert not LEXICON.knows_any([])
    assert LEXICON("?¿ 🚀") == Reading("? ¿ 🚀", ()), "where there is nothing else, marks are kept"


def test_long_words_and_runs_of_marks_take_no_time() -> None:
    for text in ("x" * 100_000, "!" * 100_000, "é" * 100_000, "(" * 100_000 + "denver"):
        assert len(LEXICON(text).text) >= 100_000


def test_half_a_surrogate_pair_can_be_written() -> None:
    assert clean("a\ud800b").encode() == "a\ufffdb".encode()


@pytest.mark.parametrize(
    ("content", "lines", "encoding"),
    [
        (b"", [], "UTF-8"),
        (b"\n", [""], "UTF-8"),
        (b"a\r\n\r\nb", ["a", "", "b"], "UTF-8"),
        (b"a\rb\r", ["a", "b"], "UTF-8"),
        (codecs.BOM_UTF8 + b"a\r\n", ["a"], "UTF-8"),
        ("montréal\n".encode("latin-1"), ["montréal"], "Windows-1252"),
        ("é\na".encode("utf-16"), ["é", "a"], "UTF-16"),
        ("flights\nto".encode("utf-16-be"), ["flights", "to"], "UTF-16"),
        (b"a\x0bb\x0cc\0\n", ["a\x0bb\x0cc\0"], "UTF-8"),
    ],
)
def test_lines_are_read_in_any_common_encoding(content: bytes, lines: list[str], encoding: str) -> None:
    assert lines_of(content, "a file") == (lines, encoding)


def test_bytes_of_an_encoding_that_is_not_clear_are_refused() -> None:
    with pytest.raises(ValueError, match="a file is neither UTF-8 nor UTF-16"):
        lines_of("机器学习很有意思".encode("gb18030"), "a file")
