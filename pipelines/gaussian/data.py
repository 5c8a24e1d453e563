"""Measurements: tidy tables -> samples and matrices, and what every number given by a person has to be."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.gaussian.moments import Array

Labels = NDArray[Any]


@dataclass(frozen=True)
class Reference:
    """What a published measurement should have found."""

    value: float
    says: str


REFERENCES = {
    ("michelson", "speed"): Reference(734.5, "today's speed of light, 299,734.5 km/s in air, less 299,000"),
    ("newcomb", "time"): Reference(33.02, "today's value of the time, less 24,800 ns"),
    ("cavendish", "density"): Reference(5.513, "today's density of the earth"),
    ("cavendish", "density2"): Reference(5.513, "today's density of the earth"),
}


@dataclass(frozen=True)
class Sample:
    """One feature, measured on some cases that belong together."""

    table: str
    group: str  # 'all' where the whole table is meant
    feature: str
    values: Array  # (n,)
    clusters: Labels  # (n,) what each value depends on; '' where it depends on nothing
    ids: NDArray[np.int64]  # (n,) rows of the table

    @property
    def name(self) -> str:
        parts = [self.table, self.group if self.group != "all" else "", self.feature if self.feature != "value" else ""]
        return " / ".join(part for part in parts if part)


@dataclass(frozen=True)
class Cases:
    """Some features of some cases, each case of a class."""

    name: str
    features: tuple[str, ...]
    rows: Array  # (n, p)
    labels: Labels  # (n,)
    splits: Labels  # (n,)
    clusters: Labels  # (n,)

    def of(self, split: str) -> "Cases":
        return self.at(self.splits == split)

    def at(self, chosen: NDArray[Any]) -> "Cases":
        parts = (array[chosen] for array in (self.rows, self.labels, self.splits, self.clusters))
        return Cases(self.name, self.features, *parts)

    def only(self, features: Sequence[str]) -> "Cases":
        columns = [self.features.index(feature) for feature in features]
        return Cases(self.name, tuple(features), self.rows[:, columns], self.labels, self.splits, self.clusters)


def read_tables(folder: Path) -> dict[str, pd.DataFrame]:
    """The prepared tables of `measurements`, by name."""
    tables = {path.stem: pd.read_parquet(path) for path in sorted(folder.glob("*.parquet"))}
    if not tables:
        raise ValueError(f"no tables in {folder}: run `dvc repro validate@measurements` first")
    return tables


def read_truth(folder: Path) -> dict[str, Any]:
    """What is true of the built-in draws: table -> moments, means, covariance; empty for published tables."""
    truth: dict[str, Any] = json.loads((folder / "card.json").read_text(encoding="utf-8"))["facts"].get("truth", {})
    return truth


def samples(name: str, table: pd.DataFrame) -> list[Sample]:
    """Each feature of a table, over all cases and, where there are several groups, of each group.

    What is the same for all cases of a cluster (the height of a father, for his children) was measured once: it is
    taken once, and belongs to no group of cases.
    """
    found = []
    for feature in table["feature"].unique():
        rows = table[table["feature"] == feature]
        clustered = rows[rows["cluster"] != ""].groupby("cluster")["value"]
        parts = {"all": rows}
        if clustered.ngroups and clustered.nunique().max() == 1:
            first = rows.drop_duplicates("cluster")
            parts = {"all": first.assign(cluster="")}
        elif len(rows["group"].unique()) > 1:
            parts |= {str(group): part for group, part in rows.groupby("group", sort=True)}
        found += [_sample(name, group, str(feature), part) for group, part in parts.items()]
    return found


def _sample(table: str, group: str, feature: str, rows: pd.DataFrame) -> Sample:
    clusters = rows["cluster"].to_numpy(object)
    return Sample(table, group, feature, rows["value"].to_numpy(np.float64), clusters, rows["id"].to_numpy(np.int64))


def cases(name: str, table: pd.DataFrame) -> Cases:
    """A table as a matrix, a row per case in order of `case`, features in the order of the table."""
    features = list(table["feature"].unique())
    rows = table.pivot_table(index="case", columns="feature", values="value")[features]
    kinds = table.drop_duplicates("case").set_index("case").loc[rows.index]
    labels, splits, clusters = (kinds[column].to_numpy(object) for column in ("group", "split", "cluster"))
    return Cases(name, tuple(features), rows.to_numpy(np.float64), labels, splits, clusters)


def bundled(name: str) -> Cases:
    """iris, wine or digits as scikit-learn brings them along; they have no split and no clusters."""
    from sklearn import datasets

    found = {"iris": datasets.load_iris, "wine": datasets.load_wine, "digits": datasets.load_digits}[name]()
    labels = np.array([str(found.target_names[label]) for label in found.target], dtype=object)
    nothing = np.full(len(labels), "", dtype=object)
    return Cases(name, tuple(found.feature_names), found.data, labels, nothing, nothing)


def numbers(values: Any, what: str, *, first: int = 0, finite: bool = True, missing: bool = False) -> Array:
    """`values` as an array of floats; float32 stays what it is. Raises ValueError that names the first wrong row.

    `what` is their name in messages and `first` the number of their first row. `missing` lets nan pass, and where
    they need not be `finite` everything passes that is a number.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        array = np.asarray(values, dtype=object)
        for place, value in np.ndenumerate(array):
            if not isinstance(value, Real) or isinstance(value, pd.api.typing.NAType):
                raise ValueError(f"{_place(place, first)} of {what} is {value!r}: expected a number")
    if array.dtype not in (np.float32, np.float64):
        array = array.astype(np.float64)
    if finite:
        wrong = np.isinf(array) if missing else ~np.isfinite(array)
        if wrong.any():
            place = tuple(int(index[0]) for index in np.nonzero(wrong))
            hint = "" if missing else "; leave the row out, or see `missing.fit` for how to estimate with gaps"
            raise ValueError(f"{_place(place, first)} of {what} is {array[place]}: expected a finite number{hint}")
    return array


