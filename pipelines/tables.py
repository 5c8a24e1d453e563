"""What the stages hand over: prepared tables, less the rows that validation set aside, and what it warned of."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
from safetensors import safe_open
from torch import Tensor

DATA = Path("data")
PREPARED = DATA / "prepared"
SPLITS = ("train", "val", "test")
LONGEST = 2000  # characters of the warnings that a run carries


def tables_of(dataset: str) -> Path:
    """Where a data set's prepared tables are. Raises ValueError where they are not."""
    folder = PREPARED / dataset
    if not (folder / "card.json").is_file():
        raise ValueError(f"no prepared data set {dataset!r} in {folder}: run `dvc repro validate@{dataset}` first")
    return folder


def source_of(dataset: str) -> str:
    """Where a prepared data set comes from: `builtin` or `public`."""
    card = json.loads((tables_of(dataset) / "card.json").read_text(encoding="utf-8"))
    return str(card["source"])


def load_splits(folder: Path) -> dict[str, pd.DataFrame]:
    """The tables train, val and test of a data set in `folder` (data/prepared/<data set>)."""
    return {split: load_table(folder, split) for split in SPLITS}


def load_table(folder: Path, name: str) -> pd.DataFrame:
    """One table of a data set, as prepared, less the rows that validation set aside."""
    table = pd.read_parquet(folder / f"{name}.parquet")
    aside = quarantined(folder).get(name, [])
    return table[~table["id"].isin(aside)].reset_index(drop=True) if aside else table


def load_array(folder: Path, table: str, name: str) -> Tensor:
    """An array that stands beside a table, mapped into memory: only what is looked at is read."""
    with safe_open(folder / f"{table}.safetensors", framework="pt") as arrays:
        found: Tensor = arrays.get_tensor(name)
    return found


def quarantined(folder: Path) -> dict[str, list[Any]]:
    """The ids of the rows that validation set aside, by table; none where the data were not validated."""
    return dict(_result(folder).get("quarantined", {}))


def warnings_of(folder: Path) -> str:
    """What validation warned of without stopping, a line each; '' where nothing."""
    lines = [f"{entry['table']}: {entry['rule']}: {entry['observed']}" for entry in _result(folder).get("warnings", [])]
    text = "\n".join(lines)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ... ({len(lines)} warnings)"


def _result(folder: Path) -> dict[str, Any]:
    """What `validate` wrote about the tables in `folder`; its layout stands in stages/result.py."""
    path = folder.parents[1] / "validation" / folder.name / "result.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
