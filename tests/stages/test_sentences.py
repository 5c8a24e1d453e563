"""Data set `sentences`: pairs of the very same words, actors that meet in test alone, and rules that catch errors."""

import hashlib
import os
from pathlib import Path

import pandas as pd
import pytest

from stages.archives import pack
from stages.dataset import Prepared
from stages.datasets import sentences
from stages.datasets.sentences import DATASET, SentencesOptions
from stages.datasets.sentences.grammar import LONGEST, actors_in
from stages.errors import StageError
from stages.texts.polarity import fold_of, pack_polarity
from tests.stages.rule_runs import failures, make_and_read, through_the_stages

SMALL = SentencesOptions(seed=3, train=300, val=40, test=60)
# Of SMALL. Another digest means: the grammar changed, or this Python draws differently.
DIGEST = "50d96c6b002f5c74f4d3665933a0e0b6e638a655c731dc2fbe1ed66177d0f527"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return make_and_read(DATASET, SMALL, tmp_path_factory.mktemp("raw"))


def test_the_built_in_files_are_the_same_bytes_everywhere() -> None:
    ((_, content),) = DATASET.make(SMALL)
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
        dict(DATASET.make(SentencesOptions(seed=3, train=20, val=200_000, test=20)))


def broken(table: pd.DataFrame, train: pd.DataFrame, split: str) -> pd.DataFrame:
    """`table` with another error in each of its first rows, and one row too many."""
    ids, texts, pairs = (list(table[column]) for column in sentences.COLUMNS)
    alone, paired = ([row for row, pair in enumerate(pairs) if (pair >= 0) == kind] for kind in (False, True))
    ids[0] = 1
    texts[paired[0]] = texts[paired[0]].upper()
    texts[paired[1]] = "the " * 21
    texts[alone[0]] = texts[alone[1]]
    texts[alone[2]] = train.loc[train["pair"] < 0, "text"].iloc[5]
    meeting = "white blood cells and a tumour" if split != "test" else "white blood cells and an infection"
    texts[alone[3]] = f"there are {meeting}"
    return pd.DataFrame({"id": [*ids, len(ids)], "text": [*texts, "one more"], "pair": [*pairs, 10**6]})


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


def test_the_published_layout_is_read_and_long_sentences_left_out(tmp_path: Path) -> None:
    texts = [f"a film number {number}" for number in range(60)]
    (tmp_path / "polarity").write_bytes(pack_polarity([*texts, "long " * 21], ["b a", "a  b"]))
    found = DATASET.read(tmp_path)
    assert found.facts["published"] == 63
    assert found.facts["kept"] == 62
    folds = {"train": set(range(8)), "val": {8}, "test": {9}}
    for split, table in found.tables.items():
        assert {fold_of(text) for text in table["text"]} == folds[split]
        assert set(table["pair"]) == {-1}
    assert fold_of("b a") == fold_of("a b")


def test_an_archive_that_lacks_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "polarity").write_bytes(pack({"rt-polarity.pos": b"a\n"}))
    with pytest.raises(StageError, match=r"polarity lacks rt-polarity\.neg; it has rt-polarity\.pos"):
        DATASET.read(tmp_path)


@pytest.mark.mirror
@pytest.mark.skipif("DATA_MIRROR" not in os.environ, reason="DATA_MIRROR names no folder with published data")
def test_mr_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_MIRROR", str(Path(os.environ["DATA_MIRROR"]).absolute()))
    params = (
        "data: {source: public}\ndatasets: "
        "{sentences: {code: sentences, builtin: {seed: 3, train: 300, val: 60, test: 100}}}\n"
    )
    tables = through_the_stages("sentences", params, monkeypatch, tmp_path)
    assert {split: len(table) for split, table in tables.items()} == {"train": 4281, "val": 534, "test": 543}
