"""Prepare: raw files of a data set into tables, data/prepared/<data set>/<split>.parquet, and a card about them."""

from pathlib import Path
from typing import Any

from stages.dataset import Arrays, Dataset
from stages.files import keep_only, sha256, sweep, write_arrays, write_json, write_table
from stages.manifest import RAW, read_manifest
from stages.settings import Setting

PREPARED = Path("data/prepared")
CARD = "card.json"


def prepare(dataset: Dataset[Any], setting: Setting) -> None:
    """Parse the raw files into tables; the card goes last, so a folder with a card is complete."""
    manifest = read_manifest(dataset, setting)
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
    write_json(
        folder / CARD,
        {
            **{key: manifest[key] for key in ("dataset", "source", "where", "licence", "options")},
            "tables": tables,
            "raw": {path: file["sha256"] for path, file in manifest["files"].items()},
            "facts": prepared.facts,
        },
    )
    counts = ", ".join(f"{name} {table['rows']}" for name, table in tables.items())
    print(f"prepare {dataset.name}: {counts} rows in {folder}")


def _typed(dataset: Dataset[Any], arrays: Arrays) -> Arrays:
    found = {name: str(array.dtype) for name, array in arrays.items()}
    assert found == dict(dataset.arrays), f"{dataset.name} declares {dataset.arrays}, its reader gives {found}"  # noqa: S101
    return arrays
