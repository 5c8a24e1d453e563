"""Data set `speech`: its files, rules that catch errors, the published digits. What is said: test_speech_texts.py."""

import hashlib
import os
import platform
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
from stages.datasets.speech import reader
from stages.datasets.speech.dataset import DATASET
from stages.datasets.speech.origin import phrases
from stages.datasets.speech.origin.utterances import SpeechOptions
from stages.rules.published_digits import takes_suite
from stages.sounds import digits
from stages.sounds.synthesis import VOICES
from stages.sounds.tables import with_sound
from stages.sounds.waves import Samples, wave_bytes
from tests.stages.rule_runs import Key, run

SMALL = SpeechOptions(seed=3, train=300, val=60, test=60)
SPLITS = ("train", "val", "test")
# Of SMALL: other rows mean that the texts changed, or that this Python draws differently; the clips are those of
# espeak-ng's build for Linux on x86-64.
ROWS = "0384e401930ffb34c1fa9d5989ba2ce19196df16193367e56fb34da43ab02380"
CLIPS = "d24d489422e9d3eb94cf1c86f26c0ff44d08e40cca620ab5d6fc2a471645cb5b"


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


# -- the files


def test_the_rows_are_the_same_bytes_everywhere(files: dict[str, bytes]) -> None:
    assert list(files) == ["train.tsv", "train.zip", "val.tsv", "val.zip", "test.tsv", "test.zip"]
    rows = b"".join(content for path, content in files.items() if path.endswith(".tsv"))
    assert hashlib.sha256(rows).hexdigest() == ROWS


@pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="the build of espeak-ng for Linux on x86-64"
)
def test_the_clips_are_the_same_bytes_on_every_machine_of_this_kind(files: dict[str, bytes]) -> None:
    clips = b"".join(content for path, content in files.items() if path.endswith(".zip"))
    assert hashlib.sha256(clips).hexdigest() == CLIPS


def test_a_row_says_where_its_sound_is(files: dict[str, bytes], prepared: Prepared) -> None:
    table, samples = prepared.tables["val"], prepared.arrays["val"]["samples"]
    assert samples.dtype == np.int16
    assert dict(table.dtypes.astype(str)) == {
        name: {"string": "str"}.get(kind, kind) for name, kind in DATASET.columns.items()
    }
    inside = members(files["val.zip"])
    for number, (start, length) in enumerate(zip(table["start"], table["length"], strict=True)):
        assert inside[f"{number:06}.wav"] == wave_bytes(samples[start : start + length])
    assert table["length"].sum() == len(samples)


def test_new_words_are_those_that_train_never_says(prepared: Prepared) -> None:
    known = set(" ".join(prepared.tables["train"]["text"]).replace("'s", "").split())
    test = prepared.tables["test"]
    expected = [not known.issuperset(text.replace("'s", "").split()) for text in test["text"]]
    assert (test["new_words"] == expected)[test["kind"] != "digits"].all()
    assert not test["new_words"][test["kind"] == "digits"].any()
    assert test["new_words"].sum() > 10


# -- rules: the good data keep all, and for each there are bad ones that break it


Sounds = list[Samples]
Change = Callable[[pd.DataFrame, Sounds], tuple[pd.DataFrame, Sounds]]


def sounds_of(prepared: Prepared, table: str) -> Sounds:
    samples = prepared.arrays[table]["samples"]
    places = zip(prepared.tables[table]["start"], prepared.tables[table]["length"], strict=True)
    return [samples[start : start + length] for start, length in places]


def changed(prepared: Prepared, table: str, change: Change) -> Prepared:
    """Other rows and sounds in one table, measured as a reader would."""
    rows, sounds = change(prepared.tables[table].copy(), sounds_of(prepared, table))
    rows, arrays = with_sound(rows, sounds)
    return replace(
        prepared,
        tables={**prepared.tables, table: rows[list(reader.COLUMNS)]},
        arrays={**prepared.arrays, table: arrays},
    )


def broken(prepared: Prepared, wanted: set[Key], source: Source = "builtin") -> dict[Key, Outcome]:
    """Those of the wanted rules that fail."""
    suites = DATASET.rules(RuleContext(source, SMALL, prepared.tables, prepared.facts, prepared.arrays))
    chosen = [
        replace(suite, rules=[rule for rule in suite.rules if (suite.table, rule.description) in wanted])
        for suite in suites
    ]
    outcomes = run([suite for suite in chosen if suite.rules], DATASET)
    assert outcomes.keys() == wanted
    return {key: outcome for key, outcome in outcomes.items() if not outcome.success}


def rules_of(prepared: Prepared, source: Source = "builtin") -> set[Key]:
    suites = DATASET.rules(RuleContext(source, SMALL, prepared.tables, prepared.facts, prepared.arrays))
    return {(suite.table, str(rule.description)) for suite in suites for rule in suite.rules}


