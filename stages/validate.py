"""Validate: Great Expectations on the prepared tables; a rule that fails stops everything that would train on them."""

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from stages.dataset import Dataset, Given
from stages.errors import StageError
from stages.files import read_json, read_table, sha256, write_bytes, write_json
from stages.page import rules_page
from stages.params import Setting
from stages.prepare import CARD, PREPARED

VALIDATION = Path("data/validation")
RESULT = "result.json"
DOCS = "docs"
PAGE = "rules.html"


def validate(dataset: Dataset[Any], setting: Setting) -> None:
    """Check every rule, write result.json and Data Docs, and raise a StageError that names rules and rows."""
    folder = VALIDATION / dataset.name
    (folder / RESULT).unlink(missing_ok=True)  # whatever happens now, no old success stays
    shutil.rmtree(folder / DOCS, ignore_errors=True)
    prepared = PREPARED / dataset.name
    command = f"python -m stages prepare {dataset.name}"
    card = read_json(prepared / CARD, command)
    if card["source"] != setting.source:
        raise StageError(
            f"{prepared} holds the {card['source']} source, params.yaml asks for {setting.source}. "
            "Run download and prepare again."
        )
    tables = {name: read_table(prepared / f"{name}.parquet", command) for name in card["tables"]}

    from stages.expectations import Runner, shape_suites  # seconds: not before the input is known to be there

    runner = Runner(folder / DOCS)
    outcomes = runner.run("columns", shape_suites(tables, dataset.columns), dataset.columns)
    if all(outcome.success for outcome in outcomes):  # the other rules need the columns
        given = Given(setting.source, setting.options, tables, card["facts"])
        outcomes += runner.run("content", dataset.rules(given), dataset.columns)
    runner.build_docs()
    page = folder / DOCS / PAGE

    failed = [outcome for outcome in outcomes if not outcome.success]
    if not failed:
        _check_unchanged(prepared, card, command)
    result = {
        "dataset": dataset.name,
        "source": setting.source,
        "success": not failed,
        "rows": {name: len(table) for name, table in tables.items()},
        "rules": len(outcomes),
        "failed": len(failed),
        "expectations": [asdict(outcome) for outcome in outcomes],
    }
    write_json(folder / RESULT, result)
    write_bytes(page, rules_page(result).encode())
    if failed:
        complaints = "\n".join(outcome.complaint() for outcome in failed)
        raise StageError(f"{len(failed)} of {len(outcomes)} rules failed\n{complaints}\nAll rules: {page}")
    print(f"validate {dataset.name}: all {len(outcomes)} rules hold; see {page}")


def _check_unchanged(prepared: Path, card: dict[str, Any], command: str) -> None:
    """The tables that passed are those that `prepare` wrote. It comes after the rules, as those name the rows."""
    for name, table in card["tables"].items():
        path = prepared / f"{name}.parquet"
        if sha256(path) != table["sha256"]:
            raise StageError(f"{path} keeps every rule but is not the file that prepare wrote. Run `{command}`.")
