"""The entries of a user's own data in params.yaml: written into its text and taken out, the rest stays as it is."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

import params
from stages.errors import StageError
from stages.files import write_bytes

LONGEST = 90  # characters of a mapping in one line


def added(text: str, sections: Sequence[str], name: str, lines: Sequence[str]) -> str:
    """The text with an entry `name` at the end of a section, which is named by the sections that it is in.

    `lines` are those of the entry's content, without indentation.
    """
    rows = text.split("\n")
    begin, end = _section(rows, sections)
    depth = 2 * len(sections)
    head, _, value = rows[begin].partition(":")
    if value.split("#")[0].strip() == "{}":
        rows[begin] = head + ":" + value.replace("{}", "", 1).rstrip()
    entry = [f"{' ' * depth}{name}:", *(f"{' ' * (depth + 2)}{line}" for line in lines)]
    while end > begin + 1 and not rows[end - 1].strip():
        end -= 1
    return "\n".join([*rows[:end], *entry, *rows[end:]])


def removed(text: str, sections: Sequence[str], name: str) -> str:
    """The text without an entry of a section."""
    rows = text.split("\n")
    begin, _ = _section(rows, sections)
    first, last = _section(rows, [*sections, name])
    while last > first + 1 and not rows[last - 1].strip():
        last -= 1
    del rows[first:last]
    if _section(rows, sections)[1] == begin + 1 or not _has_entries(rows, begin, sections):
        head, _, comment = rows[begin].partition(":")
        rows[begin] = f"{head}: {{}}{comment}"
    return "\n".join(rows)


def _has_entries(rows: Sequence[str], begin: int, sections: Sequence[str]) -> bool:
    _, end = _section(rows, sections)
    return any(row.strip() and not row.lstrip().startswith("#") for row in rows[begin + 1 : end])


def _section(rows: Sequence[str], names: Sequence[str]) -> tuple[int, int]:
    """The first line of a section and the line after its last; names from the outermost section on."""
    begin, end = -1, len(rows)
    for depth, name in enumerate(names):
        pattern = re.compile(rf"{' ' * (2 * depth)}{re.escape(name)}:(\s|$)")
        found = [number for number in range(begin + 1, end) if pattern.match(rows[number])]
        if len(found) != 1:
            raise StageError(
                f"{params.FILE} has {len(found)} lines `{'  ' * depth}{name}:`, expected one: write the entry by hand"
            )
        begin = found[0]
        deeper = (number for number in range(begin + 1, end) if _is_outside(rows[number], 2 * depth))
        end = next(deeper, end)
        while end > begin + 1 and _is_comment_of_next(rows[end - 1], 2 * depth):
            end -= 1
    return begin, end


def _is_outside(row: str, indent: int) -> bool:
    return bool(row.strip()) and not row.lstrip().startswith("#") and len(row) - len(row.lstrip()) <= indent


def _is_comment_of_next(row: str, indent: int) -> bool:
    """Whether a line belongs to what comes after a section: blank, or a comment that is indented no deeper."""
    return not row.strip() or (row.lstrip().startswith("#") and len(row) - len(row.lstrip()) <= indent)


def content_lines(content: Mapping[str, Any], comments: Mapping[str, str] | None = None) -> list[str]:
    """A mapping as lines of YAML: a line for each key, and for each of a value that is long."""
    lines = []
    for key, value in content.items():
        comment = f"   # {comments[key]}" if comments and key in comments else ""
        if isinstance(value, Mapping) and len(str(value)) > LONGEST:
            lines += [f"{key}:{comment}", *(f"  {line}" for line in content_lines(value))]
        else:
            lines.append(f"{key}: {_flow(value)}{comment}")
    return lines


def _flow(value: Any) -> str:
    shown = str(yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000, sort_keys=False))
    return shown.removesuffix("\n").removesuffix("\n...")


def write(file: Path, text: str, expected: Mapping[str, Any]) -> None:
    """Write params.yaml, after a check that it reads as expected: what a person formatted by hand may differ."""
    trial = file.with_name(f".{file.name}.new")
    write_bytes(trial, text.encode())
    try:
        found = params.read(trial)
    finally:
        trial.unlink()
    if dict(found) != dict(expected):
        raise StageError(f"the entries do not fit into {file} as it is written: write them by hand")
    write_bytes(file, text.encode())
