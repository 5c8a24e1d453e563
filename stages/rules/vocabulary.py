"""The vocabulary that rules are written in: a function per kind of rule, which makes one expectation.

The description is the rule in plain English; result.json, the pages and a failing stage show it. `mostly` is the share
of rows that must keep the rule. A data set that breaks a rule fails, unless the rule is made a `warning`.
"""

from collections.abc import Iterable
from typing import Any

from great_expectations.expectations.expectation import Expectation as Rule

from stages.checks.library import FailureSeverity, gxe

__all__ = [
    "Rule",
    "among",
    "at_least",
    "at_most",
    "between",
    "different_values",
    "equal",
    "includes",
    "length_between",
    "matches",
    "mean_above",
    "mean_at_least",
    "mean_between",
    "never_matches",
    "no_error",
    "row_count",
    "row_count_at_least",
    "row_count_between",
    "total",
    "total_between",
    "unique",
    "warning",
]


# -- about every row


def no_error(column: str, description: str, mostly: float = 1.0) -> Rule:
    """A column that was computed for the rule describes what is wrong with a row; every cell must be empty."""
    return among(column, [""], description, mostly)


def among(column: str, values: Iterable[Any], description: str, mostly: float = 1.0) -> Rule:
    """Every cell is one of `values`."""
    return gxe.ExpectColumnValuesToBeInSet(
        column=column, value_set=list(values), description=description, mostly=mostly
    )


def between(column: str, low: float | None, high: float | None, description: str) -> Rule:
    """Every cell is a number from `low` to `high`, both included; None is no limit."""
    return gxe.ExpectColumnValuesToBeBetween(column=column, description=description, min_value=low, max_value=high)


def at_least(column: str, low: float, description: str) -> Rule:
    return between(column, low, None, description)


def at_most(column: str, high: float, description: str) -> Rule:
    return between(column, None, high, description)


def unique(column: str, description: str) -> Rule:
    """No cell is there twice."""
    return gxe.ExpectColumnValuesToBeUnique(column=column, description=description)


def equal(column: str, other: str, description: str) -> Rule:
    """In every row the two columns have the same cell."""
    return gxe.ExpectColumnPairValuesToBeEqual(column_A=column, column_B=other, description=description)


def matches(column: str, regex: str, description: str, mostly: float = 1.0) -> Rule:
    """The regular expression is found in every cell."""
    return gxe.ExpectColumnValuesToMatchRegex(column=column, regex=regex, description=description, mostly=mostly)


def never_matches(column: str, regex: str, description: str) -> Rule:
    """The regular expression is found in no cell."""
    return gxe.ExpectColumnValuesToNotMatchRegex(column=column, regex=regex, description=description)


def length_between(column: str, low: int, high: int, description: str) -> Rule:
    """Every cell is a text of `low` to `high` characters."""
    return gxe.ExpectColumnValueLengthsToBeBetween(
        column=column, min_value=low, max_value=high, description=description
    )


# -- about a whole column


def includes(column: str, values: Iterable[Any], description: str) -> Rule:
    """Each of `values` is in the column."""
    return gxe.ExpectColumnDistinctValuesToContainSet(column=column, value_set=list(values), description=description)


def different_values(column: str, low: int | None, high: int | None, description: str) -> Rule:
    """How many different values the column has."""
    return gxe.ExpectColumnUniqueValueCountToBeBetween(
        column=column, description=description, min_value=low, max_value=high
    )


def mean_between(column: str, low: float | None, high: float | None, description: str) -> Rule:
    return gxe.ExpectColumnMeanToBeBetween(column=column, description=description, min_value=low, max_value=high)


def mean_above(column: str, low: float, high: float, description: str) -> Rule:
    """The mean is more than `low`, and `high` at most."""
    return gxe.ExpectColumnMeanToBeBetween(
        column=column, min_value=low, strict_min=True, max_value=high, description=description
    )


def mean_at_least(column: str, low: float, description: str) -> Rule:
    return mean_between(column, low, None, description)


def total(column: str, value: float, description: str) -> Rule:
    """The cells add up to `value`."""
    return total_between(column, value, value, description)


def total_between(column: str, low: float, high: float, description: str) -> Rule:
    return gxe.ExpectColumnSumToBeBetween(column=column, description=description, min_value=low, max_value=high)


# -- about a table


def row_count(rows: int, description: str) -> Rule:
    return gxe.ExpectTableRowCountToEqual(value=rows, description=description)


def row_count_between(low: int | None, high: int | None, description: str) -> Rule:
    return gxe.ExpectTableRowCountToBeBetween(description=description, min_value=low, max_value=high)


def row_count_at_least(low: int, description: str) -> Rule:
    return row_count_between(low, None, description)


# -- severity


def warning(rule: Rule) -> Rule:
    """The rule as a warning: it is reported when it breaks, and the data set passes."""
    rule.severity = FailureSeverity.WARNING
    return rule