def _place(index: tuple[int, ...], first: int) -> str:
    row = f"row {first + index[0]}" if index else "the value"
    return row + "".join(f", column {column}" for column in index[1:])


def read_column(path: Path, column: str | None = None) -> tuple[str, Array]:
    """A column of a CSV file and its name; without a name, the only one that holds numbers.

    Raises ValueError for a file without such a column, and for an entry that is no finite number, naming its row.
    """
    try:
        table = pd.read_csv(path)
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise ValueError(f"{path} cannot be read as CSV: {error}") from None
    named = [str(name) for name in table.columns]
    if column is None:
        numeric = [name for name in named if pd.api.types.is_numeric_dtype(table[name])]
        if len(named) == 1:
            numeric = named
        if len(numeric) != 1:
            raise ValueError(f"{path} has {len(numeric)} columns of numbers: name one of {', '.join(named)}")
        column = numeric[0]
    if column not in named:
        raise ValueError(f"{path} has no column {column!r}: it has {', '.join(named)}")
    read = pd.to_numeric(table[column], errors="coerce")
    wrong = read.isna() & table[column].notna()
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        raise ValueError(f"row {row} of column {column!r} of {path} is {table[column][row]!r}: expected a number")
    return column, numbers(read.to_numpy(np.float64), f"column {column!r} of {path}")


def as_sample(values: Any, weights: Any = None, what: str = "values") -> tuple[Array, Array | None]:
    """Values (n,) or rows (n, p) with their weights (n,), rows of weight 0 left out; checked, at least one is there."""
    array = numbers(values, what).astype(np.float64)
    if array.ndim not in (1, 2) or not array.size:
        raise ValueError(f"{what} has shape {array.shape}: expected at least one row of numbers")
    if weights is None:
        return array, None
    given = numbers(weights, "weights").astype(np.float64)
    if given.shape != array.shape[:1]:
        raise ValueError(f"weights has shape {given.shape}: expected one weight for each of {len(array)} rows")
    if (given < 0).any():
        raise ValueError(f"row {int(np.argmax(given < 0))} of weights is {given.min()}: a weight is 0 or more")
    if not given.any():
        raise ValueError("all weights are 0: there is nothing to estimate from")
    return array[given > 0], given[given > 0]
