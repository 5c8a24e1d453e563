"""Measurements: tidy tables -> samples and matrices."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.stats.moments import Array
from pipelines.stats.values import Labels
from pipelines.tables import load_table, read_card


@dataclass(frozen=True)
class Reference:
    """The value that a published measurement should have found."""

    value: float
    description: str


CLASSIFIED = ("classes-2d", "classes-7d", "pokemon")  # tables of classes, with a test split
BUNDLED = ("iris", "wine", "digits")  # sets of scikit-learn
REFERENCES = {
    ("michelson", "speed"): Reference(734.5, "today's speed of light, 299,734.5 km/s in air, less 299,000"),
    ("newcomb", "time"): Reference(33.02, "today's value of the time, less 24,800 ns"),
    ("cavendish", "density"): Reference(5.513, "today's density of the earth"),
    ("cavendish", "density2"): Reference(5.513, "today's density of the earth"),
}


@dataclass(frozen=True)
class Sample:
    """The values of one feature in a group of cases."""

    table: str
    group: str  # 'all': the whole table
    feature: str
    values: Array  # (n,)
    clusters: Labels  # (n,) values of one cluster depend on each other; '' is a cluster of one
    ids: NDArray[np.int64]  # (n,) rows of the table

    @property
    def name(self) -> str:
        parts = [self.table, self.group if self.group != "all" else "", self.feature if self.feature != "value" else ""]
        return " / ".join(part for part in parts if part)


@dataclass(frozen=True)
class Cases:
    """Features of cases, each case of a class."""

    name: str
    features: tuple[str, ...]
    rows: Array  # (n, p)
    labels: Labels  # (n,)
    splits: Labels  # (n,)
    clusters: Labels  # (n,)

    def of(self, split: str) -> "Cases":
        """The cases of one split."""
        return self.at(self.splits == split)

    def at(self, chosen: NDArray[Any]) -> "Cases":
        parts = (array[chosen] for array in (self.rows, self.labels, self.splits, self.clusters))
        return Cases(self.name, self.features, *parts)

    def only(self, features: Sequence[str]) -> "Cases":
        """The same cases with some of their features. Raises ValueError for an unknown feature."""
        if unknown := [feature for feature in features if feature not in self.features]:
            raise ValueError(f"{self.name} has no feature {unknown[0]!r}: it has {', '.join(self.features)}")
        columns = [self.features.index(feature) for feature in features]
        return Cases(self.name, tuple(features), self.rows[:, columns], self.labels, self.splits, self.clusters)


def read_tables(folder: Path) -> dict[str, pd.DataFrame]:
    """The tables of `measurements` in `folder`, by name. Raises ValueError where there are none."""
    tables = {path.stem: load_table(folder, path.stem) for path in sorted(folder.glob("*.parquet"))}
    if not tables:
        raise ValueError(f"no tables in {folder}: run `dvc repro validate@measurements` first")
    return tables


def read_truth(folder: Path) -> dict[str, Any]:
    """The true moments of the built-in draws: table -> means, covariance, ...; empty for published tables."""
    truth: dict[str, Any] = read_card(folder)["facts"].get("truth", {})
    return truth


def samples(name: str, table: pd.DataFrame) -> list[Sample]:
    """Each feature of a table, over all cases and, if there are several groups, of each group.

    A value that is the same for all cases of a cluster (the height of a father, in the rows of his children) was
    measured once: it is taken once, and only over all cases.
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
    """A table as a matrix with a row for each case, in order of `case`, and features in the order of the table."""
    features = list(table["feature"].unique())
    rows = table.pivot_table(index="case", columns="feature", values="value")[features]
    kinds = table.drop_duplicates("case").set_index("case").loc[rows.index]
    labels, splits, clusters = (kinds[column].to_numpy(object) for column in ("group", "split", "cluster"))
    return Cases(name, tuple(features), rows.to_numpy(np.float64), labels, splits, clusters)


def bundled(name: str) -> Cases:
    """iris, wine or digits of scikit-learn; they have no splits and no clusters."""
    from sklearn import datasets

    found = {"iris": datasets.load_iris, "wine": datasets.load_wine, "digits": datasets.load_digits}[name]()
    labels = np.array([str(found.target_names[label]) for label in found.target], dtype=object)
    empty = np.full(len(labels), "", dtype=object)
    return Cases(name, tuple(found.feature_names), found.data, labels, empty, empty)
