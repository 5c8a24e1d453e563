"""Raw files of either source to tables."""

from pathlib import Path

from stages.dataset import Prepared
from stages.texts.polarity import (
    ARCHIVE,
    read_polarity,
    split_of,
)
from stages.texts.reviews import VERDICTS
from stages.texts.sizes import SPLITS

COLUMNS = {"id": "int64", "text": "string", "label": "int64", "fold": "int64"}


def read(folder: Path) -> Prepared:
    """A table per split of the folds; ids are the rows of the whole."""
    every = read_polarity(folder / ARCHIVE)
    splits = every["fold"].map(split_of)
    tables = {split: every.loc[splits == split, list(COLUMNS)].reset_index(drop=True) for split in SPLITS}
    folds = [int((every["fold"] == fold).sum()) for fold in range(10)]
    return Prepared(tables, {"labels": list(VERDICTS), "folds": folds})
