"""The results of fuzzing as a table, which docs/operating.md holds."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

DOCUMENT = Path(__file__).parents[2] / "docs" / "operating.md"
BEGIN, END = "<!-- fuzz -->", "<!-- end of fuzz -->"
HEAD = [
    "| target | cases | read | findings | mended before | slowest (s) | memory (MiB) |",
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
]


def of(records: Mapping[str, Mapping[str, Any]], found: Mapping[str, Sequence[Any]]) -> str:
    """A row for each target; `found` are the mended cases of each."""
    return "\n".join([*HEAD, *(_row(name, record, len(found.get(name, ()))) for name, record in records.items())])


def write(
    records: Mapping[str, Mapping[str, Any]], found: Mapping[str, Sequence[Any]], document: Path = DOCUMENT
) -> None:
    """Writes the table between its marks."""
    text = document.read_text(encoding="utf-8")
    block = f"{BEGIN}\n\n{of(records, found)}\n\n{END}"
    document.write_text(re.sub(f"{BEGIN}.*?{END}", lambda _: block, text, flags=re.S), encoding="utf-8")


def _row(name: str, record: Mapping[str, Any], mended: int) -> str:
    slowest, memory = record["slowest_s"], record["peak_bytes"] / (1 << 20)
    counts = f"{record['cases']:,} | {record['read']:,} | {len(record['findings'])} | {mended}"
    return f"| {name} | {counts} | {slowest:.2f} | {memory:.0f} |"
