"""The rules of every data set, which are checked before its own."""

from collections.abc import Mapping
from itertools import zip_longest

import pandas as pd

from stages.dataset import Suite
from stages.rules.vocabulary import equal, no_error


def shape_suites(tables: Mapping[str, pd.DataFrame], columns: Mapping[str, str]) -> list[Suite]:
    """Every rule of a data set relies on these: the columns are there, have their types, and no cell is empty."""
    suites = [_columns_suite(tables, columns)]
    for name, rows in tables.items():
        holes = rows.isna()
        empty = [", ".join(rows.columns[row]) for row in holes.to_numpy()] if holes.to_numpy().any() else ""
        numbered = rows if "id" in rows else rows.assign(id=range(len(rows)))
        suites.append(Suite(name, numbered.assign(empty=empty), [no_error("empty", "no cell is empty")]))
    return suites


def _columns_suite(tables: Mapping[str, pd.DataFrame], columns: Mapping[str, str]) -> Suite:
    """A row per table and column: a rule per column and table would cost Great Expectations more than all others."""
    types = {"string": "str"}  # Arrow's name -> pandas'
    declared = [f"{column} {types.get(kind, kind)}" for column, kind in columns.items()]
    rows = []
    for name, table in tables.items():
        found = [f"{column} {kind}" for column, kind in table.dtypes.items()]
        rows += [(name, *pair) for pair in zip_longest(found, declared, fillvalue="none")]
    frame = pd.DataFrame(rows, columns=["table", "found", "declared"])
    frame.insert(0, "id", range(len(frame)))
    description = f"the columns of every table are {', '.join(columns)}, each of its declared type"
    return Suite("columns", frame, [equal("found", "declared", description)])
