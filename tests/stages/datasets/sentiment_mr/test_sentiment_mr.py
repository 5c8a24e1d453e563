"""Data set `sentiment_mr`: ten folds told by the words alone, and every rule catches an error."""

import hashlib
import os
from pathlib import Path

import pandas as pd
import pytest

from stages.dataset import Prepared
from stages.datasets.sentiment_mr import reader
from stages.datasets.sentiment_mr.dataset import DATASET
from stages.datasets.sentiment_mr.origin import SentimentMrOptions
from stages.texts.reviews import bag
from tests.stages.rule_runs import failures, make_and_read, through_the_stages

SMALL = SentimentMrOptions(seed=3, reviews=500)
# Of SMALL. Another digest means: the grammar changed, or this Python draws differently.
DIGEST = "77264fa400bccb8ef62eeb04f5f1eec2b2b788dc651d0527fb6a3568dafb9faf"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return make_and_read(DATASET, SMALL, tmp_path_factory.mktemp("raw"))


def test_the_built_in_files_are_the_same_bytes_everywhere() -> None:
    ((_, content),) = DATASET.origin.make(SMALL)
    assert hashlib.sha256(content).hexdigest() == DIGEST


def test_too_few_reviews_are_refused() -> None:
    with pytest.raises(ValueError, match="reviews must be at least 100, found 99"):
        SentimentMrOptions(seed=3, reviews=99)


def test_a_pair_stays_in_one_fold(prepared: Prepared) -> None:
    every = pd.concat(prepared.tables.values())
    assert sorted(every["id"]) == list(range(500))
    assert set(every["fold"]) == set(range(10))
    folds = every.groupby(every["text"].map(bag))["fold"].nunique()
    assert folds.max() == 1
    assert sum(prepared.facts["folds"]) == 500


def broken(table: pd.DataFrame, train: pd.DataFrame) -> pd.DataFrame:
    """`table` with another error in each of its first rows."""
    ids, texts, labels, folds = (list(table[column]) for column in reader.COLUMNS)
    ids[0] = ids[1]
    texts[2] = texts[2].upper()
    texts[3] = "the " * 60
    texts[5] = texts[4]
    texts[6] = train["text"].iloc[7]
    labels[8] = 2
    folds[9] = 10
    return pd.DataFrame({"id": ids, "text": texts, "label": labels, "fold": folds})


def test_every_rule_has_a_broken_table_that_it_catches(prepared: Prepared) -> None:
    tables = prepared.tables
    good, every = failures(DATASET, SMALL, tables, prepared)
    assert good == set()
    bad, _ = failures(DATASET, SMALL, {s: broken(t, tables["train"]) for s, t in tables.items()}, prepared)
    thirds, _ = failures(
        DATASET, SMALL, {s: t.iloc[: len(t) // 3].assign(label=1) for s, t in tables.items()}, prepared
    )
    exchanged, _ = failures(DATASET, SMALL, {s: t.assign(label=1 - t["label"]) for s, t in tables.items()}, prepared)
    assert every - bad - thirds - exchanged == set()
    says = "of the reviews that praise more than they blame, or the reverse, 80% are labelled so"
    assert ("verdicts", says) in exchanged


@pytest.mark.mirror
@pytest.mark.skipif("DATA_MIRROR" not in os.environ, reason="DATA_MIRROR names no folder with published data")
def test_mr_passes_and_one_review_less_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_MIRROR", str(Path(os.environ["DATA_MIRROR"]).absolute()))
    params = "data: {source: public}\ndatasets: {sentiment_mr: {builtin: {seed: 3, reviews: 500}}}\n"
    tables = through_the_stages("sentiment_mr", params, monkeypatch, tmp_path)
    assert sum(len(table) for table in tables.values()) == 10662
    assert sum(table["label"].sum() for table in tables.values()) == 5331
    found, _ = failures(DATASET, SMALL, tables | {"val": tables["val"].iloc[1:]}, Prepared(tables, {}), "public")
    assert ("all folds", "there are 10662 reviews in all folds, as published") in found
