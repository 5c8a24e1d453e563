"""Data set `sentences`: pairs of the very same words, actors that meet in test alone, and rules that catch errors.

Of the published ones: sentences that are where other data sets have them, and written alike.
"""

import hashlib
import os
from pathlib import Path

import pandas as pd
import pytest

from stages.archives import pack
from stages.dataset import Prepared
from stages.datasets.sentences import reader
from stages.datasets.sentences.dataset import DATASET
from stages.datasets.sentences.origin import SentencesOptions
from stages.datasets.sentences.origin.grammar import LONGEST, actors_in
from stages.errors import StageError
from stages.texts import polarity, tatoeba
from stages.texts.polarity import fold_of, pack_polarity
from tests.stages.rule_runs import failures, make_and_read, through_the_stages

SMALL = SentencesOptions(seed=3, train=300, val=40, test=60)
# Of SMALL. Another digest means: the grammar changed, or this Python draws differently.
DIGEST = "50d96c6b002f5c74f4d3665933a0e0b6e638a655c731dc2fbe1ed66177d0f527"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return make_and_read(DATASET, SMALL, tmp_path_factory.mktemp("raw"))


def test_the_built_in_files_are_the_same_bytes_everywhere() -> None:
    ((_, content),) = DATASET.origin.make(SMALL)
    assert hashlib.sha256(content).hexdigest() == DIGEST


def test_a_pair_is_two_orders_of_the_same_words(prepared: Prepared) -> None:
    test = prepared.tables["test"]
    pairs = test[test["pair"] >= 0].groupby("pair")["text"].apply(list)
    assert len(pairs) == 21
    for one, other in pairs:
        assert one != other
        assert sorted(one.split()) == sorted(other.split())
    assert test["text"].str.split().map(len).max() <= LONGEST


def test_pairs_of_test_are_new_though_their_words_are_not(prepared: Prepared) -> None:
    words = {split: set(" ".join(table["text"]).split()) for split, table in prepared.tables.items()}
    assert words["test"] <= words["train"]
    met = {
        split: {frozenset(actors_in(text)) for text in table.loc[table["pair"] >= 0, "text"]}
        for split, table in prepared.tables.items()
    }
    assert all(len(actors) == 2 for found in met.values() for actors in found)
    assert not met["test"] & (met["train"] | met["val"])


def test_more_sentences_than_the_grammar_has_are_refused() -> None:
    with pytest.raises(StageError, match=r"val: the grammar gives no more new sentences \(pair\); ask for fewer"):
        dict(DATASET.origin.make(SentencesOptions(seed=3, train=20, val=200_000, test=20)))


def broken(table: pd.DataFrame, train: pd.DataFrame, split: str) -> pd.DataFrame:
    """`table` with another error in each of its first rows, and one row too many."""
    ids, texts, pairs, corpora = (list(table[column]) for column in reader.COLUMNS)
    alone, paired = ([row for row, pair in enumerate(pairs) if (pair >= 0) == kind] for kind in (False, True))
    ids[0] = 1
    texts[paired[0]] = texts[paired[0]].upper()
    texts[paired[1]] = "the " * 21
    texts[alone[0]] = texts[alone[1]]
    texts[alone[2]] = train.loc[train["pair"] < 0, "text"].iloc[5]
    meeting = "white blood cells and a tumour" if split != "test" else "white blood cells and an infection"
    texts[alone[3]] = f"there are {meeting}"
    added = {"id": len(ids), "text": "one more", "pair": 10**6, "corpus": "mr"}
    return pd.DataFrame([*zip(ids, texts, pairs, corpora, strict=True), tuple(added.values())], columns=list(added))


def test_every_rule_has_a_broken_table_that_it_catches(prepared: Prepared) -> None:
    tables = prepared.tables
    good, every = failures(DATASET, SMALL, tables, prepared)
    assert good == set()
    bad, _ = failures(DATASET, SMALL, {s: broken(t, tables["train"], s) for s, t in tables.items()}, prepared)
    assert every - bad == set()


def test_pairs_out_of_step_are_caught(prepared: Prepared) -> None:
    test = prepared.tables["test"]
    shifted = test.assign(pair=[*test["pair"].iloc[1:], test["pair"].iloc[0]])
    found, _ = failures(DATASET, SMALL, prepared.tables | {"test": shifted}, prepared)
    assert ("test", "a pair is two sentences of the very same words") in found


def published(folder: Path, mr: list[str], pairs: list[str]) -> Prepared:
    """What is read of archives in the published layouts, with these sentences."""
    (folder / "polarity").write_bytes(pack_polarity(mr, ["b a", "a  b"]))
    lines = "".join(f"{english}\t嗨。\tCC-BY\n" for english in pairs)
    (folder / "cmn-eng.zip").write_bytes(pack({"cmn.txt": lines.encode(), "_about.txt": b""}))
    return DATASET.read(folder)


