"""Data set `speech_translation`: words in another order, transcripts in one column, rules that catch errors."""

import hashlib
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pandas as pd
import pytest

from params import Source
from stages.archives import members, pack
from stages.checks.expectations import Outcome
from stages.dataset import Prepared, RuleContext
from stages.datasets.speech_translation import reader
from stages.datasets.speech_translation.dataset import DATASET
from stages.datasets.speech_translation.origin import grammar
from stages.datasets.speech_translation.origin.utterances import SpeechTranslationOptions, utterances
from stages.datasets.speech_translation.reader import published_cells
from stages.errors import StageError
from stages.sounds import digits
from stages.sounds.digits import Joint
from stages.sounds.recording import Utterance
from stages.sounds.synthesis import VOICES
from stages.sounds.tables import with_sound
from stages.sounds.waves import Samples, wave_bytes
from tests.stages.rule_runs import Key, run

SMALL = SpeechTranslationOptions(seed=3, train=160, val=30, test=30)
LARGE = SpeechTranslationOptions(seed=7, train=2000, val=200, test=400)  # of params.yaml
ROWS = "ca2904163b573a80c027767714699fb24c98757043fec35942f837eb9616ef0c"  # of SMALL


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return dict(DATASET.origin.make(SMALL))


@pytest.fixture(scope="module")
def prepared(files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """The small built-in data: not to be changed."""
    folder = tmp_path_factory.mktemp("raw")
    for path, content in files.items():
        (folder / path).write_bytes(content)
    return DATASET.read(folder)


@pytest.fixture(scope="module")
def drawn() -> dict[str, list[Utterance]]:
    """What is said in the data of params.yaml, without a sound."""
    return utterances(LARGE)


# -- the grammar


def test_the_languages_put_their_words_in_another_order() -> None:
    found = dict(grammar.draw(Random(seed)) for seed in range(3000))
    pairs = {
        "the book that i bought is new": "我買嗰本書好新",
        "this dog is bigger than that dog": "呢隻狗大過嗰隻狗",
        "let us drink tea first": "畀我哋飲茶先",
    }
    assert {english: found.get(english, cantonese) for english, cantonese in pairs.items()} == pairs
    given = [cantonese for english, cantonese in found.items() if english.startswith("i gave my sister ")]
    assert given
    assert all(cantonese.startswith("我畀咗") and cantonese.endswith("家姐") for cantonese in given)


def test_each_side_is_of_its_language() -> None:
    for seed in range(2000):
        english, cantonese = grammar.draw(Random(seed))
        assert english == english.lower()
        assert english.replace(" ", "").isalpha()
        assert english.isascii()
        assert all("\u4e00" <= character <= "\u9fff" for character in cantonese)
        assert " a a" not in english
        assert " a old" not in english


# -- what is said


def test_a_split_has_its_voices_and_combinations_and_no_new_word(drawn: dict[str, list[Utterance]]) -> None:
    shown = {
        split: {pair for said in found for pair in grammar.COMBINATIONS.shown(said.text)}
        for split, found in drawn.items()
    }
    words = {split: {word for said in found for word in said.text.split()} for split, found in drawn.items()}
    texts = [said.text for found in drawn.values() for said in found]
    assert len(set(texts)) == len(texts) == 2600
    for split, found in drawn.items():
        assert {said.voice for said in found} == set(VOICES[split])
        assert words[split] <= words["train"]
    for split in ("val", "test"):
        assert all(set(grammar.COMBINATIONS.shown(said.text)) - shown["train"] for said in drawn[split])


def test_what_was_said_is_in_one_column_alone(prepared: Prepared) -> None:
    said = utterances(SMALL)
    for split, table in prepared.tables.items():
        assert table["said"].to_list() == [utterance.said for utterance in said[split]]
        assert table["text"].to_list() == [utterance.text for utterance in said[split]]
        assert table.drop(columns="said").astype(str).to_csv().isascii()


def test_too_few_sentences_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[utterances.__module__], "draw", lambda _: ("i sing", "我唱歌"))
    with pytest.raises(StageError, match="train: the grammar gave 1 of 160 sentences; ask for fewer"):
        utterances(SMALL)


