"""Quarantine: rows that break rules about rows are set aside, up to the share that params.yaml allows.

The validated tables lack them, the prepared tables have them. result.json lists their ids for people, and
`quarantine/<table>.parquet` holds the rows with the rules that they break.
"""

import shutil
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from stages.checks.expectations import Outcome
from stages.dataset import Suite
from stages.tables import write_table

Tables = Mapping[str, pd.DataFrame]
Aside = Mapping[str, Mapping[Any, list[str]]]  # table -> id -> the rules that the row breaks


@dataclass(frozen=True)
class CheckedRows:
    """The outcomes of rules, and the rows that were set aside because they break some."""

    outcomes: list[Outcome]
    aside: Aside
    over: str = ""  # which table would lose more rows than params.yaml allows


def check_rows(
    check: Callable[[Tables], list[Outcome]], tables: Tables, aside: Aside, limit: float | None
) -> CheckedRows:
    """Check rules on the tables without the rows in `aside`, set the rows aside that break some, and check again.

    A row can turn bad because another one was set aside (a case that lost a feature), so this is repeated until no rule
    names a row. Where a table would lose more than the share `limit` of its rows, no more are set aside and the rules
    fail.
    """
    first = outcomes = _check(check, tables, aside)
    gone = aside
    while limit is not None and (bad := _bad_rows(outcomes, tables)):
        gone = {name: {**gone.get(name, {}), **bad.get(name, {})} for name in tables}
        if over := _more_than(limit, gone, tables):
            return CheckedRows(first, aside, over)
        outcomes = _check(check, tables, gone)
    return CheckedRows(outcomes, gone)


def _check(check: Callable[[Tables], list[Outcome]], tables: Tables, aside: Aside) -> list[Outcome]:
    """The outcomes without the rows in `aside`; rows that a rule allows for (13 of 893, say) stay allowed."""
    return [_forgiven(outcome, tables) for outcome in check(without(tables, aside))]


def _forgiven(outcome: Outcome, tables: Tables) -> Outcome:
    """The share of rows that may break a rule is a share of those that were delivered."""
    if outcome.success or outcome.table not in tables or "mostly" not in outcome.limits:
        return outcome
    allowed = (1 - outcome.limits["mostly"]) * len(tables[outcome.table])
    return replace(outcome, success=0 < outcome.failing <= allowed + 1e-6)


def _more_than(limit: float, gone: Aside, tables: Tables) -> str:
    """Which table would lose more than the share `limit` of its rows; '' where none would."""
    for name, rows in gone.items():
        if len(rows) > limit * len(tables[name]):
            found = f"{len(rows)} of {len(tables[name])} rows of {name} break rules"
            return f"{found}, more than the share of {limit:g} that may be set aside"
    return ""


def _bad_rows(outcomes: Iterable[Outcome], tables: Tables) -> dict[str, dict[Any, list[str]]]:
    """The rows of prepared tables that break a critical rule, with the rules."""
    bad: dict[str, dict[Any, list[str]]] = {}
    for outcome in outcomes:
        about_rows = outcome.table in tables and "id" in tables[outcome.table]
        if about_rows and not outcome.success and outcome.severity == "critical":
            for row in outcome.ids:
                bad.setdefault(outcome.table, {}).setdefault(row, []).append(outcome.rule)
    return bad


def without(tables: Tables, ids: Mapping[str, Collection[Any]]) -> Tables:
    """The tables without the rows with these ids; the same objects where nothing is set aside."""
    if not any(ids.values()):
        return tables
    return {
        name: table[~table["id"].isin(list(ids.get(name, ())))].reset_index(drop=True) for name, table in tables.items()
    }


def count_rules_apart(suites: list[Suite], tables: Tables) -> tuple[list[Suite], list[Suite]]:
    """The suites without their rules about a number of rows, and those rules, on whole tables: set-aside rows count."""
    others, counting = [], []
    for suite in suites:
        about_rows = [rule for rule in suite.rules if suite.table in tables and "RowCount" in type(rule).__name__]
        others.append(replace(suite, rules=[rule for rule in suite.rules if rule not in about_rows]))
        if about_rows:
            counting.append(Suite(suite.table, tables[suite.table], about_rows))
    return others, counting


def write_quarantine(folder: Path, tables: Tables, aside: Aside, columns: Mapping[str, str]) -> None:
    """Write the rows that were set aside, a table for each prepared one, mostly empty, with a column `rules`."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, table in tables.items():
        rows = aside.get(name, {})
        gone = table[table["id"].isin(list(rows))] if rows else pd.DataFrame(columns=list(columns))
        why = ["; ".join(rows[row]) for row in gone["id"]]
        write_table(folder / f"{name}.parquet", gone.assign(rules=why), {**columns, "rules": "string"})
