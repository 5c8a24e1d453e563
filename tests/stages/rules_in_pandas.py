"""Rules checked by pandas alone, a hundred times as fast as Great Expectations; test_images.py compares the two."""

from typing import Any

import pandas as pd

from stages.dataset import Suite
from tests.stages.rule_runs import Key


def holds(rule: Any, rows: pd.DataFrame) -> bool:
    """Whether one rule holds for a suite's rows."""
    kind = type(rule).__name__
    if kind == "ExpectTableRowCountToEqual":
        return bool(len(rows) == rule.value)
    cells = rows[rule.column]
    if kind == "ExpectColumnValuesToBeUnique":
        return bool(cells.is_unique)
    if kind == "ExpectColumnValuesToBeInSet":
        return bool(cells.isin(rule.value_set).all())
    assert kind == "ExpectColumnValuesToBeBetween"
    return bool(cells.between(rule.min_value, rule.max_value).all())


def failing(suites: list[Suite]) -> set[Key]:
    """The rules that do not hold."""
    return {
        (suite.table, str(rule.description)) for suite in suites for rule in suite.rules if not holds(rule, suite.rows)
    }