def test_the_rows_are_the_same_bytes_everywhere(files: dict[str, bytes]) -> None:
    assert list(files) == ["train.tsv", "train.zip", "val.tsv", "val.zip", "test.tsv", "test.zip"]
    rows = b"".join(content for path, content in files.items() if path.endswith(".tsv"))
    assert hashlib.sha256(rows).hexdigest() == ROWS


# -- rules


Sounds = list[Samples]
Change = Callable[[pd.DataFrame, Sounds], tuple[pd.DataFrame, Sounds]]


def changed(prepared: Prepared, split: str, change: Change) -> Prepared:
    """Other rows and sounds in one table, measured as a reader would."""
    table, samples = prepared.tables[split], prepared.arrays[split]["samples"]
    places = zip(table["start"], table["length"], strict=True)
    rows, sounds = change(table.copy(), [samples[start : start + length] for start, length in places])
    rows, arrays = with_sound(rows, sounds)
    tables = {**prepared.tables, split: rows[list(reader.COLUMNS)]}
    return replace(prepared, tables=tables, arrays={**prepared.arrays, split: arrays})


def outcomes(prepared: Prepared, source: Source = "builtin", without: tuple[str, ...] = ()) -> dict[Key, Outcome]:
    suites = DATASET.rules(RuleContext(source, SMALL, prepared.tables, prepared.facts, prepared.arrays))
    return run([suite for suite in suites if suite.table not in without], DATASET)


def failing(found: dict[Key, Outcome]) -> set[Key]:
    return {key for key, outcome in found.items() if not outcome.success}


def test_good_data_keep_every_rule(prepared: Prepared) -> None:
    good = outcomes(prepared)
    assert len(good) > 45
    assert failing(good) == set()


def bad_rows(rows: pd.DataFrame, sounds: Sounds) -> tuple[pd.DataFrame, Sounds]:
    """Another error in each of some rows, and one row too many."""
    rng = np.random.default_rng(1)
    rows.loc[1, "text"] = rows["text"].iloc[2]
    rows.loc[3, "text"] = "Let us zing."
    rows.loc[4, "text"] = next(
        text for seed in range(9999) if grammar.COMBINATIONS.kept_for(text := grammar.draw(Random(seed))[0]) == "test"
    )
    rows.loc[5, "speaker"] = VOICES["test"][0].name
    sounds[6] = sounds[7]
    sounds[8] = np.concatenate([sounds[8]] * 6)
    sounds[9] = rng.integers(-32768, 32768, len(sounds[9])).astype(np.int16)
    sounds[9][0] = 32767
    sounds[10] = (sounds[10] + 2000).astype(np.int16)
    sounds[11] = sounds[11][::4]
    return pd.concat([rows, rows.tail(1).assign(id=0)], ignore_index=True), [*sounds, sounds[-1]]


NAMED: dict[str, set[int]] = {
    "no id is repeated": {0},
    "each clip starts where the one before ends, the first at 0, the last at the end": {21},
    "loudness, peak and noise are those of the clip": {22},
    "no clip is there twice, nor in an earlier table": {7},
    "a clip lasts 0.4 to 5 seconds": {8},
    "a character takes 0.015 to 0.2 seconds": {11},
    "a clip is 20 to 42 dB under full scale": {9},
    "a clip is 8 dB louder than its quiet tenth: no steady noise": {9},
    "a clip's mean is within 1% of full scale": {10},
    "at most 0 samples of a clip are at full scale: it is not clipped": {9},
    "text, language and voice are those that the seed draws for the row": {1, 3, 4, 5},
    "a clip is as loud, and the silence around its words as quiet, as it was recorded": {6, 9, 10, 11},
    "no voice of another split speaks": {5},
    "a text is lower-case words with one blank between them": {3},
    "no sentence is repeated": {1, 2},
    "every word is one that train has": {3},
}