def test_good_data_keep_every_rule(prepared: Prepared) -> None:
    every = rules_of(prepared)
    assert len(every) > 60
    assert broken(prepared, every) == {}


def bad_rows(rows: pd.DataFrame, sounds: Sounds, train: Sounds, foreign: str) -> tuple[pd.DataFrame, Sounds]:
    """Another error in each of some rows, and one row too many."""
    english = rows.index[(rows["language"] == "English") & (rows["kind"] == "words")]
    single = rows.index[(rows["language"] == "English") & (rows["kind"] == "digits")]
    plain = rows.index[rows["text"] == "好棒"][0]
    rows.loc[english[0], "text"] = rows.loc[english[0], "text"].upper()
    rows.loc[english[1], "text"] = {"val": "my wing", "test": "his friend"}[foreign]
    rows.loc[english[2], "text"] = "my quiz"
    rows.loc[english[3], "new_words"] = not rows.loc[english[3], "new_words"]
    rows.loc[english[4], "doubled"] = not rows.loc[english[4], "doubled"]
    rows.loc[english[5], "speaker"] = VOICES[foreign][0].name
    rows.loc[single[0], "digits"] = "0123456789"
    rows.loc[plain, "text"] = "不好"
    sounds[single[1]] = sounds[single[2]]  # another text, the same sound
    sounds[single[3]] = train[0]
    sounds[single[4]] = np.tile(sounds[single[4]], 20)
    rows = pd.concat([rows, rows.tail(1).assign(id=0)], ignore_index=True)
    return rows, [*sounds, sounds[-1]]


ROOM = "a clip is as loud, and the silence around its words as quiet, as it was recorded"
DRAWN = "text, language and voice are those that the seed draws for the row"
PACE = "who says more characters takes longer: texts and sounds belong together"
LOUD = "a clip is 20 to 42 dB under full scale"
STEADY = "a clip is 8 dB louder than its quiet tenth: no steady noise"
COPY = "no clip is there twice, nor in an earlier table"
SECONDS = "a clip lasts 0.26 to 2.8 seconds"
DOUBLE = "a doubled phrase lasts 1.1 times its plain form, which the same voice says"


def test_errors_in_rows_are_caught_and_the_rows_are_named(prepared: Prepared) -> None:
    rows, train = prepared.tables["val"], sounds_of(prepared, "train")
    english = rows.index[(rows["language"] == "English") & (rows["kind"] == "words")].to_list()
    single = rows.index[(rows["language"] == "English") & (rows["kind"] == "digits")].to_list()
    named: dict[str, set[int]] = {
        "there are 60 clips, as params.yaml asks": set(),
        "no id is repeated": {0},
        "each clip starts where the one before ends, the first at 0, the last at the end": {50, 51},
        "loudness, peak and noise are those of the clip": {52},
        COPY: {max(single[1:3]), single[3]},
        SECONDS: {single[4]},
        "English is lower-case words with one blank between them, Mandarin Chinese characters": {english[0]},
        "the figures are those that the text says": {single[0]},
        "doubled says whether two neighbouring characters are the same": {english[4]},
        DRAWN: {english[0], english[1], english[2], english[5]},
        ROOM: {single[3]},
        "no voice of another split speaks": {english[5]},
        "no word or phrase is kept for another split": {english[1]},
        "new_words says whether a word or phrase is not in train": {english[3]},
        "every character is one that train has": {english[0]},
        "好棒 and 好棒棒 are said": set(),
        DOUBLE: set(rows.index[rows["text"] == "好棒棒"]),
    }
    bad = changed(prepared, "val", lambda rows, sounds: bad_rows(rows, sounds, train, "test"))
    for row, column in ((50, "start"), (51, "length"), (52, "loudness_db")):
        table = bad.tables["val"]
        bad.tables["val"] = table.assign(**{column: table[column].mask(table.index == row, table[column] + 1)})
    found = broken(bad, {("val", rule) for rule in named})
    assert {rule for _, rule in found} == named.keys()
    for rule, ids in named.items():
        assert ids <= set(found["val", rule].ids), rule
    untested = {rule for table, rule in rules_of(prepared) if table == "val"} - named.keys()
    assert untested <= set().union(*MUTATIONS.values()) | {NEW}


def one_off(rows: pd.DataFrame, sounds: Sounds) -> tuple[pd.DataFrame, Sounds]:
    return rows, [sounds[-1], *sounds[:-1]]


