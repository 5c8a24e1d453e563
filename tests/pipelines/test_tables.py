"""What training sees of the prepared tables, and of what validation said about them."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipelines.tables import LONGEST, load_splits, quarantined, source_of, tables_of, warnings_of


@pytest.fixture
def validated(tables: Path) -> Path:
    """Validation set rows 1 and 4 of train aside, and warned of that."""
    result: dict[str, Any] = {
        "quarantined": {"train": [1, 4]},
        "warnings": [{"table": "train", "rule": "no row is set aside", "observed": "2 rows"}],
    }
    folder = tables.parents[1] / "validation" / "slots"
    folder.mkdir(parents=True)
    (folder / "result.json").write_text(json.dumps(result))
    return tables


def test_tables_by_split(tables: Path) -> None:
    loaded = load_splits(tables)
    assert list(loaded) == ["train", "val", "test"]
    for split, rows in loaded.items():
        assert rows.equals(pd.read_parquet(tables / f"{split}.parquet"))


def test_rows_that_were_set_aside_are_not_seen(validated: Path) -> None:
    whole = pd.read_parquet(validated / "train.parquet")
    seen = load_splits(validated)["train"]
    assert set(whole["id"]) - set(seen["id"]) == {1, 4}
    assert seen.index.tolist() == list(range(len(whole) - 2))
    assert len(load_splits(validated)["val"]) == len(pd.read_parquet(validated / "val.parquet"))


def test_warnings_are_lines_and_cut_where_they_are_long(validated: Path) -> None:
    assert warnings_of(validated) == "train: no row is set aside: 2 rows"
    many = [{"table": "train", "rule": "r" * 50, "observed": "o"}] * 100
    (validated.parents[1] / "validation" / "slots" / "result.json").write_text(json.dumps({"warnings": many}))
    assert len(warnings_of(validated)) < LONGEST + 30
    assert warnings_of(validated).endswith("(100 warnings)")


def test_data_that_were_not_validated(tables: Path) -> None:
    assert quarantined(tables) == {}
    assert warnings_of(tables) == ""


def test_no_prepared_tables(workplace: Path) -> None:
    with pytest.raises(ValueError, match=r"no prepared data set 'digits' in data/prepared/digits: run `dvc repro val"):
        tables_of("digits")
    assert source_of("slots") == "builtin"
