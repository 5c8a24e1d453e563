"""Quarantine: which rows are set aside, until what is left keeps the rules; and what then counts as delivered."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import great_expectations.expectations as gxe
import pandas as pd
import pytest

from stages.checks.expectations import Outcome
from stages.checks.quarantine import CheckedRows, check_rows, count_rules_apart, without, write_quarantine
from stages.dataset import Suite

Tables = Mapping[str, pd.DataFrame]
Rule = Callable[[pd.DataFrame], "pd.Series[bool]"]  # which rows keep it

TABLES = {
    "train": pd.DataFrame({"id": range(10), "case": [row // 2 for row in range(10)], "value": range(10)}),
    "test": pd.DataFrame({"id": range(100, 104), "case": 0, "value": 1}),
}


def outcome(table: str, rule: str, ids: list[Any], **more: Any) -> Outcome:
    entry: dict[str, Any] = {"limits": {}, "success": not ids, "severity": "critical", **more}
    return Outcome(table=table, rule=rule, expectation="", observed=None, failing=len(ids), ids=ids, rows=[], **entry)


def checking(rules: dict[str, Rule]) -> Callable[[Tables], list[Outcome]]:
    """A check of rules about rows, as Great Expectations would do it."""
    return lambda tables: [
        outcome(name, said, list(table["id"][~rule(table)]))
        for name, table in tables.items()
        for said, rule in rules.items()
    ]


def checked(rules: dict[str, Rule], limit: float | None) -> CheckedRows:
    return check_rows(checking(rules), TABLES, {}, limit)


def small(table: pd.DataFrame) -> "pd.Series[bool]":
    return table["value"] != 6


def whole(table: pd.DataFrame) -> "pd.Series[bool]":
    """A case has two rows; test's one case has four."""
    return table.groupby("case")["id"].transform("size") > 1


def test_rows_that_break_a_rule_go_until_the_rest_keeps_all() -> None:
    found = checked({"small": small, "whole": whole}, 0.2)
    assert found.aside == {"train": {6: ["small"], 7: ["whole"]}, "test": {}}  # 7 was whole until 6 went
    assert all(outcome.success for outcome in found.outcomes)
    left = without(TABLES, found.aside)
    assert list(left["train"]["id"]) == [0, 1, 2, 3, 4, 5, 8, 9]
    assert list(left["train"].index) == list(range(8))
    assert left["test"].equals(TABLES["test"])


def test_a_row_is_set_aside_with_all_the_rules_that_it_breaks() -> None:
    assert checked({"small": small, "other": small}, 0.2).aside["train"] == {6: ["small", "other"]}


@pytest.mark.parametrize("limit", [None, 0.1])
def test_beyond_the_limit_none_goes_and_the_rules_fail(limit: float | None) -> None:
    found = checked({"small": small, "whole": whole}, limit)
    assert found.aside == {}
    assert [(outcome.table, outcome.ids) for outcome in found.outcomes if not outcome.success] == [("train", [6])]
    said = "2 of 10 rows of train break rules, more than the share of 0.1 that may be set aside"
    assert found.over == (said if limit else "")


@pytest.mark.parametrize(
    "bad",
    [
        outcome("train", "warned of", [6], severity="warning"),
        outcome("labels", "of a derived table", [6]),
        outcome("train", "of a whole table", [], success=False),
        outcome("no id", "of a table that lacks the column", [6]),
    ],
)
def test_only_a_critical_rule_about_rows_sets_rows_aside(bad: Outcome) -> None:
    found = check_rows(lambda _: [bad], {**TABLES, "no id": TABLES["train"][["value"]]}, {}, 0.5)
    assert found == CheckedRows([bad], {})


def test_rows_that_a_rule_allows_for_stay_allowed_when_others_go() -> None:
    """One of ten rows may: with row 6 gone it is one of nine, a share that Great Expectations would refuse."""

    def check(tables: Tables) -> list[Outcome]:
        rows = list(tables["train"]["id"])
        allowed = outcome("train", "one may", [3], limits={"mostly": 0.9}, success=len(rows) == 10)
        return [allowed, *checking({"small": small})(tables)]

    found = check_rows(check, TABLES, {}, 0.1)
    assert found.aside["train"] == {6: ["small"]}
    assert all(outcome.success for outcome in found.outcomes)

    two = outcome("train", "one may", [3, 4], limits={"mostly": 0.9}, success=False)
    assert not check_rows(lambda _: [two], TABLES, {}, None).outcomes[0].success


def test_numbers_of_rows_are_counted_on_whole_tables() -> None:
    count, values = gxe.ExpectTableRowCountToEqual(value=10), gxe.ExpectColumnValuesToBeUnique(column="value")
    between = gxe.ExpectTableRowCountToBeBetween(min_value=3)
    left = without(TABLES, {"train": [6]})
    others, counting = count_rules_apart(
        [Suite("train", left["train"], [count, values]), Suite("labels", left["test"], [between])], TABLES
    )
    assert [(suite.table, len(suite.rows), suite.rules) for suite in counting] == [("train", 10, [count])]
    assert [(suite.table, len(suite.rows), suite.rules) for suite in others] == [
        ("train", 9, [values]),
        ("labels", 4, [between]),  # it is about what the derived table shows
    ]


def test_what_is_set_aside_is_written_and_old_rows_go(tmp_path: Path) -> None:
    columns = {"id": "int64", "case": "int64", "value": "int64"}
    write_quarantine(tmp_path / "quarantine", TABLES, {"train": {6: ["small", "other"]}, "test": {}}, columns)
    table = pd.read_parquet(tmp_path / "quarantine/train.parquet")
    assert table.to_dict("records") == [{"id": 6, "case": 3, "value": 6, "rules": "small; other"}]
    assert len(pd.read_parquet(tmp_path / "quarantine/test.parquet")) == 0
    write_quarantine(tmp_path / "quarantine", {"train": TABLES["train"]}, {}, columns)
    (left,) = (tmp_path / "quarantine").iterdir()
    empty = pd.read_parquet(left)
    assert (left.name, len(empty), list(empty)) == ("train.parquet", 0, [*columns, "rules"])
