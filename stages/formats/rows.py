"""Rows of tables as people have them: CSV in any dialect, TSV, JSON lines, Parquet; a file, or a folder of them.

Every cell is text, empty where there is none. A row's split is what its file's or folder's name says.
"""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from inputs import encodings
from inputs.tables import Table, read_table
from stages.errors import StageError
from stages.formats.kind import Columns, TextOptions
from stages.splits import NAMES, split_of

SUFFIXES = (".csv", ".tsv", ".tab", ".txt", ".jsonl", ".ndjson", ".json", ".parquet")
UNNAMED = ("column 1", "column 2")  # what the reader calls columns without names
SENTENCE = 3  # words: a name of a column has fewer
SPLIT_COLUMNS = ("split", "set", "subset", "partition", "fold_name")


@dataclass(frozen=True)
class Rows:
    """Rows of one or several files: `table` of texts, the split that each one's file names, and how files were read."""

    path: Path
    table: pd.DataFrame
    splits: list[str]
    notes: list[str]
    tables: list[Table] = field(default_factory=list)  # of the files, in the order of the rows

    def numeric(self) -> list[str]:
        """The columns that hold numbers in every file."""
        return [name for name in map(str, self.table.columns) if all(name in table.numeric() for table in self.tables)]

    def numbers(self, column: str) -> "pd.Series[float]":
        """The numbers of a column, nan where there is none; the notes say how decimals were read."""
        try:
            found = [table.numbers(column) for table in self.tables]
        except ValueError as error:
            raise StageError(named_options(str(error))) from None
        self.notes.extend(
            note for table in self.tables for note in table.notes if "decimal" in note and note not in self.notes
        )
        return pd.Series(np.concatenate(found), index=self.table.index)

    def find(self, role: str, names: Columns, usual: Sequence[str]) -> str | None:
        """The column of a role: the one that `names` has for it, else one that is usually called so; None: no such."""
        columns = [str(column) for column in self.table.columns]
        if role in names:
            chosen = names[role]
            if isinstance(chosen, int) and 1 <= chosen <= len(columns):
                return columns[chosen - 1]
            if chosen in columns:
                return str(chosen)
            raise StageError(f"{self.path} has no column {chosen!r} for {role}: it has {', '.join(columns)}")
        by_name = {column.strip().lower(): column for column in reversed(columns)}
        return next((by_name[name] for name in usual if name in by_name), None)

    def need(self, role: str, names: Columns, usual: Sequence[str]) -> str:
        """The same, of a role that there must be a column for."""
        found = self.find(role, names, usual)
        if found is None:
            raise StageError(
                f"{self.path} has no column that is called {', '.join(usual)}: it has "
                f"{', '.join(map(str, self.table.columns))}. Name the {role}: `--column {role}=NAME` (or its number)"
            )
        return found

    def given(self, names: Columns) -> tuple[list[str], str | None]:
        """The split of each row, '' where none is named, and the column that names it, if one does."""
        column = self.find("split", names, SPLIT_COLUMNS)
        if column is None:
            return self.splits, None
        cells = self.table[column].str.strip()
        found = {cell: split_of(cell) for cell in cells.unique()}
        if unknown := sorted(cell for cell, split in found.items() if cell and not split):
            if "split" not in names:  # it is only called so
                return self.splits, None
            raise StageError(f"{self.path}: {unknown[0]!r} in {column} is no split: one is called {', '.join(NAMES)}")
        return list(cells.map(found)), column


def read_rows(
    path: Path, options: TextOptions, names: Columns | None = None, is_usual: Callable[[str], bool] | None = None
) -> Rows:
    """The rows of a table file, or of all those in a folder, which must have the same columns.

    Where the first line has a sentence, no cell usual as a name (`is_usual`) and none of `names`, it is data.
    """
    rows = _read_rows(path, options)
    columns = [str(column).strip().lower() for column in rows.table.columns]
    wanted = {name for name in (names or {}).values() if isinstance(name, str)}
    is_named = is_usual is None or any(map(is_usual, columns)) or bool(wanted & {*rows.table.columns})
    is_named |= not any(len(column.split()) >= SENTENCE or column.endswith((".", "!", "?", "。")) for column in columns)
    if is_named or options.header is not None or options.header_line or rows.table.columns[0] == UNNAMED[0]:
        return rows
    return _read_rows(path, replace(options, header=False))


