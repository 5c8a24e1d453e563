"""Data set `language_model`: a closed vocabulary, nothing leaks, and every rule catches an error."""

import hashlib
import os
from pathlib import Path

import pandas as pd
import pytest

from stages.dataset import Prepared
from stages.datasets.language_model import reader
from stages.datasets.language_model.dataset import DATASET
from stages.datasets.language_model.origin import UNKNOWN, LanguageModelOptions
from stages.errors import StageError
from stages.texts.abstracts import terms
from tests.stages.rule_runs import failures, make_and_read, through_the_stages

SMALL = LanguageModelOptions(seed=3, train=500, val=60, test=60)
# Of SMALL. Another digest means: a grammar changed, or this Python draws differently.
DIGEST = "79c89be18b15e98979960ffdb95152a6f4d6da5e1e6a6d05680c47ac9df229db"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return make_and_read(DATASET, SMALL, tmp_path_factory.mktemp("raw"))


def test_the_built_in_files_are_the_same_bytes_everywhere() -> None:
    files = dict(DATASET.origin.make(SMALL))
    assert list(files) == ["train.txt", "valid.txt", "test.txt"]
    assert hashlib.sha256(b"".join(files.values())).hexdigest() == DIGEST


def test_the_vocabulary_is_that_of_train_and_the_rarest_words_are_unknown(prepared: Prepared) -> None:
    words = {split: set(" ".join(table["text"]).split()) for split, table in prepared.tables.items()}
    assert words["val"] | words["test"] <= words["train"]
    assert all(UNKNOWN in found for found in words.values())
    assert not {"beekeeper", "cartographer", "ferryman"} & words["train"], "held-out titles"
    assert prepared.facts["vocabulary"] == len(words["train"])


def test_both_kinds_of_text_are_there(prepared: Prepared) -> None:
    films = prepared.tables["train"]["text"].str.contains(r"\b(?:film|plot|cast|premise|dialogue|score|lead)\b")
    papers = prepared.tables["train"]["text"].str.contains(r"\b(?:paper|figure|table|section|scheduling)\b")
    assert films.sum() > 50
    assert papers.sum() > 50


def test_lines_lose_their_blanks_and_a_cut_line_is_named(tmp_path: Path) -> None:
    for name in ("train.txt", "valid.txt", "test.txt"):
        (tmp_path / name).write_text(" pierre <unk> N years old \n")
    assert list(DATASET.read(tmp_path).tables["val"]["text"]) == ["pierre <unk> N years old"]
    (tmp_path / "test.txt").write_text(" pierre \n <unk> N ye")
    with pytest.raises(StageError, match=r"test\.txt, line 2: the last line is cut off"):
        DATASET.read(tmp_path)


def broken(split: str, table: pd.DataFrame, train: pd.DataFrame) -> pd.DataFrame:
    """`table` with another error in each of its first rows, and one row too many."""
    ids, texts = list(table["id"]), list(table["text"])
    ids[0] = 1
    texts[2] = ""
    texts[3] = "the " * 50
    texts[5] = texts[4]
    texts[6] = train["text"].iloc[7]
    texts[7] = f"{terms('test' if split != 'test' else 'val')[0]} are noted ."
    texts[8] = f"{split}only " + "a" * 30
    return pd.DataFrame({"id": [*ids, len(ids)], "text": [*texts, "one more ."]})


def test_every_rule_has_a_broken_table_that_it_catches(prepared: Prepared) -> None:
    tables = prepared.tables
    good, every = failures(DATASET, SMALL, tables, prepared)
    assert good == set()
    bad, _ = failures(DATASET, SMALL, {s: broken(s, t, tables["train"]) for s, t in tables.items()}, prepared)
    known = {split: table.assign(text=[f"a {UNKNOWN}" for _ in table["id"]]) for split, table in tables.items()}
    poor, _ = failures(DATASET, SMALL, known, prepared)
    assert every - bad - poor == set()


@pytest.mark.mirror
@pytest.mark.skipif("DATA_MIRROR" not in os.environ, reason="DATA_MIRROR names no folder with published data")
def test_penn_treebank_passes_and_one_sentence_less_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_MIRROR", str(Path(os.environ["DATA_MIRROR"]).absolute()))
    params = (
        "data: {source: public}\ndatasets: {language_model: {builtin: {seed: 3, train: 300, val: 60, test: 100}}}\n"
    )
    tables = through_the_stages("language_model", params, monkeypatch, tmp_path)
    assert {split: len(table) for split, table in tables.items()} == {"train": 42068, "val": 3370, "test": 3761}
    assert reader.read(Path("data/raw/language_model")).facts == {
        "words": {"train": 887521, "val": 70390, "test": 78669},
        "vocabulary": 9999,
    }
    found, _ = failures(DATASET, SMALL, tables | {"val": tables["val"].iloc[1:]}, Prepared(tables, {}), "public")
    assert ("val", "there are 3370 sentences, as published") in found
    assert ("val", "the sentences have 70390 words in all, as published") in found
