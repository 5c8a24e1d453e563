"""Validate: Great Expectations on the prepared tables; a rule that fails stops everything that would train on them.

`python -m stages validate <data set>` is the stage, `python -m stages.validate --all` the check of all data sets.
"""

import runpy
import shutil
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from stages.checks.page import rules_page
from stages.checks.profile import compare, differences, drift_suite, path_of, read_profile
from stages.checks.quarantine import counted_apart, judge, without, write_quarantine
from stages.checks.result import DOCS, QUARANTINE, RESULT, VALIDATION, Result, make_result, page_of, told
from stages.dataset import Arrays, Dataset, Given, Suite
from stages.errors import StageError
from stages.files import read_arrays, read_json, read_table, sha256, write_bytes, write_json
from stages.prepare import CARD, PREPARED
from stages.settings import Setting

if TYPE_CHECKING:  # it imports great_expectations, which takes seconds
    from stages.checks.expectations import Outcome

Tables = Mapping[str, pd.DataFrame]
CARD_KEYS = {"dataset", "source", "options", "tables", "facts"}


def validate(dataset: Dataset[Any], setting: Setting) -> None:
    """Check every rule, and raise a StageError that names rules and rows where a critical one fails."""
    result = check(dataset, setting)
    if not result["success"]:
        raise StageError(told(result))
    print(f"validate {dataset.name}: {told(result)}")


def check(dataset: Dataset[Any], setting: Setting) -> Result:
    """Check every rule, and write what came of it: result.json, its page, Data Docs and the rows that are set aside."""
    folder = VALIDATION / dataset.name
    (folder / RESULT).unlink(missing_ok=True)  # whatever happens now, no old success stays
    shutil.rmtree(folder / DOCS, ignore_errors=True)
    card, tables = read_prepared(dataset, setting)
    prepared, command = PREPARED / dataset.name, _command(dataset)
    arrays: dict[str, Arrays] = {
        name: read_arrays(prepared / f"{name}.safetensors", command) for name in tables if dataset.arrays
    }
    accepted = read_profile(dataset.name, setting.source)

    from stages.checks.expectations import Runner, shape_suites  # seconds: not before the input is known to be there

    runner = Runner(folder / DOCS)

    def run(about: str, suites: list[Suite], kept: Tables) -> "list[Outcome]":
        gone = sum(len(tables[name]) - len(table) for name, table in kept.items())
        return runner.run(f"{about} less {gone} rows" if gone else about, suites, dataset.columns)

    def shape(kept: Tables) -> "list[Outcome]":
        return run("shape", shape_suites(kept, dataset.columns), kept)

    def content(kept: Tables) -> "list[Outcome]":
        suites = dataset.rules(Given(setting.source, setting.options, dict(kept), card["facts"], arrays))
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
        check_unchanged(dataset, card)
    write_json(folder / RESULT, result)
    write_bytes(page_of(result), rules_page(result).encode())
    return result


def read_prepared(dataset: Dataset[Any], setting: Setting) -> tuple[dict[str, Any], dict[str, pd.DataFrame]]:
    """The card and the tables that `prepare` wrote, of the source that params.yaml asks for."""
    prepared, command = PREPARED / dataset.name, _command(dataset)
    card = read_json(prepared / CARD, command)
    if lacking := CARD_KEYS - card.keys():
        raise StageError(f"{prepared / CARD} lacks {', '.join(sorted(lacking))}. Run `{command}` again.")
    if card["source"] != setting.source:
        raise StageError(
            f"{prepared} holds the {card['source']} source, params.yaml asks for {setting.source}. "
            "Run download and prepare again."
        )
    return card, {name: read_table(prepared / f"{name}.parquet", command) for name in card["tables"]}


def _command(dataset: Dataset[Any]) -> str:
    return f"python -m stages prepare {dataset.name}"


def check_unchanged(dataset: Dataset[Any], card: Mapping[str, Any]) -> None:
    """The tables that passed are those that `prepare` wrote. It comes after the rules, as those name the rows."""
    for name, table in card["tables"].items():
        path = PREPARED / dataset.name / f"{name}.parquet"
        files = {path: table["sha256"], path.with_suffix(".safetensors"): table.get("arrays_sha256")}
        for file, digest in files.items():
            if digest and sha256(file) != digest:
                raise StageError(
                    f"{file} keeps every rule but is not the file that prepare wrote. Run `{_command(dataset)}`."
                )


if __name__ == "__main__":
    sys.argv.insert(1, "validate")
    runpy.run_module("stages", run_name="__main__")
