"""Reading what `stages` leaves for training: validated tables, less the rows that quarantine set aside."""

from pathlib import Path
from typing import Any

import pandas as pd
from safetensors import safe_open
from torch import Tensor

import params
from pipelines.files import digest_of, read_json, read_sealed

DATA = Path("data")
VALIDATED = DATA / "validated"
SPLITS = ("train", "val", "test")


def tables_of(dataset: str) -> Path:
    """Where a data set's validated tables are. Raises ValueError where they are not, or not as they were validated."""
    folder = VALIDATED / dataset
    if not (folder / "card.json").is_file():
        raise ValueError(f"no validated data set {dataset!r} in {folder}: run `dvc repro {stage_of(dataset)}` first")
    try:
        _check(folder)
    except ValueError as error:
        raise ValueError(f"{error}: `make repro` makes it again, and `dvc repro --force {stage_of(dataset)}`") from None
    return folder


def _check(folder: Path) -> None:
    """Raises ValueError that names the file which differs from what the card lists; a digest once a process."""
    for name, entry in read_card(folder).get("tables", {}).items():
        digests = {"parquet": entry["sha256"], "safetensors": entry.get("arrays_sha256")}
        for kind, digest in digests.items():
            path = folder / f"{name}.{kind}"
            if digest and not path.is_file():
                raise ValueError(f"{path} is missing: card.json beside it lists it")
            if digest and digest_of(path) != digest:
                raise ValueError(f"{path} is damaged: it is not the table that was validated (its digest differs)")


def stage_of(dataset: str) -> str:
    """The DVC stage that validates a data set: a user's own has a group of its own."""
    is_own = params.FILE.exists() and dataset in params.read().get(params.OWN, {})
    return f"{params.OWN if is_own else 'validate'}@{dataset}"


def read_card(folder: Path) -> dict[str, Any]:
    """What `validate` noted about the tables in `folder`: their source, licence, rows, digests and facts.

    Raises ValueError that names the card where it has changed since.
    """
    path = folder / "card.json"
    card = read_json(path)
    return read_sealed(path) if card.keys() & {"tables", "sha256"} else card


def load_splits(folder: Path) -> dict[str, pd.DataFrame]:
    """The tables train, val and test of a data set in `folder` (data/validated/<data set>)."""
    return {split: load_table(folder, split) for split in SPLITS}


def load_table(folder: Path, name: str) -> pd.DataFrame:
    """One table of a data set."""
    return pd.read_parquet(folder / f"{name}.parquet")


def load_array(folder: Path, table: str, name: str) -> Tensor:
    """An array that belongs to a table, mapped into memory: only what is looked at is read."""
    with safe_open(folder / f"{table}.safetensors", framework="pt") as arrays:
        found: Tensor = arrays.get_tensor(name)
    return found
