"""Kind `numbers`: columns of numbers -> the tidy table `numbers`, each column a sample of the estimates."""

import numpy as np

from stages.dataset import Prepared
from stages.formats.cases import COLUMNS, CaseOptions, features_of, tidy
from stages.formats.kind import Kind, Request, Suited
from stages.formats.rows import read_rows

TABLE = "numbers"


def read(request: Request) -> Prepared:
    """One table, `numbers`, without splits: nothing is chosen or predicted. Cells without a number are left out."""
    rows = read_rows(request.path, request.options)
    group = rows.find("group", request.columns, ())
    features = features_of(rows, request, without=(group,))
    values = np.column_stack([rows.numbers(feature) for feature in features])
    table = tidy(values, features, "all", ["train"] * len(values), None if group is None else rows.table[group])
    gaps = int(table["value"].isna().sum())
    table = table[table["value"].notna()].reset_index(drop=True)
    table["id"] = range(len(table))
    left_out = [f"{gaps:,} cells without a number left out"] if gaps else []
    notes = [*rows.notes, f"columns of numbers: {', '.join(features)}", *left_out]
    return Prepared({TABLE: table}, {"features": list(features)}, notes=notes)


def suited(prepared: Prepared) -> Suited:
    """The closed form has no settings; simulations that test the intervals are fewer where samples are many."""
    return Suited({}, f"{len(prepared.tables[TABLE]):,} numbers in {len(prepared.facts['features'])} columns")


KIND = Kind(
    name="numbers",
    about="columns of numbers: CSV, TSV, JSON lines, Parquet",
    roles={"group": "rows that depend on each other"},
    options=CaseOptions,
    columns=COLUMNS,
    read=read,
    like="gaussian-mle",
    suited=suited,
    places=("case",),
    answers=False,
)
