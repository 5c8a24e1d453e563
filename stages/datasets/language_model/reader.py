"""Raw files of either source to tables."""

from itertools import chain
from pathlib import Path

import pandas as pd

from stages.dataset import Prepared
from stages.datasets.language_model.origin import FILES
from stages.texts.lines import read_lines

COLUMNS = {"id": "int64", "text": "string"}


def read(folder: Path) -> Prepared:
    """Parse the published layout; every line starts and ends with a blank there."""
    tables = {split: _read_split(folder / name) for split, name in FILES.items()}
    words = {split: int(table["text"].str.split().map(len).sum()) for split, table in tables.items()}
    return Prepared(tables, {"words": words, "vocabulary": len(_vocabulary(tables["train"]))})


def _read_split(path: Path) -> pd.DataFrame:
    lines = read_lines(path)
    return pd.DataFrame({"id": range(len(lines)), "text": [" ".join(line.split()) for line in lines]})


def _vocabulary(table: pd.DataFrame) -> set[str]:
    return set(chain.from_iterable(table["text"].str.split()))