def test_every_rule_is_broken_by_something_and_rows_are_named(prepared: Prepared) -> None:
    bad = changed(prepared, "val", bad_rows)
    for row, column in ((20, "length"), (22, "noise_db")):
        table = bad.tables["val"]
        bad.tables["val"] = table.assign(**{column: table[column].mask(table.index == row, table[column] - 1)})
    bad = changed(bad, "train", lambda rows, sounds: (rows, [sounds[-1], *sounds[:-1]]))
    bad = changed(bad, "test", lambda rows, sounds: (rows.assign(speaker=rows["speaker"].iloc[0]), sounds))
    found = outcomes(bad, without=("train", "test"))  # their rules are those of val
    for rule, ids in NAMED.items():
        assert ids <= set(found["val", rule].ids), rule
    assert failing(found) >= {
        ("val", "there are 30 clips, as params.yaml asks"),
        ("val", "a combination of words is new"),
        ("pace", "who says more characters takes longer: texts and sounds belong together"),
        ("voices", "every voice occurs in its tables, as often as it should"),
    }
    untested = {(table, rule) for table, rule in found if rule not in NAMED} - failing(found)
    assert untested == set()


# -- published digits


def test_published_digits_are_translated_to_numerals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "CONNECTED", {"train": 30, "val": 12, "test": 12})
    hum = wave_bytes(np.tile(np.arange(-50, 50, dtype=np.int16), 5))
    names = [f"{d}_{speaker}_{take}" for d in range(10) for speaker in digits.SPEAKERS for take in range(50)]
    archive = pack({f"fsdd-1.0/recordings/{name}.wav": hum for name in names})
    (tmp_path / digits.ARCHIVE.path).write_bytes(archive)
    found = DATASET.read(tmp_path)
    assert {split: len(table) for split, table in found.tables.items()} == {"train": 30, "val": 12, "test": 12}
    for split, table in found.tables.items():
        joints = digits.connected(split, len(table))
        assert table["text"].to_list() == [
            "".join("零一二三四五六七八九"[int(d)] for d in joint.digits) for joint in joints
        ]
        assert set(table["language"]) == {"Chinese"}
        assert table["length"].to_list() == [500 * len(joint.digits) + sum(joint.gaps) for joint in joints]
        assert table["said"].to_list() == [joint.digits for joint in joints]
    assert found.facts["task"].startswith("a proxy")
    assert DATASET.origin.sources["public"].where.startswith("a proxy: English digits to Chinese numerals")


def test_numerals_say_the_digits() -> None:
    assert published_cells(Joint("0779", "theo", (1, 2, 3, 4), (0, 0, 0)))["text"] == "零七七九"


@pytest.mark.mirror
def test_the_published_digits_keep_every_rule_and_mutations_do_not(tmp_path: Path) -> None:
    mirror = os.environ.get("DATA_MIRROR", "")
    if not mirror or "://" in mirror:
        pytest.skip("DATA_MIRROR names no folder")
    inside = members(Path(mirror, digits.ARCHIVE.published), digits.ARCHIVE.wanted)
    (tmp_path / digits.ARCHIVE.path).write_bytes(pack(inside))
    published = DATASET.read(tmp_path)
    assert failing(outcomes(published, "public")) == set()
    backwards = changed(published, "test", lambda rows, sounds: (rows, [sound[::-1] for sound in sounds]))
    assert ("samples", "the samples are those of the published recordings, joined as drawn") in failing(
        outcomes(backwards, "public")
    )
    order = sorted(range(1500), key=lambda row: Random(row).random())
    bad = changed(published, "train", lambda rows, sounds: (rows, [sounds[row] for row in order]))
    bad = changed(bad, "val", lambda rows, sounds: (rows.assign(text=rows["text"].str.replace("七", "八")), sounds))
    bad = changed(bad, "test", lambda rows, sounds: (rows.assign(speaker="theo"), sounds))
    assert failing(outcomes(bad, "public")) >= {
        ("pace", "who says more characters takes longer: texts and sounds belong together"),
        ("levels", "each speaker is as loud as published"),
        ("val", "text, language, speaker and takes are those drawn for the row"),
        ("test", "text, language, speaker and takes are those drawn for the row"),
        ("persons", "every person occurs in its tables, as often as it should"),
    }
