"""Raw files of either source to tables."""

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from stages.dataset import Prepared
from stages.datasets.measurements.origin.sets import PUBLISHED
from stages.errors import StageError
from stages.files import read_json

COLUMNS = {
    "id": "int64",
    "case": "int64",
    "group": "string",
    "cluster": "string",
    "split": "string",
    "feature": "string",
    "value": "float64",
}
FIRST_IN_TEST = 400  # number of the first Pokemon of the test split
POKEMON = {
    "HP": "hp",
    "Attack": "attack",
    "Defense": "defense",
    "Sp. Atk": "special-attack",
    "Sp. Def": "special-defense",
    "Speed": "speed",
}
TRUTH = "truth.json"


@dataclass(frozen=True)
class Case:
    """A measurement."""

    group: str
    cluster: str  # '' for one that depends on no other
    split: str
    measured: Mapping[str, float]


def read(folder: Path) -> Prepared:
    """Parse the files of either source; `truth.json` is there in the built-in one alone."""
    if (folder / TRUTH).is_file():
        truth = read_json(folder / TRUTH, "python -m stages download measurements")
        cases = {name: list(map(_drawn, _read_csv(folder / f"{name}.csv"))) for name in truth}
        return Prepared({name: _table(found) for name, found in cases.items()}, {"truth": truth})
    cases = {}
    for name, (file, parse) in READERS.items():
        cases[name] = [case for row in _read_csv(folder / file) if (case := parse(row))]
    units = {name: {key: feature.unit for key, feature in PUBLISHED[name].features.items()} for name in cases}
    return Prepared({name: _table(found) for name, found in cases.items()}, {"units": units})


def _read_csv(path: Path) -> Iterator["_Named"]:
    """The rows of a CSV file with a header; an error names its line."""
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            table = csv.DictReader(stream, strict=True)
            for row in table:
                if None in row or None in row.values():
                    raise StageError(f"{path}, line {table.line_num}: not {len(table.fieldnames or [])} cells")
                yield _Named(row, f"{path}, line {table.line_num}")
    except (UnicodeDecodeError, csv.Error) as error:
        raise StageError(f"{path} is not a CSV file: {error}") from error


class _Named(dict[str, str]):
    """A row that knows its place in the file."""

    def __init__(self, row: Mapping[str, str], where: str) -> None:
        super().__init__(row)
        self._where = where

    def __missing__(self, key: str) -> str:
        raise StageError(f"{self._where}: the file has no column {key!r}; it has {', '.join(self)}")

    def number(self, key: str) -> float:
        try:
            return float(self[key])
        except ValueError:
            raise StageError(f"{self._where}: {key} is {self[key]!r}, not a number") from None


def _table(cases: list[Case]) -> pd.DataFrame:
    rows = [
        (number, case.group, case.cluster, case.split, feature, value)
        for number, case in enumerate(cases)
        for feature, value in case.measured.items()
    ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS)[1:])
    frame.insert(0, "id", range(len(frame)))
    return frame


def _drawn(row: "_Named") -> Case:
    features = [name for name in row if name not in ("case", "group", "split")]
    return Case(row["group"], "", row["split"], {name: row.number(name) for name in features})


def _michelson(row: "_Named") -> Case:
    series = f"experiment {row['Expt']}"
    return Case(series, series, "train", {"speed": row.number("Speed")})


def _newcomb(row: "_Named") -> Case:
    return Case("all", "", "train", {"time": row.number("dat")})


def _cavendish(row: "_Named") -> Case:
    group = "later" if row["density3"] else "first six"
    return Case(group, "", "train", {name: row.number(name) for name in ("density", "density2")})


def _galton(row: "_Named") -> Case:
    values = {"height": row.number("childHeight"), "father": row.number("father"), "mother": row.number("mother")}
    return Case(row["gender"], f"family {row['family']}", "train", values)


def _pokemon(row: "_Named") -> Case | None:
    if row["Type 1"] not in ("Water", "Normal"):
        return None
    values = {name: row.number(column) for column, name in POKEMON.items()}
    split = "train" if row.number("#") < FIRST_IN_TEST else "test"
    return Case(row["Type 1"], f"number {row['#']}", split, {**values, "total": sum(values.values())})


READERS: dict[str, tuple[str, Callable[["_Named"], Case | None]]] = {
    "michelson": ("morley.csv", _michelson),
    "newcomb": ("newcomb.csv", _newcomb),
    "cavendish": ("Cavendish.csv", _cavendish),
    "galton": ("GaltonFamilies.csv", _galton),
    "pokemon": ("pokemon_data.csv", _pokemon),
}
