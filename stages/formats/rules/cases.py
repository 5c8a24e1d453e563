"""The rules of rows of numbers with a class each."""

from typing import Any

import numpy as np
import pandas as pd

from stages.dataset import RuleContext, Suite
from stages.formats.cases import TABLE
from stages.rules.vocabulary import at_least, no_error, row_count_at_least, warning

FEWEST = {"train": 20, "test": 5}  # cases
FEW_OF_CLASS = 10
FAR_OUT = 10  # times the interquartile range beyond the quartiles


def rules(context: RuleContext[Any]) -> list[Suite]:
    """A suite on the numbers, on cases and on classes."""
    table = context.tables[TABLE]
    cases = table.drop_duplicates("case")
    return [
        numbers_suite(TABLE, table),
        *(_size_suite(cases, split) for split in FEWEST),
        _cases_suite(table),
        _classes_suite(context, cases),
    ]


def numbers_suite(name: str, table: pd.DataFrame) -> Suite:
    """Numbers are finite, none is far out, and each feature varies."""
    rows = table.copy()
    rows["infinite"] = np.where(np.isfinite(rows["value"]), "", "not finite")
    by = rows.groupby("feature")["value"]
    low, high = by.transform("quantile", 0.25), by.transform("quantile", 0.75)
    away = np.maximum(low - rows["value"], rows["value"] - high)
    rows["far_out"] = np.where((away > FAR_OUT * (high - low)) & (high > low), "far out", "")
    rows["constant"] = np.where(by.transform("nunique") < 2, "constant", "")
    return Suite(
        name,
        rows,
        [
            no_error("infinite", "numbers are finite"),
            warning(no_error("constant", "no column has the same number in all rows")),
            warning(no_error("far_out", f"no number is {FAR_OUT} interquartile ranges beyond the quartiles")),
        ],
    )


def _size_suite(cases: pd.DataFrame, split: str) -> Suite:
    fewest = FEWEST[split]
    rule = row_count_at_least(fewest, f"{split} has at least {fewest} cases: fewer are too few for what is asked")
    return Suite(f"cases of {split}", cases[cases["split"] == split], [rule])


def _cases_suite(table: pd.DataFrame) -> Suite:
    """Whether cases repeat, are in both splits, or have two classes."""
    wide = table.pivot_table(index="case", columns="feature", values="value")
    kinds = table.drop_duplicates("case").set_index("case").loc[wide.index]
    keys = pd.Series([repr(row) for row in wide.to_numpy().tolist()], index=wide.index)
    rows = pd.DataFrame({"id": wide.index, "class": kinds["group"], "split": kinds["split"]})
    for name, column in (("two_classes", "group"), ("two_splits", "split")):
        rows[name] = np.where(kinds.groupby(keys)[column].transform("nunique") > 1, "both", "")
    rows["repeated"] = np.where(keys.duplicated(), "repeated", "")
    return Suite(
        "cases and their classes",
        rows,
        [
            warning(no_error("two_classes", "no case has two classes")),
            warning(no_error("two_splits", "no case of train is also in test")),
            warning(no_error("repeated", "no case is repeated")),
        ],
    )


def _classes_suite(context: RuleContext[Any], cases: pd.DataFrame) -> Suite:
    labels = context.facts["labels"]
    train = cases[cases["split"] == "train"]["group"].value_counts()
    table = pd.DataFrame(
        {"id": range(len(labels)), "class": labels, "cases": [int(train.get(one, 0)) for one in labels]}
    )
    enough = max(FEW_OF_CLASS, len(context.facts["features"]) + 1)
    return Suite(
        "classes of train",
        table,
        [
            row_count_at_least(2, "there are at least two classes"),
            at_least("cases", 2, "every class has at least two cases in train: a variance needs two"),
            warning(at_least("cases", enough, f"every class has {enough} cases in train")),
        ],
    )
