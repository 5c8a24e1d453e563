"""The results of the drill as a table, which docs/operating.md holds."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DOCUMENT = Path(__file__).parents[2] / "docs" / "operating.md"
BEGIN, END = "<!-- drill -->", "<!-- end of drill -->"
HEAD = ["| disturbance | rounds | hit | not as undisturbed |", "| --- | ---: | ---: | ---: |"]


def of(records: Mapping[str, Mapping[str, Any]]) -> str:
    """A row for each kind of round, and their sums."""
    kinds: dict[str, list[Mapping[str, Any]]] = {}
    for record in records.values():
        kinds.setdefault(_row(record["kind"]), []).append(record)
    rows = [_counted(kind, found) for kind, found in sorted(kinds.items())]
    return "\n".join([*HEAD, *rows, _counted("all", list(records.values()))])


def write(records: Mapping[str, Mapping[str, Any]], document: Path = DOCUMENT) -> None:
    """Writes the table between its marks."""
    text = document.read_text(encoding="utf-8")
    block = f"{BEGIN}\n\n{of(records)}\n\n{END}"
    document.write_text(re.sub(f"{BEGIN}.*?{END}", lambda _: block, text, flags=re.S), encoding="utf-8")


def _row(kind: str) -> str:
    """Damages of one kind of file are one row."""
    return f"damaged: {kind.rpartition(':')[0]}" if kind.endswith(("byte", "short", "appended")) else kind


def _counted(kind: str, records: list[Mapping[str, Any]]) -> str:
    hit, wrong = (sum(bool(record[key]) for record in records) for key in ("hit", "faults"))
    return f"| {kind} | {len(records)} | {hit} | {wrong} |"
