"""Validate: raw files into tables (prepare.py), Great Expectations on them, and the tables that passed for training.

Where a rule fails, data/validated/<data set>/ does not exist, so that nothing trains on those data.
"""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from stages.checks.expectations import Outcome, Runner, shape_suites
from stages.checks.page import rules_page
from stages.checks.profile import compare, differences, drift_suite, path_of, read_profile
from stages.checks.quarantine import counted_apart, judge, without, write_quarantine
from stages.checks.result import DOCS, QUARANTINE, RESULT, VALIDATION, Result, make_result, page_of, told
from stages.dataset import Dataset, RuleContext, Suite
from stages.errors import StageError
from stages.files import write_bytes, write_json
from stages.prepare import prepare, read_all_arrays, read_tables
from stages.settings import Setting
from stages.validated import publish, withdraw

Tables = Mapping[str, pd.DataFrame]


def validate(dataset: Dataset[Any], setting: Setting) -> None:
    """Prepare and check. Raises a StageError that names rules and rows where a critical rule fails."""
    result = check(dataset, setting)
    if not result["success"]:
        raise StageError(told(result))
    print(f"validate {dataset.name}: {told(result)}")


def check(dataset: Dataset[Any], setting: Setting) -> Result:
    """Prepare the tables, check every rule, and write the reports and, if no critical rule fails, validated tables."""
    folder = VALIDATION / dataset.name
    withdraw(dataset)
    (folder / RESULT).unlink(missing_ok=True)  # whatever happens now, no old success stays
    shutil.rmtree(folder / DOCS, ignore_errors=True)
    card = prepare(dataset, setting)
    tables, arrays = read_tables(dataset, card), read_all_arrays(dataset, card)
    accepted = read_profile(dataset.name, setting.source)

    runner = Runner(folder / DOCS)

    def run(about: str, suites: list[Suite], kept: Tables) -> list[Outcome]:
        gone = sum(len(tables[name]) - len(table) for name, table in kept.items())
        return runner.run(f"{about} less {gone} rows" if gone else about, suites, dataset.columns)

    def shape(kept: Tables) -> list[Outcome]:
        return run("shape", shape_suites(kept, dataset.columns), kept)

    def content(kept: Tables) -> list[Outcome]:
        suites = dataset.rules(RuleContext(setting.source, setting.options, dict(kept), card["facts"], arrays))
        if kept is tables:
            return run("content", suites, kept)
        others, counting = counted_apart(suites, tables)
        return run("content", others, kept) + run("count", counting, kept)

    limit = setting.quarantine.limit if setting.quarantine else None
    judged = judge(shape, tables, {}, limit)
    outcomes, compared = judged.outcomes, []
    if all(outcome.success for outcome in outcomes):  # the other rules need the columns
        judged = judge(content, tables, judged.aside, limit)
        outcomes = outcomes + judged.outcomes
        if accepted is not None:
            rows = compare(accepted, dataset.profiled(without(tables, judged.aside)))
            outcomes += run("profile", [drift_suite(rows, setting.drift)], tables)
            compared = rows.drop(columns="id").to_dict("records")
    else:
        judged = replace(judged, aside={})  # nothing is, of tables that have other columns than they should
    runner.build_docs()
    write_quarantine(folder / QUARANTINE, tables, judged.aside, dataset.columns)
    drift = {
        "profile": str(path_of(dataset.name, setting.source)) if accepted else None,
        "warn": setting.drift.warn,
        "stop": setting.drift.stop,
        "differences": differences(accepted, dataset.profiled(tables), card["options"]) if accepted else [],
        "columns": compared,
    }
    result = make_result(card, outcomes, judged, limit, drift)
    if result["success"]:
        publish(dataset, card, tables, judged.aside)
    write_json(folder / RESULT, result)
    write_bytes(page_of(result), rules_page(result).encode())
    return result
