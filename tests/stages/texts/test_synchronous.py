"""The engine of synchronous grammars: both sides say the same, and no split shows a combination kept for another."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.errors import StageError
from stages.texts.pairs import PairSizes, draw_pairs, key
from stages.texts.synchronous import Combinations, SynchronousGrammar, word_list, written, written_english

WORDS = {
    "thing": word_list("""
en | x | many
cup | u | U
pen | p | P
"""),
    "who": word_list("""
en | x
Ann | a
"""),
}
RULES = {
    "pair": ({"en": "$thing1 and $thing2", "x": "$thing2.many$thing1"},),
    "sentence": ({"en": "$who has $pair .", "x": "$pair$who"}, {"en": "$who left .", "x": "$who-"}),
}


def test_a_toy_grammar_gives_all_its_sentences_and_no_other() -> None:
    grammar, rng = SynchronousGrammar(WORDS, RULES), Random(0)
    found = {(forms["en"], forms["x"]) for forms in (grammar.draw("sentence", rng) for _ in range(200))}
    assert found == {
        ("Ann left .", "a-"),
        ("Ann has cup and cup .", "Uua"),
        ("Ann has cup and pen .", "Pua"),
        ("Ann has pen and cup .", "Upa"),
        ("Ann has pen and pen .", "Ppa"),
    }


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("$nobody", r"\$nobody in sentence.en"),
        ("$thing.plural", r"\$thing.plural in sentence.en"),
        ("$who.many", r"\$who.many in sentence.en"),
    ],
)
def test_a_grammar_that_does_not_fit_together_is_refused(template: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        SynchronousGrammar(WORDS, {"sentence": ({"en": template},)})


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("a man , who sings , , sleeps .", "A man, who sings, sleeps."),
        ("a man tries  , to sing , .", "A man tries, to sing."),
        ("where is it ?", "Where is it?"),
    ],
)
def test_marks_are_written_where_they_belong(words: str, text: str) -> None:
    assert written(words) == text


def test_english_has_an_before_a_vowel() -> None:
    assert written_english("a old man has a banana and a apple .") == "An old man has a banana and an apple."


LETTERS = Combinations({letter: letter for letter in "abcdefghij"} | {"aa": "a"}, share=4)


def test_forms_of_one_word_are_that_word() -> None:
    assert list(LETTERS.shown("AA meets b, and aa again x")) == [("a", "b")]


@given(st.lists(st.sampled_from("abcdefghij"), max_size=6))
def test_a_sentence_belongs_to_the_split_that_keeps_one_of_its_pairs(letters: list[str]) -> None:
    owners = {LETTERS.kept_for(" ".join(pair)) for pair in LETTERS.shown(" ".join(letters))} - {"train"}
    expected = "train" if not owners else owners.pop() if len(owners) == 1 else ""
    assert LETTERS.kept_for(" ".join(letters)) == expected


def test_about_one_pair_in_share_is_kept_for_each_split() -> None:
    many = Combinations({f"w{number}": f"w{number}" for number in range(60)}, share=16)
    owners = [many.kept_for(" ".join(pair)) for pair in many.shown(" ".join(many.words))]
    assert len(owners) == 60 * 59 / 2
    for split in ("val", "test"):
        assert 0.5 / 16 < owners.count(split) / len(owners) < 1.5 / 16


def test_drawn_splits_share_no_source_and_val_and_test_no_unit_that_train_lacks() -> None:
    def draw(rng: Random) -> tuple[str, str]:
        number = int(rng.random() * 400)
        return f"{rng.choice(['Say', 'say'])} {number}.", "new" if number % 10 == 9 else "old"

    def kept_for(source: str) -> str:
        number = int(source[4:-1])
        return "test" if number % 4 == 0 else "val" if number % 4 == 1 else "train" if number % 10 != 9 else "test"

    made = dict(draw_pairs(PairSizes(seed=1, train=100, val=30, test=30), draw, kept_for, lambda text: [text[:3]]))
    assert {split: len(pairs) for split, pairs in made.items()} == {"train": 100, "val": 30, "test": 30}
    sources = [key(source) for pairs in made.values() for source, _ in pairs]
    assert len(set(sources)) == 160
    for split in ("val", "test"):
        assert {target for _, target in made[split]} == {"old"}
    for split, pairs in made.items():
        assert {kept_for(source) for source, _ in pairs} == {split}


def test_more_pairs_than_there_are_are_refused() -> None:
    with pytest.raises(StageError, match="train: the grammar gave 1 of 2 pairs; ask for fewer"):
        dict(draw_pairs(PairSizes(1, 2, 1, 1), lambda _: ("Hi.", "x"), lambda _: "train", list))