def _read_rows(path: Path, options: TextOptions) -> Rows:
    files = table_files(path)
    tables: list[Table] = []
    splits: list[str] = []
    notes = Counter[str]()
    for file in files:
        table, note = _read(file, options)
        if tables and table.columns != tables[0].columns:
            raise StageError(
                f"{file} has the columns {', '.join(table.columns)}, {files[0]} has {', '.join(tables[0].columns)}: "
                "files of one data set have the same"
            )
        tables.append(table)
        splits += [split_of_path(file, path)] * len(table.rows)
        notes[note] += 1
    read = [note if len(files) == 1 else f"{note} ({count} files)" for note, count in notes.items()]
    frame = pd.concat([table.rows for table in tables], ignore_index=True)
    return Rows(path, frame, splits, [f"read as: {note}" for note in read], tables)


def table_files(path: Path) -> list[Path]:
    """The table file, or all in the folder. Raises StageError where there is none."""
    if path.is_file():
        return [path]
    if not path.exists():
        raise StageError(f"{path} does not exist: give the path of a file or a folder")
    found = sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES and not hidden(file, path))
    if not found:
        raise StageError(f"{path} holds no table: expected files that end in {', '.join(SUFFIXES)}")
    return found


def hidden(file: Path, base: Path) -> bool:
    """Whether a file or a folder above it, below `base`, is hidden (`.DS_Store`, `._a.csv`, `__MACOSX`)."""
    return any(part.startswith((".", "__")) for part in file.relative_to(base).parts)


def split_of_path(file: Path, base: Path) -> str:
    """The split that the name of a file says, or of a folder that it is in, below `base`."""
    parts = [file.name] if file == base else file.relative_to(base).parts
    return next((split for part in reversed(parts) if (split := split_of(part))), "")


def _read(file: Path, options: TextOptions) -> tuple[Table, str]:
    suffix = file.suffix.lower()
    if suffix == ".parquet":
        return _as_table(file, _parquet(file)), "Parquet"
    if suffix in (".jsonl", ".ndjson", ".json"):
        return _as_table(file, _json_lines(file)), "JSON lines"
    return _separated(file, options)


def _parquet(file: Path) -> pd.DataFrame:
    try:
        table = pd.read_parquet(file)
    except (OSError, pa.ArrowException) as error:
        raise StageError(f"{file} is no Parquet file: {error}") from None
    return table.map(_text).astype("str")


def _json_lines(file: Path) -> pd.DataFrame:
    rows = []
    text, _ = decoded(file, "")
    try:
        entries = json.loads(text) if text.lstrip().startswith("[") else None
    except ValueError:
        entries = None
    if entries is not None:
        rows = entries
    else:
        for number, line in enumerate(text.split("\n"), start=1):
            if line.strip():
                try:
                    rows.append(json.loads(line))
                except ValueError as error:
                    raise StageError(
                        f"{file}, line {number}: expected a JSON object, found {line[:80]!r}: {error}"
                    ) from None
    if wrong := next((row for row in rows if not isinstance(row, dict)), None):
        raise StageError(f"{file}: expected JSON objects, found {str(wrong)[:80]!r}")
    return pd.DataFrame(rows).map(_text).astype("str")


def _text(cell: object) -> str:
    """A cell as text; lists and mappings as JSON."""
    if isinstance(cell, list | dict):
        return json.dumps(cell, ensure_ascii=False)
    if hasattr(cell, "tolist"):
        return json.dumps(cell.tolist(), ensure_ascii=False)
    return "" if cell is None or cell is pd.NA or cell != cell else str(cell)  # noqa: PLR0124  nan


def decoded(file: Path, encoding: str) -> tuple[str, str]:
    """A text file's content with plain line ends, and its encoding: the one given, or the one that was found."""
    try:
        found = encodings.decode(file.read_bytes(), str(file), encoding or None)
    except ValueError as error:
        raise StageError(f"{error} (`--option encoding=...`)" if "encoding" in str(error) else str(error)) from None
    return found.text.replace("\r\n", "\n").replace("\r", "\n"), found.encoding


def _as_table(file: Path, rows: pd.DataFrame) -> Table:
    return Table(str(file), rows, np.arange(1, len(rows) + 1), ",", ".")


def _separated(file: Path, options: TextOptions) -> tuple[Table, str]:
    try:
        table = read_table(file, options.table)
    except ValueError as error:
        raise StageError(named_options(str(error))) from None
    return table, ", ".join(table.notes)


def named_options(message: str) -> str:
    """A message that names options of other commands, with those of `add`."""
    for name in ("separator", "decimal", "encoding", "header-line"):
        message = message.replace(f"--{name} ", f"`--option {name.replace('-', '_')}=...` ").replace(
            f"--{name}", f"`--option {name.replace('-', '_')}=...`"
        )
    return message
