"""Tables that users bring: CSV and all that goes by that name -> cells of text with their lines in the file.

`read_table(path)` finds encoding, separator, preamble, header and decimal mark, and lists in `notes` what it decided.
What can be read in two ways is an error that shows the line and names the option (`options.py`) that decides.
"""

import contextlib
import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from inputs import dialects, encodings
from inputs.dialects import Layout, Row, UnclearTableError
from inputs.headers import Header, find_header
from inputs.numerals import Decimal, Marks, UnclearDecimalError, is_missing, is_number, numeral
from inputs.options import TableOptions

SUFFIXES = (".csv", ".tsv", ".tab", ".txt", ".dat")  # in lower case
_CHUNK = 20_000  # rows
_PLAIN = r"^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$"
_THOUSANDS = r"^[-+]?[1-9][0-9]{0,2}\.[0-9]{3}$"  # or a decimal point
_TOLD = re.compile(r'"?sep=([^\n"])"?\s*\n', re.IGNORECASE)  # Excel's first line
_TOTALS = ("total", "sum", "summe", "mean", "average", "mittelwert", "gesamt")  # what a last row may begin with
_TOP = 50  # rows that may be no part of the table
_LISTED = 3  # lines named in a note

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Table:
    """A table as it is in its file, empty rows left out."""

    name: str  # of the file
    rows: pd.DataFrame  # of text, white space around cells taken off
    lines: NDArray[np.int64]  # the line of the file on which each row begins
    separator: str
    decimal: Decimal | None  # as the user named it
    notes: list[str] = field(default_factory=list)  # what was decided; `numbers` adds to it

    @property
    def columns(self) -> list[str]:
        return list(self.rows.columns)

    @property
    def read_as(self) -> str:
        """What was decided, in one line."""
        return f"read as: {', '.join(self.notes)}"

    def column(self, which: str) -> str:
        """The name of a column, by its name or its number from 1. Raises ValueError where there is none."""
        if which in self.columns:
            return which
        if which.isdecimal() and 1 <= int(which) <= len(self.columns):
            return self.columns[int(which) - 1]
        raise ValueError(f"{self.name} has no column {which!r}: it has {', '.join(self.columns)}")

    def numeric(self) -> list[str]:
        """The columns that hold nothing but numbers, and missing ones."""
        return [name for name in self.columns if self._is_numeric(name)]

    def _is_numeric(self, name: str) -> bool:
        cells = pa.array(self.rows[name])
        if len(cells) and pc.all(pc.match_substring_regex(cells, _PLAIN)).as_py():
            return True
        cells = self.rows[name].unique()
        return all(is_number(cell) or is_missing(cell) for cell in cells) and not all(map(is_missing, cells))

    def numbers(self, which: str) -> Numbers:
        """The numbers of a column, nan where the cell is empty or marked as missing; how, is added to `notes`.

        Raises ValueError that names the line of a cell which is no finite number, and of one that is unclear.
        """
        column = self.column(which)
        texts = self.rows[column]
        values = self._plain(texts)
        if values is None:
            values = self._converted(column, texts)
        if (gaps := np.isnan(values)).any():
            self._note(f"{self._counted(gaps, 'missing value')} in {column!r}")
        return values

    def sample(self, which: str | None = None) -> tuple[str, Numbers]:
        """The name and the numbers of a column, without missing ones; without `which`, of the only column of numbers.

        Raises ValueError as `numbers` does, where several columns or none hold numbers, and where a column has none.
        """
        if which is None:
            names = self.columns if len(self.columns) == 1 else self.numeric()
            if len(names) != 1:
                known, hints = ", ".join(self.columns), "" if names else self._hints()
                raise ValueError(
                    f"{self.name} has {len(names)} columns of numbers: name one of {known} by --column{hints}"
                )
            which = names[0]
        values = self.numbers(which)
        values = values[~np.isnan(values)]
        if not len(values):
            raise ValueError(f"{self.name} has the columns {', '.join(self.columns)} and no number in {which!r}")
        return self.column(which), values

    def _plain(self, texts: "pd.Series[str]") -> Numbers | None:
        """Numbers with nothing but digits and a point, the quick way; None where there is more to decide."""
        cells = pa.array(texts)
        if self.decimal == "," or not (len(cells) and pc.all(pc.match_substring_regex(cells, _PLAIN)).as_py()):
            return None
        has_point = pc.match_substring(cells, ".")
        if pc.any(has_point).as_py():
            as_thousands = pc.or_(pc.invert(has_point), pc.match_substring_regex(cells, _THOUSANDS))
            if self.decimal is None and pc.all(as_thousands).as_py():
                return None
            self._note("decimal point")
        values: Numbers = cells.cast(pa.float64()).to_numpy(zero_copy_only=False)
        return values if np.isfinite(values).all() else None

    def _converted(self, column: str, texts: "pd.Series[str]") -> Numbers:
        codes, found_cells = pd.factorize(texts)
        cells = [str(cell) for cell in found_cells]
        self._check_units(column, texts, cells)
        decimal = self._decimal_of(column, texts, cells)
        found = np.array([self._value(column, texts, cell, decimal) for cell in cells], np.float64)
        if any(_shows(cell, decimal) for cell in cells):
            self._note("decimal comma" if decimal == "," else "decimal point")
        if any(_has_thousands(cell, decimal) for cell in cells):
            self._note("marks for thousands")
        return found[codes] if cells else np.zeros(0)

    def _decimal_of(self, column: str, texts: "pd.Series[str]", cells: Sequence[str]) -> Decimal:
        """From the column's own cells; else from those of other columns; else from the separator."""
        if self.decimal:
            return self.decimal
        marks = Marks.of(cells)
        try:
            if not (certain := marks.certain) and len(marks.unclear) == 1:
                certain = self._decimal_elsewhere(column) or self._decimal_by_separator(marks)
            if not certain and marks.unclear:
                raise UnclearDecimalError(marks.unclear, "thousands or decimals")
            return certain or "."
        except UnclearDecimalError as error:
            shown = " and ".join(f"line {self._line(texts, cell)} has {cell!r}" for cell in error.cells)
            ways = [f"{value:.12g} by --decimal {mark}" for mark in ".," if (value := _value(error.cells[0], mark))]
            raise ValueError(
                f"column {column!r} of {self.name}: {shown}, which may be {error}: name the decimal mark "
                f"({error.cells[0]!r} is {', '.join(ways) or 'no number'})"
            ) from None

    def _decimal_elsewhere(self, column: str) -> Decimal | None:
        """The decimal mark that the other columns of numbers show, if they agree."""
        found = set()
        for other in self.numeric():
            if other != column:
                with contextlib.suppress(UnclearDecimalError):
                    found.add(Marks.of(self.rows[other].unique()).certain)
        found.discard(None)
        return found.pop() if len(found) == 1 else None

    def _decimal_by_separator(self, marks: Marks) -> Decimal | None:
        """Where commas part the cells, numbers have points; where semicolons do, either is usual."""
        if self.separator == ",":
            return "."
        return "." if self.separator != ";" and "?." in marks.shown else None

    def _check_units(self, column: str, texts: "pd.Series[str]", cells: Sequence[str]) -> None:
        """Every number of a column has the same unit, or none."""
        units: dict[str, str] = {}
        for cell in cells:
            if not is_missing(cell) and (found := numeral(cell)):
                units.setdefault(found.unit.casefold(), cell)
        if len(units) > 1:
            first, second = list(units.values())[:2]
            raise ValueError(
                f"line {self._line(texts, second)} of {self.name}, column {column!r}, is {second!r}, and line "
                f"{self._line(texts, first)} is {first!r}: expected numbers of one unit"
            )
        if any(units):
            self._note(f"{next(iter(units))!r} left out of {column!r}")

    def _value(self, column: str, texts: "pd.Series[str]", cell: str, decimal: Decimal) -> float:
        if is_missing(cell):
            return np.nan
        value = _value(cell, decimal)
        if value is None or not np.isfinite(value):
            mark = "comma" if decimal == "," else "point"
            expected = f"a number with a decimal {mark}" if is_number(cell) and value is None else "a number"
            if cell.strip("+-").casefold() in ("inf", "infinity") or value is not None:
                expected = "a finite number; leave the row out, or find out what it is"
            line = self._line(texts, cell)
            raise ValueError(
                f"line {line} of {self.name}, column {column!r}, is {cell!r}: expected {expected}" + self._hint(texts)
            )
        return value

    def _hint(self, texts: "pd.Series[str]") -> str:
        """Where all but the first rows are numbers, these may be above the table, and the last of them its header."""
        numbers = {cell: is_number(cell) or is_missing(cell) for cell in texts.unique()}
        wrong = np.flatnonzero(~texts.map(numbers).to_numpy(bool))
        if not len(wrong) or wrong[-1] >= min(_TOP, len(texts) // 2):
            return ""
        line = self.lines[wrong[-1]]
        return f" (if line {line} has the names of the columns: --header-line {line})"

    def _hints(self) -> str:
        return next((hint for name in self.columns if (hint := self._hint(self.rows[name]))), "")

    def _line(self, texts: "pd.Series[str]", cell: str) -> int:
        return int(self.lines[int((texts == cell).to_numpy().argmax())])

    def _counted(self, chosen: NDArray[np.bool_], what: str) -> str:
        lines = self.lines[chosen]
        listed = ", ".join(map(str, lines[:_LISTED])) + (", ..." if len(lines) > _LISTED else "")
        return f"{len(lines)} {what}{'s' * (len(lines) > 1)} (line{'s' * (len(lines) > 1)} {listed})"

    def _note(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)


def _value(cell: str, decimal: str) -> float | None:
    found = numeral(cell)
    return found.value("," if decimal == "," else ".") if found else None


def _shows(cell: str, decimal: Decimal) -> bool:
    found = numeral(cell)
    return found is not None and found.body.count(decimal) == 1


def _has_thousands(cell: str, decimal: Decimal) -> bool:
    found = numeral(cell)
    return found is not None and (found.has_groups or ("," if decimal == "." else ".") in found.body)


# -- from bytes


def read_table(path: Path, options: TableOptions | None = None) -> Table:
    """The table in a file. Raises ValueError that names the file for one that cannot be read, or in several ways."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    return parse_table(content, str(path), options)


def parse_table(content: bytes, name: str, options: TableOptions | None = None) -> Table:
    """The table in the bytes of a file that messages call `name`. Raises ValueError as `read_table` does."""
    options = options or TableOptions()
    decoded = encodings.decode(content, name, options.encoding)
    text = decoded.text.replace("\r\n", "\n").replace("\r", "\n")
    try:
        found, skipped = _layout(text, name, options)
        has_header = True if options.header_line else options.has_header
        header = find_header(found, name, has_header)
        data = _Data(found, name)
        data.read(text, skipped, header.rows)
    except csv.Error as error:
        raise ValueError(
            f"{name} cannot be read as a table: {error}; where quotes in it are characters like others: --no-quotes"
        ) from None
    notes = _notes(found, header, data, options)
    if decoded.encoding != "UTF-8":
        notes.append(decoded.encoding)
    return data.table(header.names, options.decimal, notes)


def _layout(text: str, name: str, options: TableOptions) -> tuple[Layout, int]:
    """The layout of the first rows, and how many lines above them are no part of what it was found from."""
    skipped = (options.header_line or 1) - 1
    separator = options.separator
    if separator is None and not skipped and (told := _TOLD.match(text)):
        separator, skipped = told[1], 1
    sample = dialects.sample_of(_from_line(text, skipped + 1, name))
    has_quotes = options.has_quotes is not False
    if separator is None:
        found = dialects.find_layout(sample, name, options.decimal, is_named=options.has_header is True)
        found = found if has_quotes else dialects.layout(sample, found.separator, has_quotes=False)
    else:
        found = dialects.layout(sample, separator, has_quotes=has_quotes)
    if not found.rows:
        raise UnclearTableError(f"{name} has no row from line {skipped + 1} on")
    if found.misfits:
        raise dialects.ragged(found, name)
    return found, skipped


def _from_line(text: str, line: int, name: str) -> str:
    place = 0
    for _ in range(line - 1):
        place = text.find("\n", place) + 1
        if not place:
            raise ValueError(f"{name} has no line {line}: --header-line names the line with the names of the columns")
    return text[place:]


class _Data:
    """The rows below the header, checked one by one and gathered column by column."""

    def __init__(self, found: Layout, name: str) -> None:
        self.found, self.name = found, name
        self.chunks: list[list[pa.Array]] = []
        self.lines: list[int] = []
        self.empty, self.comments, self.is_wider = 0, 0, False
        self.last = ""  # the first cell of the last row

    def read(self, text: str, skipped: int, header_rows: int) -> None:
        """Gathers the rows of `text` that are below the header; the layout was found below the line `skipped`."""
        above = skipped + self.found.rows[0].line - 1
        header_line = skipped + self.found.rows[header_rows - 1].line if header_rows else 0
        below = _from_line(text, above + 1, self.name)
        rows: list[list[str]] = []
        for row in dialects.parse(below, self.found.separator, has_quotes=self.found.has_quotes, is_strict=True):
            line = above + row.line
            if line <= header_line or (len(row.cells) != self.found.width and not self._is_row(row, line)):
                continue
            rows.append(row.cells[: self.found.width])
            self.lines.append(line)
            if len(rows) == _CHUNK:
                self._keep(rows)
                rows = []
        self._keep(rows)

    def _is_row(self, row: Row, line: int) -> bool:
        """Whether a row of another width is one: with empty cells at its end. Raises UnclearTableError for others."""
        if row.is_empty:
            self.empty += 1
            return False
        if row.fits(self.found.width):
            self.is_wider = True
            return True
        if row.is_comment:
            self.comments += 1
            return False
        raise dialects.misfit(
            Row(line, row.cells), self.found.width, self.found.separator, self.name, self.found.rows[0]
        )

    @property
    def ends_in_total(self) -> bool:
        return self.last.casefold().rstrip(":") in _TOTALS

    def _keep(self, rows: list[list[str]]) -> None:
        if rows:
            self.last = rows[-1][0].strip()
            columns = zip(*rows, strict=True)
            self.chunks.append([pc.utf8_trim_whitespace(pa.array(column, pa.string())) for column in columns])

    def table(self, names: list[str], decimal: Decimal | None, notes: list[str]) -> Table:
        columns = [
            pa.chunked_array([chunk[place] for chunk in self.chunks], pa.string()) for place in range(len(names))
        ]
        is_filled = self._is_filled(columns)
        kept = pa.array(is_filled)
        frame = pd.DataFrame(
            {place: column.filter(kept).to_pandas().astype("str") for place, column in enumerate(columns)}
        )
        frame.columns = pd.Index(names)
        if self.empty:
            notes.append(f"{dialects.counted(self.empty, 'empty row')} left out")
        return Table(self.name, frame, np.array(self.lines, np.int64)[is_filled], self.found.separator, decimal, notes)

    def _is_filled(self, columns: list[pa.ChunkedArray]) -> NDArray[np.bool_]:
        """Whether a row has a cell with something in it. The others are counted."""
        found = np.zeros(len(self.lines), bool)
        for column in columns:
            found |= pc.not_equal(column, "").to_numpy()
        self.empty += int((~found).sum())
        return found


def _notes(found: Layout, header: Header, data: _Data, options: TableOptions) -> list[str]:
    comments = sum(row.is_comment for row in found.preamble)
    above = len(found.preamble) - comments
    comments += data.comments
    facts = {
        dialects.separated(found.separator): True,
        "quotes as characters": not found.has_quotes and options.has_quotes is None,
        "no header": not header.is_named,
        f"{dialects.counted(above, 'line')} above the table left out": above,
        f"{dialects.counted(comments, 'comment')} left out": comments,
        "row of units left out": header.units is not None,
        "empty cells at line ends left out": data.is_wider or any(len(row.cells) > found.width for row in found.rows),
        f"line {data.lines[-1] if data.lines else 0} begins with {data.last!r} and is read as data": data.ends_in_total,
    }
    return [note for note, is_so in facts.items() if is_so]
