"""What the built-in data of `speech` say: phrases that doubling tells apart, words never heard in training."""

from collections import Counter
from itertools import groupby, pairwise

import numpy as np
import pandas as pd
import pytest

from stages.datasets.speech.origin import phrases, words
from stages.datasets.speech.origin.utterances import SpeechOptions, utterances
from stages.datasets.speech.written import digits_of, doubled, new_words
from stages.errors import StageError
from stages.sounds import synthesis
from stages.sounds.recording import Utterance
from stages.sounds.synthesis import VOICES
from stages.texts.grammar import Names
from stages.texts.sizes import SPLITS

SMALL = SpeechOptions(seed=3, train=300, val=60, test=60)
LARGE = SpeechOptions(seed=7, train=8000, val=300, test=600)  # of params.yaml


@pytest.fixture(scope="module")
def drawn() -> dict[str, list[Utterance]]:
    """What is said in the data of params.yaml, without a sound."""
    return utterances(LARGE)


def test_a_split_is_digits_words_and_two_fifths_mandarin(drawn: dict[str, list[Utterance]]) -> None:
    for split, said in drawn.items():
        assert len(said) == LARGE.rows(split)
        kinds = Counter((utterance.language, utterance.kind) for utterance in said)
        assert kinds["English", "digits"] == len(said) // (10 if split == "train" else 5)
        assert kinds["English", "digits"] + kinds["English", "words"] == len(said) // 5 * 3
        assert 0.2 < kinds["Mandarin", "digits"] / kinds["Mandarin", "phrases"] < 0.6
        assert {utterance.voice for utterance in said} == set(VOICES[split])


def test_every_doubled_phrase_stands_beside_its_plain_form_by_the_same_voice(drawn: dict[str, list[Utterance]]) -> None:
    for said in drawn.values():
        mandarin = {(utterance.voice, utterance.text) for utterance in said if utterance.language == "Mandarin"}
        twice = [(voice, text) for voice, text in mandarin if any(len(list(run)) > 1 for _, run in groupby(text))]
        assert all((voice, "".join(key for key, _ in groupby(text))) in mandarin for voice, text in twice)
        assert len(twice) > len(mandarin) / 3
        assert {"好棒", "好棒棒"} <= {text for _, text in mandarin}


def test_what_is_held_out_is_said_in_its_split_alone(drawn: dict[str, list[Utterance]]) -> None:
    said = {split: [utterance.text for utterance in found] for split, found in drawn.items()}
    heard = {split: set(" ".join(texts).replace("'s", "").split()) for split, texts in said.items()}
    for split in ("val", "test"):
        new = heard[split] - heard["train"]
        assert len([word for word in new if word.isascii()]) >= 4
        assert len([word for word in new if not word.isascii() and phrases.kept_for(word) == split]) >= 15
        assert set("".join(said[split])) <= set("".join(said["train"]))  # new words, but no new character
    assert any("friend's" in text for text in said["test"])
    assert not any("friend" in text for text in [*said["train"], *said["val"]])


def test_no_voice_says_a_text_twice(drawn: dict[str, list[Utterance]]) -> None:
    for said in [*drawn.values(), *utterances(SMALL).values()]:
        assert len({(utterance.voice, utterance.text) for utterance in said}) == len(said)


def test_digits_are_often_the_same_again(drawn: dict[str, list[Utterance]]) -> None:
    for said in drawn.values():
        kinds = [(utterance.language, utterance.kind) for utterance in said]
        strings = [
            utterance.text.split() for utterance, kind in zip(said, kinds, strict=True) if kind == ("English", "digits")
        ]
        assert {len(string) for string in strings} == {1, 2, 3, 4, 5}
        again = [one == other for string in strings for one, other in pairwise(string)]
        assert 0.3 < np.mean(again) < 0.45


def test_pairs_of_phrases_differ_in_doubling_and_singles_have_none() -> None:
    assert all(phrases.merged(twice) == plain != twice for plain, twice in phrases.PAIRS)
    assert not any(doubled(plain) or not doubled(twice) for plain, twice in phrases.PAIRS)
    assert not any(doubled(text) for text in (*phrases.TWICE, *phrases.AGAIN))
    assert all(phrases.kept_for(plain) == phrases.kept_for(twice) for plain, twice in phrases.PAIRS)
    every = [text for pair in phrases.PAIRS for text in pair]
    assert len({*every, *phrases.TWICE, *phrases.AGAIN}) == len(every) + len(phrases.TWICE) + len(phrases.AGAIN)


def test_no_two_nouns_sound_the_same() -> None:
    nouns = words.GRAMMAR.lexicon["noun"]
    assert isinstance(nouns, Names)
    every = [*nouns.everywhere, *(noun for split in SPLITS for noun in nouns.of(split))]
    assert len(every) == len(set(every))
    assert len({synthesis.say(noun, "English", VOICES["train"][0]).tobytes() for noun in every}) == len(every)


def test_names_are_said_in_train_alone(drawn: dict[str, list[Utterance]]) -> None:
    names = words.GRAMMAR.held_out("train")
    texts = {split: [said.text for said in found if said.kind == "words"] for split, found in drawn.items()}
    named = {split: np.mean([not names.isdisjoint(text.split()) for text in found]) for split, found in texts.items()}
    assert named["val"] == named["test"] == 0
    assert 0.2 < named["train"] < 0.5


def test_a_word_is_kept_for_one_split() -> None:
    assert words.kept_for("his friend's hand") == "test"
    assert words.kept_for("the plig's hand") == "train"
    assert words.kept_for("the plig's friend") == "test"
    assert words.kept_for("my wing") == "val"
    assert words.kept_for("the black hand") == ""


def test_what_follows_from_a_text() -> None:
    assert digits_of("seven seven oh", "English", "digits") == "77?"
    assert digits_of("三三九", "Mandarin", "digits") == "339"
    assert digits_of("two cats", "English", "words") == ""
    assert [doubled(text) for text in ("three", "seven", "好棒棒", "好棒", "see", "")] == [
        True,
        False,
        True,
        False,
        True,
        False,
    ]
    train = pd.DataFrame(
        {"text": ["my dog's hat", "好棒"], "language": ["English", "Mandarin"], "kind": ["words", "phrases"]}
    )
    texts = ["my hat", "the hat", "hat's dog", "好棒", "好棒棒", "nine"]
    languages, kinds = ["English"] * 3 + ["Mandarin"] * 2 + ["English"], ["words"] * 3 + ["phrases"] * 2 + ["digits"]
    table = pd.DataFrame({"text": texts, "language": languages, "kind": kinds})
    assert new_words(table, train) == [False, True, False, False, True, False]


def test_too_few_and_too_many_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="val must be at least 60, found 59"):
        SpeechOptions(seed=1, train=300, val=59, test=60)
    monkeypatch.setattr(phrases, "PAIRS", phrases.PAIRS[:1])
    with pytest.raises(StageError, match=r"val, Mandarin phrases: \d+ of \d+ texts were not found; ask for fewer, or"):
        utterances(SMALL)