def cut(rows: pd.DataFrame, sounds: Sounds) -> tuple[pd.DataFrame, Sounds]:
    return rows, [sound[: len(sound) * 2 // 3] for sound in sounds]


def a_third_of_the_rate(rows: pd.DataFrame, sounds: Sounds) -> tuple[pd.DataFrame, Sounds]:
    return rows, [sound[::3] for sound in sounds]


def twice_the_rate(rows: pd.DataFrame, sounds: Sounds) -> tuple[pd.DataFrame, Sounds]:
    return rows, [sound.repeat(2) for sound in sounds]


def garbage(rows: pd.DataFrame, sounds: Sounds) -> tuple[pd.DataFrame, Sounds]:
    rng = np.random.default_rng(1)
    return rows, [rng.integers(-32768, 32768, len(sound)).astype(np.int16) for sound in sounds]


def bytes_swapped(rows: pd.DataFrame, sounds: Sounds) -> tuple[pd.DataFrame, Sounds]:
    return rows, [sound.byteswap() for sound in sounds]


def silence(rows: pd.DataFrame, sounds: Sounds) -> tuple[pd.DataFrame, Sounds]:
    return rows, [np.zeros_like(sound) for sound in sounds]


def shifted_up(rows: pd.DataFrame, sounds: Sounds) -> tuple[pd.DataFrame, Sounds]:
    return rows, [(sound.astype(int) + 1500).clip(-32768, 32767).astype(np.int16) for sound in sounds]


def clipped(rows: pd.DataFrame, sounds: Sounds) -> tuple[pd.DataFrame, Sounds]:
    return rows, [(40 * sound.astype(int)).clip(-32768, 32767).astype(np.int16) for sound in sounds]


def one_voice(rows: pd.DataFrame, sounds: Sounds) -> tuple[pd.DataFrame, Sounds]:
    return rows.assign(speaker=rows["speaker"].iloc[0]), sounds


def no_seven(rows: pd.DataFrame, sounds: Sounds) -> tuple[pd.DataFrame, Sounds]:
    texts = rows["text"].str.replace("seven", "eight").str.replace("七", "八")
    return rows.assign(text=texts, digits=rows["digits"].str.replace("7", "8")), sounds


def pairs_exchanged(rows: pd.DataFrame, sounds: Sounds) -> tuple[pd.DataFrame, Sounds]:
    """好棒 and 好棒棒 have each other's sound."""
    voice = rows.loc[rows["text"] == "好棒", "speaker"].iloc[0]
    one, other = (rows.index[(rows["text"] == text) & (rows["speaker"] == voice)][0] for text in phrases.PAIRS[0])
    sounds[one], sounds[other] = sounds[other], sounds[one]
    return rows, sounds


NEW = "at least 10% of clips have a word or phrase that train has not"
MUTATIONS: dict[Change, set[str]] = {
    one_off: {ROOM},
    cut: {ROOM},
    a_third_of_the_rate: {ROOM, SECONDS, "a character takes 0.04 to 0.6 seconds"},
    twice_the_rate: {ROOM},
    garbage: {ROOM, LOUD, STEADY},
    bytes_swapped: {ROOM, LOUD},
    silence: {ROOM, LOUD, STEADY},
    shifted_up: {ROOM, "a clip's mean is within 1.5% of full scale"},
    clipped: {ROOM, LOUD, "at most 0 samples of a clip are at full scale: it is not clipped"},
    pairs_exchanged: {ROOM, DOUBLE},
    one_voice: {DRAWN},
    no_seven: {DRAWN},
}
THREES = [list(MUTATIONS)[first : first + 3] for first in range(0, len(MUTATIONS), 3)]


@pytest.mark.parametrize("three", THREES, ids=lambda three: ", ".join(mutation.__name__ for mutation in three))
def test_a_mutation_of_a_whole_split_is_caught(prepared: Prepared, three: list[Change]) -> None:
    bad, wanted = prepared, set()
    for split, mutation in zip(SPLITS, three, strict=True):
        bad = changed(bad, split, mutation)
        wanted |= {(split, rule) for rule in MUTATIONS[mutation]}
    assert broken(bad, wanted).keys() == wanted


def test_what_all_rows_together_show_is_checked(prepared: Prepared) -> None:
    order = sorted(range(300), key=lambda row: Random(row).random())
    bad = changed(prepared, "train", lambda rows, sounds: no_seven(rows, [sounds[row] for row in order]))
    bad = changed(bad, "val", lambda rows, sounds: one_voice(rows.assign(new_words=False), sounds))
    wanted = {(table, rule) for table, rule in rules_of(prepared) if table not in SPLITS} | {("val", NEW)}
    assert {table for table, _ in wanted} == {"pace", "voices", "digits", "val"}
    found = broken(bad, wanted)
    assert found.keys() == wanted
    assert {row["of"] for row in found["pace", PACE].rows} == {"train"}


# -- published digits


@pytest.fixture(scope="module")
def archive() -> dict[str, bytes]:
    """Files named as published: hums of another length and pitch for each speaker, digit and take."""
    found = {"fsdd-1.0/README.md": b"made up"}
    for number, (digit, speaker, take) in enumerate(
        (d, s, t) for d in range(10) for s in digits.SPEAKERS for t in range(50)
    ):
        hum = 300 * (1 + np.arange(1200 + number % 601) % (20 + digit))
        found[f"fsdd-1.0/recordings/{digit}_{speaker}_{take}.wav"] = wave_bytes((hum + take).astype(np.int16))
    return found


@pytest.fixture(scope="module")
def folder(archive: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hums")
    (folder / digits.ARCHIVE.path).write_bytes(pack(archive))
    return folder


@pytest.fixture(scope="module")
def hums(folder: Path) -> Prepared:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "CONNECTED", {"train": 60, "val": 60, "test": 60})
        return DATASET.read(folder)


def test_published_digits_come_one_by_one_and_as_strings(hums: Prepared, archive: dict[str, bytes]) -> None:
    counts = {"isolated-train": 2400, "isolated-val": 300, "isolated-test": 300}
    counts |= dict.fromkeys(["connected-train", "connected-val", "connected-test"], 60)
    assert {name: len(table) for name, table in hums.tables.items()} == counts
    table = hums.tables["isolated-test"]
    assert set(table["takes"]) == {"0", "1", "2", "3", "4"}
    row = table.iloc[217]
    name = f"fsdd-1.0/recordings/{row['digits']}_{row['speaker']}_{row['takes']}.wav"
    assert archive[name] == wave_bytes(sounds_of(hums, "isolated-test")[217])
    assert digits.ENGLISH[int(row["digits"])] == row["text"]
    strings = hums.tables["connected-test"]
    assert strings["text"].iloc[0].split() == [digits.ENGLISH[int(digit)] for digit in strings["digits"].iloc[0]]
    assert strings["digits"].str.len().to_list() == strings["takes"].str.split().map(len).to_list()
    assert (strings["doubled"] == strings["text"].str.contains("ee")).all()  # three; no other digit doubles a letter
    assert hums.facts["speakers"] == dict.fromkeys(counts, 6)


def test_recordings_that_are_not_the_published_ones_are_caught(folder: Path) -> None:
    outcomes = run([takes_suite(digits.read_takes(folder))], DATASET)
    failing = {rule: outcome.failing for (_, rule), outcome in outcomes.items()}
    assert failing == {"each of the six speakers says each digit fifty times": 0, SAME: 60}


SAME = "the recordings of a digit by a speaker are those published, sample by sample"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """The published recordings of the mirror."""
    mirror = os.environ.get("DATA_MIRROR", "")
    if not mirror or "://" in mirror:
        pytest.skip("DATA_MIRROR names no folder")
    folder = tmp_path_factory.mktemp("published")
    inside = members(Path(mirror, digits.ARCHIVE.published), digits.ARCHIVE.wanted)
    assert len(inside) == digits.ARCHIVE.files
    tree = "".join(sorted(f"{hashlib.sha256(content).hexdigest()}  {path}\n" for path, content in inside.items()))
    assert hashlib.sha256(tree.encode()).hexdigest() == digits.ARCHIVE.tree_sha256
    (folder / digits.ARCHIVE.path).write_bytes(pack(inside))
    return DATASET.read(folder)


@pytest.mark.mirror
def test_the_published_recordings_keep_every_rule(published: Prepared) -> None:
    assert broken(published, rules_of(published, "public"), "public") == {}
    seconds = sum(int(published.tables[f"isolated-{split}"]["length"].sum()) for split in SPLITS) / 8000
    assert round(seconds) == 1312


def digits_exchanged(rows: pd.DataFrame, sounds: Sounds) -> tuple[pd.DataFrame, Sounds]:
    names = {"six": "nine", "nine": "six"}
    texts = [" ".join(names.get(word, word) for word in text.split()) for text in rows["text"]]
    return rows.assign(text=texts, digits=rows["digits"].str.translate(str.maketrans("69", "96"))), sounds


@pytest.mark.mirror
def test_mutations_of_the_published_recordings_are_caught(published: Prepared) -> None:
    bad = published
    for table, change in (
        ("isolated-train", digits_exchanged),
        ("isolated-val", one_off),
        ("connected-train", garbage),
        ("connected-test", one_off),
    ):
        bad = changed(bad, table, change)
    joined = "a string is joined from the recordings in isolated-{}, sample by sample"
    wanted = {
        ("isolated-train", "text, speaker and takes are those of the row's recordings"),
        ("takes", SAME),
        ("connected-val", joined.format("val")),  # its takes are no longer where they were
        ("connected-train", "a clip is 15 to 50 dB under full scale"),
        ("connected-train", STEADY),
        ("connected-test", joined.format("test")),
    }
    assert broken(bad, wanted, "public").keys() == wanted
