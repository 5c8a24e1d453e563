"""data/validated/<data set>/: the tables that training reads. They kept every rule; rows set aside are not in them.

The bytes depend on the rows alone, not on how the rules are worded or how many there are.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from stages.checks.quarantine import Aside, without
from stages.dataset import Dataset
from stages.errors import StageError
from stages.files import sealed, sha256, whole, write_json
from stages.prepare import CARD, PREPARED
from stages.tables import write_table

VALIDATED = Path("data/validated")


def withdraw(dataset: Dataset[Any]) -> None:
    """Remove the tables; the card goes first, as a folder without a card is not complete."""
    folder = VALIDATED / dataset.name
    (folder / CARD).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def publish(dataset: Dataset[Any], card: Mapping[str, Any], tables: Mapping[str, pd.DataFrame], aside: Aside) -> None:
    """Write the prepared tables that `card` lists without the rows in `aside`; the card, with their digests, goes last.

    Arrays are copied whole: the rows of a table say which part is their own.
    """
    prepared, folder = PREPARED / dataset.name, VALIDATED / dataset.name
    written: dict[str, dict[str, Any]] = {}
    for name, table in without(tables, aside).items():
        entry, path = card["tables"][name], folder / f"{name}.parquet"
        if aside.get(name):
            write_table(path, table, dataset.columns)
        else:
            _copy(prepared / path.name, path, entry["sha256"])
        written[name] = {**entry, "rows": len(table), "sha256": sha256(path)}
        if "arrays_sha256" in entry:
            arrays = path.with_suffix(".safetensors")
            _copy(prepared / arrays.name, arrays, entry["arrays_sha256"])
    write_json(folder / CARD, sealed({**card, "tables": written}))


def _copy(source: Path, target: Path, digest: str) -> None:
    with whole(target) as stream, source.open("rb") as content:
        shutil.copyfileobj(content, stream, 1 << 20)
    if sha256(target) != digest:
        raise StageError(f"{source} was changed while it was checked. Run the command again.")
