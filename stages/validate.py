"""Validate: raw files into tables (prepare.py), Great Expectations on them, and the tables that passed for training.

Where a rule fails, data/validated/<data set>/ does not exist, so that nothing trains on those data.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from stages.checks.drift import compare, differences, drift_suite
from stages.checks.expectations import Outcome, Runner
from stages.checks.page import rules_page
from stages.checks.profile import Profile, path_of, read_profile
from stages.checks.quarantine import CheckedRows, check_rows, count_rules_apart, without, write_quarantine
from stages.checks.result import DOCS, QUARANTINE, RESULT, VALIDATION, Result, make_result, page_of, report_text
from stages.dataset import Arrays, Dataset, RuleContext, Suite
from stages.errors import StageError
from stages.files import write_bytes, write_json
from stages.prepare import prepare, read_all_arrays, read_tables
from stages.rules.shape import shape_suites
from stages.settings import Setting
from stages.validated import publish, withdraw

Tables = Mapping[str, pd.DataFrame]


def validate(dataset: Dataset[Any], setting: Setting) -> None:
    """Prepare and check. Raises a StageError that names rules and rows where a critical rule fails."""
    result = check(dataset, setting)
    if not result["success"]:
        raise StageError(report_text(result))
    print(f"validate {dataset.name}: {report_text(result)}")


def check(dataset: Dataset[Any], setting: Setting) -> Result:
    """Prepare the tables, check every rule, and write the reports and, if no critical rule fails, validated tables."""
    folder = VALIDATION / dataset.name
    withdraw(dataset)
    (folder / RESULT).unlink(missing_ok=True)  # whatever happens now, no old success stays
    shutil.rmtree(folder / DOCS, ignore_errors=True)
    card = prepare(dataset, setting)
    tables, arrays = read_tables(dataset, card), read_all_arrays(dataset, card)
    accepted = read_profile(dataset.name, setting.source)
    checks = _Checks(dataset, setting, card, tables, arrays, Runner(folder / DOCS))
    checked = checks.of_shape()
    drift = _drift(dataset, setting, accepted)
    if accepted is not None:
        drift["differences"] = differences(accepted, dataset.profiled(tables), card["options"])
    if all(outcome.success for outcome in checked.outcomes):  # the other rules need the columns
        checked = checks.of_content(checked)
        if accepted is not None:
            compared = compare(accepted, dataset.profiled(without(tables, checked.aside)))
            found = checks.run("profile", [drift_suite(compared, setting.drift)], tables)
            checked = replace(checked, outcomes=[*checked.outcomes, *found])
            drift["columns"] = compared.drop(columns="id").to_dict("records")
    else:
        checked = replace(checked, aside={})  # nothing is set aside of tables that lack columns
    checks.runner.build_docs()
    write_quarantine(folder / QUARANTINE, tables, checked.aside, dataset.columns)
    result = make_result(card, checked, checks.limit, drift)
    if result["success"]:
        publish(dataset, card, tables, checked.aside)
    write_json(folder / RESULT, result)
    write_bytes(page_of(result), rules_page(result).encode())
    return result


def _drift(dataset: Dataset[Any], setting: Setting, accepted: Profile | None) -> dict[str, Any]:
    """The part `drift` of result.json, before anything was compared."""
    path = str(path_of(dataset.name, setting.source)) if accepted else None
    return {"profile": path, "warn": setting.drift.warn, "stop": setting.drift.stop, "differences": [], "columns": []}


@dataclass(frozen=True)
class _Checks:
    """The rules of one data set, run on its tables, of which rows that break some may be set aside."""

    dataset: Dataset[Any]
    setting: Setting
    card: Mapping[str, Any]
    tables: Tables
    arrays: dict[str, Arrays]
    runner: Runner

    @property
    def limit(self) -> float | None:
        return self.setting.quarantine.limit if self.setting.quarantine else None

    def of_shape(self) -> CheckedRows:
        """The outcomes of the rules about columns, types and empty cells."""
        return check_rows(self._shape, self.tables, {}, self.limit)

    def of_content(self, shape: CheckedRows) -> CheckedRows:
        """The outcomes of those rules and of the data set's own."""
        content = check_rows(self._content, self.tables, shape.aside, self.limit)
        return replace(content, outcomes=[*shape.outcomes, *content.outcomes])

    def _shape(self, kept: Tables) -> list[Outcome]:
        return self.run("shape", shape_suites(kept, self.dataset.columns), kept)

    def _content(self, kept: Tables) -> list[Outcome]:
        context = RuleContext(self.setting.source, self.setting.options, dict(kept), self.card["facts"], self.arrays)
        suites = self.dataset.rules(context)
        if kept is self.tables:
            return self.run("content", suites, kept)
        others, counting = count_rules_apart(suites, self.tables)
        return self.run("content", others, kept) + self.run("count", counting, kept)

    def run(self, about: str, suites: list[Suite], kept: Tables) -> list[Outcome]:
        """Run suites; `about` names them in the Data Docs."""
        gone = sum(len(self.tables[name]) - len(table) for name, table in kept.items())
        return self.runner.run(f"{about} less {gone} rows" if gone else about, suites, self.dataset.columns)
