"""What a data set's rules are written in: a function per kind of rule, each of which makes one expectation.

The last words of a call are the rule in plain English, which is what result.json, the pages and a failing stage show.
`mostly` is the share of rows that must keep a rule. A rule is critical, so that its data set fails
with it, unless it is made a `warning`.
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


def no_error(column: str, says: str, mostly: float = 1.0) -> Rule:
    """A column that was computed for the rule says what is wrong with a row; it must be empty."""
    return among(column, [""], says, mostly)


def among(column: str, values: Iterable[Any], says: str, mostly: float = 1.0) -> Rule:
    """Every cell is one of `values`."""
    return gxe.ExpectColumnValuesToBeInSet(column=column, value_set=list(values), description=says, mostly=mostly)


def between(column: str, low: float | None, high: float | None, says: str) -> Rule:
    """Every cell is a number from `low` to `high`, both included; None is no limit."""
    return gxe.ExpectColumnValuesToBeBetween(column=column, description=says, min_value=low, max_value=high)


def at_least(column: str, low: float, says: str) -> Rule:
    return between(column, low, None, says)


def at_most(column: str, high: float, says: str) -> Rule:
    return between(column, None, high, says)


def unique(column: str, says: str) -> Rule:
    """No cell is there twice."""
    return gxe.ExpectColumnValuesToBeUnique(column=column, description=says)


def equal(column: str, other: str, says: str) -> Rule:
    """In every row the two columns have the same cell."""
    return gxe.ExpectColumnPairValuesToBeEqual(column_A=column, column_B=other, description=says)


def matches(column: str, regex: str, says: str, mostly: float = 1.0) -> Rule:
    """The regular expression is found in every cell."""
    return gxe.ExpectColumnValuesToMatchRegex(column=column, regex=regex, description=says, mostly=mostly)


def never_matches(column: str, regex: str, says: str) -> Rule:
    """The regular expression is found in no cell."""
    return gxe.ExpectColumnValuesToNotMatchRegex(column=column, regex=regex, description=says)


def length_between(column: str, low: int, high: int, says: str) -> Rule:
    """Every cell is a text of `low` to `high` characters."""
    return gxe.ExpectColumnValueLengthsToBeBetween(column=column, min_value=low, max_value=high, description=says)


# -- about a whole column


def includes(column: str, values: Iterable[Any], says: str) -> Rule:
    """Each of `values` is in the column."""
    return gxe.ExpectColumnDistinctValuesToContainSet(column=column, value_set=list(values), description=says)


def different_values(column: str, low: int | None, high: int | None, says: str) -> Rule:
    """How many different values the column has."""
    return gxe.ExpectColumnUniqueValueCountToBeBetween(column=column, description=says, min_value=low, max_value=high)


def mean_between(column: str, low: float | None, high: float | None, says: str) -> Rule:
    return gxe.ExpectColumnMeanToBeBetween(column=column, description=says, min_value=low, max_value=high)


def mean_above(column: str, low: float, high: float, says: str) -> Rule:
    """The mean is more than `low`, and `high` at most."""
    return gxe.ExpectColumnMeanToBeBetween(
        column=column, min_value=low, strict_min=True, max_value=high, description=says
    )


def mean_at_least(column: str, low: float, says: str) -> Rule:
    return mean_between(column, low, None, says)


def total(column: str, value: float, says: str) -> Rule:
    """The cells add up to `value`."""
    return total_between(column, value, value, says)


def total_between(column: str, low: float, high: float, says: str) -> Rule:
    return gxe.ExpectColumnSumToBeBetween(column=column, description=says, min_value=low, max_value=high)


# -- about a table


def row_count(rows: int, says: str) -> Rule:
    return gxe.ExpectTableRowCountToEqual(value=rows, description=says)


def row_count_between(low: int | None, high: int | None, says: str) -> Rule:
    return gxe.ExpectTableRowCountToBeBetween(description=says, min_value=low, max_value=high)


def row_count_at_least(low: int, says: str) -> Rule:
    return row_count_between(low, None, says)


# -- severity


def warning(rule: Rule) -> Rule:
    """The rule as a warning: what breaks it is reported, and the data set passes."""
    rule.severity = FailureSeverity.WARNING
    return rule