def test_published_sentences_keep_their_splits_and_long_ones_are_left_out(tmp_path: Path) -> None:
    films = [f"a film number {number}" for number in range(60)]
    says = [f"{number} times, he said." for number in range(60)]
    found = published(tmp_path, [*films, "long " * 21], [*says, "Long " * 21])
    assert found.facts["sentences"] == {"mr": 63, "tatoeba": 61}
    assert found.facts["kept"] == 122
    folds = {"train": set(range(8)), "val": {8}, "test": {9}}
    for split, table in found.tables.items():
        of_mr = table["corpus"] == "mr"
        assert {fold_of(text) for text in table.loc[of_mr, "text"]} == folds[split]
        assert {tatoeba.split_of(says[line]) for line in table.loc[~of_mr, "id"] - 100_001} == {split}
        assert set(table["pair"]) == {-1}
    assert fold_of("b a") == fold_of("a b")


def test_a_sentence_of_both_corpora_is_tatoebas_and_counts_once(tmp_path: Path) -> None:
    for number in range(9):  # whatever the split that MR had it in
        found = published(tmp_path, [f"fantastic {number} !", "a film ."], [f"Fantastic {number}!", "Hi.", "hi."])
        every = pd.concat(found.tables.values())
        assert every["text"].value_counts()[f"fantastic {number} !"] == 1
        row = every.set_index("text").loc[f"fantastic {number} !"]
        assert (row["id"], row["corpus"]) == (100_001, "tatoeba")
        assert row.name in set(found.tables[tatoeba.split_of(f"Fantastic {number}!")]["text"])
        assert found.facts["in_both"] == 1
        assert sorted(every.loc[every["corpus"] == "tatoeba", "id"]) == [100_001, 100_002]


@pytest.mark.parametrize(
    ("written", "as_in_mr"),
    [
        ("Don't go, Tom!", "don't go , tom !"),
        ('"It\'s 7:30 a.m.," he said.', '" it\'s 7 : 30 a . m . , " he said .'),
        ("It's a well-known fact: 10% of 1,000 is $100.", "it's a well-known fact : 10% of 1 , 000 is $100 ."),
        ("Is this (really) him?", "is this ( really ) him ?"),
    ],
)
def test_tatoeba_is_written_as_mr_is(written: str, as_in_mr: str) -> None:
    assert reader.as_in_mr(written) == as_in_mr
    assert reader.as_in_mr(as_in_mr) == as_in_mr


def test_every_rule_on_published_sentences_has_a_broken_table(tmp_path: Path) -> None:
    numbers = range(90)
    found = published(tmp_path, [f"film {one} ." for one in numbers], [f"He has {one}." for one in numbers])
    tables = {}
    for split, table in found.tables.items():
        ids, texts, pairs, corpora = (list(table[column]) for column in reader.COLUMNS)
        ids[0], pairs[1], corpora[1] = ids[1], 3, "grammar"
        texts[2], texts[3], texts[4], texts[-1] = "Film 1 .", "no blank.", "cafÃ© .", "a " * 21
        texts[-2] = texts[-3] = found.tables["train"]["text"].iloc[-4]
        tables[split] = pd.DataFrame(dict(zip(reader.COLUMNS, (ids, texts, pairs, corpora), strict=True)))
    bad, every = failures(DATASET, SMALL, tables, found, "public")
    assert every - bad == set()


def test_an_archive_that_lacks_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "polarity").write_bytes(pack({"rt-polarity.pos": b"a\n"}))
    with pytest.raises(StageError, match=r"polarity lacks rt-polarity\.neg; it has rt-polarity\.pos"):
        DATASET.read(tmp_path)


@pytest.mark.mirror
@pytest.mark.skipif("DATA_MIRROR" not in os.environ, reason="DATA_MIRROR names no folder with published data")
def test_mr_and_tatoeba_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mirror = Path(os.environ["DATA_MIRROR"]).absolute()
    monkeypatch.setenv("DATA_MIRROR", str(mirror))
    params = "data: {source: public}\ndatasets: {sentences: {builtin: {seed: 3, train: 300, val: 60, test: 100}}}\n"
    tables = through_the_stages("sentences", params, monkeypatch, tmp_path)
    assert {split: len(table) for split, table in tables.items()} == {"train": 24676, "val": 1648, "test": 1628}
    mr = polarity.read_polarity(mirror / polarity.PUBLIC.published)["text"]
    unlike = mr[mr.map(reader.as_in_mr) != mr]  # MR's lower case left the capitals of four lines in Portuguese
    assert len(unlike) == 4
    assert (unlike.str.lower() == unlike.map(reader.as_in_mr)).all()
    # what `translation` tests, `sentences` never trains on
    pairs = [english for _, english, _ in tatoeba.read_tatoeba(mirror / tatoeba.PUBLIC.published)]
    tested = {reader.as_in_mr(english) for english in pairs if tatoeba.split_of(english) == "test"}
    assert tested & set(tables["train"]["text"]) == set()
    assert len(tested & set(tables["test"]["text"])) == 1085
