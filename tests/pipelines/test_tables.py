"""What training reads of the validated tables."""

from pathlib import Path

import pandas as pd
import pytest

from pipelines.tables import load_splits, read_card, tables_of


def test_tables_by_split(tables: Path) -> None:
    loaded = load_splits(tables)
    assert list(loaded) == ["train", "val", "test"]
    for split, rows in loaded.items():
        assert rows.equals(pd.read_parquet(tables / f"{split}.parquet"))


def test_the_card_names_the_source(tables: Path) -> None:
    assert read_card(tables)["source"] == "builtin"


def test_no_validated_tables(workplace: Path) -> None:
    with pytest.raises(
        ValueError, match=r"no validated data set 'digits' in data/validated/digits: run `dvc repro val"
    ):
        tables_of("digits")
    assert tables_of("slots") == Path("data/validated/slots")
