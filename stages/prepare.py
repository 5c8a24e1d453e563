"""Prepare: raw files of a data set into tables, which `validate` checks. No training reads them here.

data/work/prepared/<data set>/ holds <table>.parquet, <table>.safetensors for a table with arrays, and card.json.
"""

from pathlib import Path
from typing import Any

import pandas as pd

from stages.dataset import Arrays, Dataset
from stages.files import keep_only, sealed, sha256, sweep, write_json
from stages.manifest import RAW, read_manifest
from stages.settings import Setting
from stages.tables import read_arrays, read_table, write_arrays, write_table

PREPARED = Path("data/work/prepared")
CARD = "card.json"


def prepare(dataset: Dataset[Any], setting: Setting) -> dict[str, Any]:
    """Parse the raw files into tables. Returns the card, which is written last: a folder with a card is complete."""
    manifest = read_manifest(dataset.name, setting) if dataset.manifest is None else dataset.manifest()
    folder = PREPARED / dataset.name
    sweep(folder)
    (folder / CARD).unlink(missing_ok=True)
    prepared = dataset.read(RAW / dataset.name)
    tables, written = {}, set()
    for name, frame in prepared.tables.items():
        path = folder / f"{name}.parquet"
        write_table(path, frame, dataset.columns)
        tables[name] = {"rows": len(frame), "sha256": sha256(path)}
        written.add(path)
        if dataset.arrays:
            path = folder / f"{name}.safetensors"
            write_arrays(path, _typed(dataset, prepared.arrays[name]))
            tables[name]["arrays_sha256"] = sha256(path)
            written.add(path)
    keep_only(folder, written)  # no table of the other source
    card = {
        **{key: manifest[key] for key in ("dataset", "source", "where", "licence", "options")},
        "tables": tables,
        "raw": {path: file["sha256"] for path, file in manifest["files"].items()},
        "facts": prepared.facts,
    }
    if prepared.notes:
        card["notes"] = prepared.notes
    write_json(folder / CARD, sealed(card))
    for note in prepared.notes:
        print(f"prepare {dataset.name}: {note}")
    counts = ", ".join(f"{name} {table['rows']}" for name, table in tables.items())
    print(f"prepare {dataset.name}: {counts} rows in {folder}")
    return card


def read_tables(dataset: Dataset[Any], card: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """The prepared tables that a card lists, as their readers will see them."""
    folder, command = PREPARED / dataset.name, _command(dataset)
    return {name: read_table(folder / f"{name}.parquet", command) for name in card["tables"]}


def read_all_arrays(dataset: Dataset[Any], card: dict[str, Any]) -> dict[str, Arrays]:
    """The arrays beside the prepared tables, by table; none for a data set of text."""
    folder, command = PREPARED / dataset.name, _command(dataset)
    return {name: read_arrays(folder / f"{name}.safetensors", command) for name in card["tables"] if dataset.arrays}


def _command(dataset: Dataset[Any]) -> str:
    return f"python -m stages validate {dataset.name}"


def _typed(dataset: Dataset[Any], arrays: Arrays) -> Arrays:
    found = {name: str(array.dtype) for name, array in arrays.items()}
    assert found == dict(dataset.arrays), f"{dataset.name} declares {dataset.arrays}, its reader gives {found}"  # noqa: S101
    return arrays
