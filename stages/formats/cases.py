"""Kind `cases`: rows of numbers with a class each -> the tidy table `cases`, for Gaussian classifiers.

A table with a column of classes; the columns of numbers are its features, all of them or those that are named.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from stages.dataset import Prepared
from stages.errors import StageError
from stages.formats.kind import Kind, Request, Suited, TextOptions
from stages.formats.rows import Rows, read_rows

COLUMNS = {
    "id": "int64",
    "case": "int64",
    "group": "string",
    "cluster": "string",
    "split": "string",
    "feature": "string",
    "value": "float64",
}
LABEL = ("class", "label", "category", "group", "species", "target", "type", "kind", "diagnosis", "outcome")
TABLE = "cases"


@dataclass(frozen=True)
class CaseOptions(TextOptions):
    """Options of `cases` and `numbers`."""

    features: tuple[str, ...] = ()  # columns; none named: all that hold numbers


def read(request: Request) -> Prepared:
    """One table, `cases`; val rows are train's, as classifiers are chosen by cross-validation within train."""
    rows = read_rows(request.path, request.options)
    label = rows.need("label", request.columns, LABEL)
    group = rows.find("group", request.columns, ())
    given, split_column = rows.given(request.columns)
    features = features_of(rows, request, without=(label, split_column, group))
    values = np.column_stack([rows.numbers(feature) for feature in features])
    classes = rows.table[label].str.strip()
    contents = ["\0".join(map(repr, row)) for row in values.tolist()]
    groups = None if group is None else list(rows.table[group])
    split = request.assign(given, contents, groups=groups, classes=list(classes))
    splits = ["test" if one == "test" else "train" for one in split.splits]
    table = tidy(values, features, classes.mask(classes == ""), splits, None if group is None else rows.table[group])
    names = sorted(set(classes) - {""})
    counts = classes.value_counts()
    notes = [
        *rows.notes,
        f"columns: the class is {label}; features are {', '.join(features)}",
        *split.notes,
        "val is part of train: classifiers are chosen by cross-validation within it",
        f"{len(names)} classes: " + ", ".join(f"{name} {counts[name]:,}" for name in names[:20]),
    ]
    facts = {"labels": names, "features": list(features)}
    return Prepared({TABLE: table}, facts, notes=notes)


def features_of(rows: Rows, request: Request, without: tuple[str | None, ...]) -> list[str]:
    """The columns of numbers that are asked for, or all but those `without`, which have another role."""
    numeric = rows.numeric()
    chosen = list(request.options.features) or [name for name in numeric if name not in without]
    columns = [str(column) for column in rows.table.columns]
    if unknown := [name for name in chosen if name not in columns]:
        raise StageError(f"{request.path} has no column {unknown[0]!r}: it has {', '.join(columns)}")
    if not chosen:
        raise StageError(f"{request.path} has no column of numbers: it has {', '.join(columns)}")
    return chosen


def tidy(
    values: np.ndarray,
    features: list[str],
    classes: "pd.Series[str] | str",
    splits: list[str],
    clusters: "pd.Series[str] | None" = None,
) -> pd.DataFrame:
    """A row for each case and feature."""
    count, width = values.shape
    case = np.repeat(np.arange(count), width)

    def each(cells: "pd.Series[str] | list[str] | str") -> object:
        return cells if isinstance(cells, str) else np.repeat(np.asarray(cells, dtype=object), width)

    table = pd.DataFrame(
        {
            "id": np.arange(count * width),
            "case": case,
            "group": each(classes),
            "cluster": each("" if clusters is None else clusters),
            "split": each(splits),
            "feature": np.tile(np.asarray(features, dtype=object), count),
            "value": values.reshape(-1),
        }
    )
    return table.astype(dict.fromkeys(("group", "cluster", "split", "feature"), "str"))


def suited(prepared: Prepared) -> Suited:
    """Three kinds of covariance; for few rows of a class one of its own is shrunk."""
    table = prepared.tables[TABLE]
    features = prepared.facts["features"]
    train = table[table["split"] == "train"].drop_duplicates("case")
    fewest = int(train["group"].value_counts().min())
    is_thin = fewest < 10 * len(features)
    model = {"table": TABLE, "plotted_features": (features * 2)[:2], "other_sets": []}
    variants: dict[str, object] = {"shared": {}, "separate": {}, "naive": {}}
    why = f"{fewest:,} rows of the smallest class, {len(features)} features"
    if is_thin:
        variants["separate"] = {"model": {"shrinkage": 0.1}}
        why += ": a covariance for each class is shrunk"
    return Suited({"model": model, "variants": variants}, why)


KIND = Kind(
    name="cases",
    about="rows of numbers with a class each: CSV, TSV, JSON lines, Parquet",
    roles={"label": "the class", "split": "train or test", "group": "rows kept together"},
    options=CaseOptions,
    columns=COLUMNS,
    read=read,
    like="gaussian-classification",
    suited=suited,
    places=("case",),
)
