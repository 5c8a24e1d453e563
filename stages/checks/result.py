"""result.json of a data set: what validation found, for people and for `accept`.

version        of this layout
dataset, source
success        no critical rule failed: data/validated/<data set> holds the tables
rows           table -> rows, as prepared
sha256         table -> digest of the prepared file
rules          how many were checked
failed         how many critical ones failed
warned         how many warnings there are
warnings       [{table, rule, observed}]
quarantined    table -> ids of the rows that were set aside: data/validated/<data set> lacks them
quarantine     {limit, over, rows}: the share that params.yaml allows, null where none; which table has more, '' where
               none; and of each row {table, id, rules}: the rules that it breaks
drift          {profile, warn, stop, differences, columns}: the accepted profile, null where none was recorded; the
               limits; what else differs from it; and each {table, column, measure, stability_index, by_chance, drift}
expectations   of each rule {table, rule, expectation, severity, limits, success, observed, failing, ids, rows}
"""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from stages.checks.drift import TABLE as DRIFT
from stages.checks.quarantine import Aside, CheckedRows
from stages.errors import StageError
from stages.files import read_json

VALIDATION = Path("data/validation")
RESULT = "result.json"
QUARANTINE = "quarantine"
DOCS = "docs"
PAGE = "rules.html"
VERSION = 1
KEYS = (
    *("version", "dataset", "source", "success", "rows", "sha256", "rules", "failed", "warned", "warnings"),
    *("quarantined", "quarantine", "drift", "expectations"),
)
LONGEST = 200  # characters of a cell in a message

Result = Mapping[str, Any]
Entry = Mapping[str, Any]  # of `expectations`


def make_result(
    card: Mapping[str, Any], checked: CheckedRows, limit: float | None, drift: Mapping[str, Any]
) -> dict[str, Any]:
    """The result of rules that were checked on the tables that `card` describes; `limit` is that of the quarantine."""
    expectations = [asdict(outcome) for outcome in checked.outcomes]
    failed = failures({"expectations": expectations})
    aside = [
        {"table": table, "id": row, "rules": rules}
        for table, rows in checked.aside.items()
        for row, rules in rows.items()
    ]
    warnings = _warnings(expectations, checked.aside, drift)
    return {
        "version": VERSION,
        "dataset": card["dataset"],
        "source": card["source"],
        "success": not failed,
        "rows": {name: table["rows"] for name, table in card["tables"].items()},
        "sha256": {name: table["sha256"] for name, table in card["tables"].items()},
        "rules": len(expectations),
        "failed": len(failed),
        "warned": len(warnings),
        "warnings": warnings,
        "quarantined": {table: list(rows) for table, rows in checked.aside.items() if rows},
        "quarantine": {"limit": limit, "over": checked.over, "rows": aside},
        "drift": dict(drift),
        "expectations": expectations,
    }


def _warnings(expectations: list[dict[str, Any]], aside: Aside, drift: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All that is reported without failing the data set."""
    found = [
        {
            "table": entry["table"],
            "rule": entry["rule"],
            "observed": counted(entry["failing"], "row") if entry["observed"] is None else entry["observed"],
        }
        for entry in expectations
        if not entry["success"] and entry["severity"] != "critical" and entry["table"] != DRIFT
    ]
    found += [
        {
            "table": column["table"],
            "rule": f"{column['column']} ({column['measure']}) has not drifted from the accepted profile",
            "observed": column["drift"],
        }
        for column in drift["columns"]
        if column["drift"] > drift["warn"]
    ]
    return found + [
        {"table": table, "rule": "no row is set aside", "observed": counted(len(rows), "row")}
        for table, rows in aside.items()
        if rows
    ]


def read_result(dataset: str) -> Result:
    """The result of the last validation of a data set."""
    path, command = VALIDATION / dataset / RESULT, f"python -m stages validate {dataset}"
    result = read_json(path, command)
    if result.get("version") != VERSION or tuple(result) != KEYS:
        found = f"version {result.get('version')} with the keys {', '.join(result) or 'none'}"
        raise StageError(f"{path} is not what this version of validate writes: {found}. Run `{command}` again.")
    return result


def failures(result: Result) -> list[Entry]:
    """The critical rules that failed."""
    return [entry for entry in result["expectations"] if not entry["success"] and entry["severity"] == "critical"]


def broken_rules(result: Result) -> list[Entry]:
    """The failures that are more than a difference from the accepted version."""
    return [entry for entry in failures(result) if entry["table"] != DRIFT]


def page_of(result: Result) -> Path:
    """The page of all rules."""
    return VALIDATION / str(result["dataset"]) / DOCS / PAGE


def report_text(result: Result) -> str:
    """The result of a validation and what to do about it, as text."""
    folder, command = VALIDATION / result["dataset"], f"python -m stages accept {result['dataset']}"
    drift, quarantine = result["drift"], result["quarantine"]
    lines = [f"{verdict(result)}; see {page_of(result)}", *map(complaint, failures(result))]
    if quarantine["over"]:
        lines.append(f"quarantine: {quarantine['over']}")
    lines += [f"warning: table {entry['table']}: {entry['rule']}: {entry['observed']}" for entry in result["warnings"]]
    if result["quarantined"]:
        lines.append(f"rows set aside: {folder / QUARANTINE}")
    lines += [f"not as in the accepted version: {difference}" for difference in drift["differences"]]
    if drift["profile"] is None:
        lines.append(f"no version was accepted yet, so drift is not checked; `{command}` accepts this one")
    elif any(column["drift"] > drift["warn"] for column in drift["columns"]) and not broken_rules(result):
        lines.append(f"if the data are meant to be as they are now, accept them: `{command}`")
    return "\n".join(lines)


def verdict(result: Result) -> str:
    """The result of a validation, in one line."""
    rules, failed, warned = (result[key] for key in ("rules", "failed", "warned"))
    if failed:
        parts = [f"{failed} of {rules} rules {'fails' if failed == 1 else 'fail'}"]
    else:
        parts = [f"{rules} rules, no critical one fails" if warned else f"all {rules} rules hold"]
    if warned:
        parts.append(counted(warned, "warning"))
    if aside := sum(map(len, result["quarantined"].values())):
        parts.append(f"{counted(aside, 'row')} set aside")
    return ", ".join(parts)


def complaint(entry: Entry) -> str:
    """A rule that failed, what was found, and the rows to look at."""
    lines = [f"- table {entry['table']}: {entry['rule']}"]
    if entry["observed"] is not None:
        lines.append(f"    found: {entry['observed']}")
    if failing := entry["failing"]:
        some = f", the first {len(entry['rows'])}:" if failing > len(entry["rows"]) else ":"
        lines.append(f"    {counted(failing, 'row')} {'fails' if failing == 1 else 'fail'}{some}")
    return "\n".join([*lines, *(f"      {row_text(row)}" for row in entry["rows"])])


def row_text(row: Mapping[str, Any]) -> str:
    """A row to look at, on one line."""
    content = ", ".join(f"{column}={_short(repr(value))}" for column, value in row.items() if column != "id")
    return f"id {row['id']}: {content}"


def counted(number: int, what: str) -> str:
    """A number of things, one or several."""
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(text):,} characters)"
