"""Rows of tables as people have them: CSV in any dialect, TSV, JSON lines, Parquet; a file, or a folder of them.

Every cell is text, empty where there is none. A row's split is what its file's or folder's name says.
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

from stages.errors import StageError
from stages.formats.kind import Columns, TextOptions
from stages.splits import NAMES, split_of

SUFFIXES = (".csv", ".tsv", ".tab", ".txt", ".jsonl", ".ndjson", ".json", ".parquet")
SEPARATORS = ",;\t|"
SAMPLE = 50  # lines by which a separator is recognised
SPLIT_COLUMNS = ("split", "set", "subset", "partition", "fold_name")


@dataclass(frozen=True)
class Rows:
    """Rows of one or several files: `table` of texts, the split that each one's file names, and how files were read."""

    path: Path
    table: pd.DataFrame
    splits: list[str]
    notes: list[str]

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


def read_rows(path: Path, options: TextOptions, names: Columns) -> Rows:
    """The rows of a table file, or of all those in a folder, which must have the same columns."""
    files = table_files(path)
    tables: list[pd.DataFrame] = []
    splits: list[str] = []
    notes = Counter[str]()
    is_numbered = any(isinstance(name, int) for name in names.values())
    for file in files:
        table, note = _read(file, options, is_numbered)
        if tables and list(table.columns) != list(tables[0].columns):
            raise StageError(
                f"{file} has the columns {', '.join(table.columns)}, {files[0]} has {', '.join(tables[0].columns)}: "
                "files of one data set have the same"
            )
        tables.append(table)
        splits += [split_of_path(file, path)] * len(table)
        notes[note] += 1
    read = [note if len(files) == 1 else f"{note} ({count} files)" for note, count in notes.items()]
    return Rows(path, pd.concat(tables, ignore_index=True), splits, [f"read as: {note}" for note in read])


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


def _read(file: Path, options: TextOptions, is_numbered: bool) -> tuple[pd.DataFrame, str]:
    suffix = file.suffix.lower()
    if suffix == ".parquet":
        return _parquet(file), "Parquet"
    if suffix in (".jsonl", ".ndjson", ".json"):
        return _json_lines(file), "JSON lines"
    return _separated(file, options, is_numbered)


def _parquet(file: Path) -> pd.DataFrame:
    try:
        table = pd.read_parquet(file)
    except (OSError, pa.ArrowException) as error:
        raise StageError(f"{file} is no Parquet file: {error}") from None
    return table.map(_text).astype(str)


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
    return pd.DataFrame(rows).map(_text).astype(str)


def _text(cell: object) -> str:
    """A cell as text; lists and mappings as JSON."""
    if isinstance(cell, list | dict):
        return json.dumps(cell, ensure_ascii=False)
    if hasattr(cell, "tolist"):
        return json.dumps(cell.tolist(), ensure_ascii=False)
    return "" if cell is None or cell is pd.NA or cell != cell else str(cell)  # noqa: PLR0124  nan


def decoded(file: Path, encoding: str) -> tuple[str, str]:
    """A text file's content and its encoding: the one given, else UTF-8, UTF-16 by its mark, or Windows-1252."""
    content = file.read_bytes()
    marked = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    for name in [encoding] if encoding else (["utf-16"] if marked else ["utf-8-sig", "cp1252"]):
        try:
            return content.decode(name), name
        except (UnicodeDecodeError, LookupError) as error:
            found = error
    raise StageError(
        f"{file} is no text in {encoding or 'UTF-8 or Windows-1252'}: {found}. Name its encoding"
    ) from None


def _separated(file: Path, options: TextOptions, is_numbered: bool) -> tuple[pd.DataFrame, str]:
    text, encoding = decoded(file, options.encoding)
    separator = "\t" if options.separator == "tab" else options.separator or _separator(text, file)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=False)
    try:
        records = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise StageError(f"{file}, line {reader.line_num}: {error}") from None
    if not records:
        raise StageError(f"{file} is empty")
    first = records[0][1]
    width = len(first)
    if wrong := next(((line, row) for line, row in records if len(row) != width), None):
        line, row = wrong
        raise StageError(
            f"{file}, line {line}: {len(row)} columns, the first line has {width}: {separator.join(row)[:120]!r}. "
            f"Separated by {_called(separator)}? Else name it with `--option separator=...`"
        )
    has_header = not (is_numbered and any(_is_number(cell) for cell in first)) and len(set(first)) == width
    columns = [cell.strip() for cell in first] if has_header else [str(number) for number in range(1, width + 1)]
    rows = [row for _, row in records[1 if has_header else 0 :]]
    note = f"{_called(separator)} separated, {encoding.removesuffix('-sig').upper()}"
    return pd.DataFrame(rows, columns=columns, dtype=str), note + ("" if has_header else ", without a header")


def _separator(text: str, file: Path) -> str:
    """The character that parts all of the first lines into the same number of cells, the most of them."""
    lines = text.splitlines()[:SAMPLE]
    found = {}
    for separator in SEPARATORS:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=separator) if row)
        width, count = widths.most_common(1)[0] if widths else (1, 0)
        if width > 1:
            found[separator] = (count, width)
    if not found:
        return ","
    return max(found, key=lambda separator: (found[separator], file.suffix == ".tsv" and separator == "\t"))


def _called(separator: str) -> str:
    return "tab" if separator == "\t" else f"'{separator}'"


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True
