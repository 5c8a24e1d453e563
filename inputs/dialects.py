"""How a text is a table: its separator, where it begins, how wide it is, whether a line names the columns.

`csv.Sniffer` and clevercsv always name a best dialect, and know no decimal comma: of `168,51` below one name they make
two columns. Here each separator is tried with Python's `csv` on the first rows, and one is taken only if all of these
rows then are equally wide; what fits in two ways is an error that shows a line and names the option.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from inputs.numerals import Decimal, Marks, UnclearDecimalError, is_missing, is_number, is_unit

SEPARATORS = (",", ";", "\t", "|")
ONE_COLUMN = "\x1f"  # separates nothing: decoded text has no such character
NAMES = {"\t": "tab", " ": "space", ONE_COLUMN: "none"}
ROWS, CHARACTERS = 1000, 1 << 20  # of the sample
MAX_CELL = 1 << 27  # characters
_COMMENTS = ("#", "%", "//")
_PREAMBLE = 50  # lines above a table at most
_UNMIXED = 10  # rows that must be equally wide where a table begins
_DATE = re.compile(r"\d{4}-\d\d?-\d\d?([T ].*)?|\d\d?[./]\d\d?[./]\d{2,4}|\d\d?:\d\d(:\d\d)?")


class UnclearTableError(ValueError):
    """A text that can be read as a table in no way, or in more than one."""


class Row(NamedTuple):
    """A row of a text; a tuple, as there are millions."""

    line: int  # of the text, from 1
    cells: list[str]

    @property
    def is_empty(self) -> bool:
        return not any(cell.strip() for cell in self.cells)

    @property
    def used(self) -> int:
        """The cells up to the last that is not empty."""
        return max((place for place, cell in enumerate(self.cells, start=1) if cell.strip()), default=0)

    def fits(self, width: int) -> bool:
        return self.used <= width <= len(self.cells)

    @property
    def is_comment(self) -> bool:
        return self.cells[0].lstrip().startswith(_COMMENTS)


@dataclass(frozen=True)
class Layout:
    """A text read with one separator."""

    separator: str
    has_quotes: bool
    width: int
    preamble: list[Row]  # above the table
    rows: list[Row]  # of the sample
    misfits: list[Row] = field(default_factory=list)  # rows of another width


def parse(text: str, separator: str, *, has_quotes: bool = True, is_strict: bool = False) -> Iterator[Row]:
    """The rows of a text, also the empty ones. With `is_strict` raises csv.Error for quotes that do not close."""
    old = csv.field_size_limit(MAX_CELL)
    try:
        reader = csv.reader(
            io.StringIO(text, newline="\n"),
            delimiter=separator,
            quoting=csv.QUOTE_MINIMAL if has_quotes else csv.QUOTE_NONE,
            skipinitialspace=separator != "\t",
            strict=is_strict,
        )
        line = 1
        for cells in reader:
            yield Row(line, cells or [""])
            line = reader.line_num + 1
    finally:
        csv.field_size_limit(old)


def sample_of(text: str) -> str:
    """The first lines of a text."""
    end = -1
    for _ in range(ROWS):
        end = text.find("\n", end + 1)
        if end < 0 or end > CHARACTERS:
            break
    return text if end < 0 else text[: end + 1]


def layout(sample: str, separator: str, *, has_quotes: bool = True) -> Layout:
    """The sample read with a separator: the width that most rows fit, and from which row on they do."""
    rows = [row for row in parse(sample, separator, has_quotes=has_quotes) if not row.is_empty]
    comments = 0
    while comments < len(rows) - 1 and rows[comments].is_comment:
        comments += 1
    body = rows[comments:]
    if comments and (names := _names_in(rows[comments - 1], rows[comments])):
        comments, body = comments - 1, [names, *body]
    width = _width(body)
    first = _first(body, width) if width > 1 else 0
    table = [row for row in body[first:] if row.fits(width) or not row.is_comment]
    return Layout(
        separator, has_quotes, width, rows[: comments + first], table, [row for row in table if not row.fits(width)]
    )


def _names_in(comment: Row, below: Row) -> Row | None:
    """The header in a comment, as numpy.savetxt writes it: a name for each number of the line below."""
    names = comment.cells[1:] if comment.cells[0] in _COMMENTS else comment.cells
    is_header = len(below.cells) > 1 and len(names) == len(below.cells)
    if is_header and all(is_number(cell) or is_missing(cell) for cell in below.cells):
        return Row(comment.line, [f"# {names[0].lstrip('#%/ ')}", *names[1:]])
    return None


def _width(rows: Sequence[Row]) -> int:
    """The width that most rows fit; of several the smallest."""
    widths = {len(row.cells) for row in rows} | {row.used for row in rows}
    ranges = Counter((row.used, len(row.cells)) for row in rows)
    fitting = {
        width: sum(count for (used, cells), count in ranges.items() if used <= width <= cells) for width in widths
    }
    return max(fitting, key=lambda width: (fitting[width], -width), default=1)


def _first(rows: Sequence[Row], width: int) -> int:
    """Where the table begins: at the first row that fits and is followed by rows that fit."""
    for place in range(min(len(rows), _PREAMBLE)):
        if all(row.fits(width) for row in rows[place : place + _UNMIXED]):
            return _below_titles(rows, place, width)
    return 0


def _below_titles(rows: Sequence[Row], first: int, width: int) -> int:
    """Below titles, which spreadsheets fill up with empty cells; 0 titles where no row of names follows."""
    place = first
    while place < len(rows) - 1 and rows[place].used == 1:
        place += 1
    is_header = rows[place].used == width and not any(is_number(cell) for cell in rows[place].cells)
    return place if is_header and place - first < _PREAMBLE else first


# -- which separator


def find_layout(sample: str, name: str, decimal: Decimal | None = None, *, is_named: bool = False) -> Layout:
    """The one way to read a sample; `decimal` is the mark that the user names, if one is named, and `is_named` whether
    the user states that the first line is a header.

    Raises UnclearTableError that shows a line where there is no way, or several.
    """
    tried = [_unquoted_if_needed(sample, separator) for separator in SEPARATORS]
    fitting = [one for one in tried if one.width > 1 and not one.misfits and _may_have_preamble(one)]
    if plain := [one for one in fitting if not any(not row.is_comment for row in one.preamble)]:
        fitting = plain
    if len(fitting) > 1:
        scores = sorted(((_score(one), one.separator) for one in fitting), reverse=True)
        if scores[0][0] == scores[1][0]:
            raise _several(fitting, name)
        fitting = [one for one in fitting if one.separator == scores[0][1]]
    if fitting:
        return fitting[0] if decimal == "." or is_named else _checked_pairs(fitting[0], sample, name, decimal)
    return _one_column(sample, name, tried, decimal)


def _unquoted_if_needed(sample: str, separator: str) -> Layout:
    """Tables with tabs are often written without quoting: there a quote may begin a cell and mean nothing."""
    found = layout(sample, separator)
    if separator == "\t" and any("\n" in cell or '"' in cell for row in found.rows for cell in row.cells):
        plain = layout(sample, separator, has_quotes=False)
        if plain.width > 1 and not plain.misfits:
            return plain
    return found


def _may_have_preamble(found: Layout) -> bool:
    """Lines above a table are left out where the table then begins with names, and not with numbers."""
    above = [row for row in found.preamble if not row.is_comment]
    return not above or not any(is_number(cell) for cell in found.rows[0].cells)


def _score(found: Layout) -> float:
    """How much the cells look like values: numbers and dates, rather than text with other separators in it."""
    others = "".join(separator for separator in SEPARATORS if separator != found.separator)
    seen = Counter(cell for row in found.rows[:200] for cell in row.cells[: found.width])
    return sum(count * _likeness(cell, others) for cell, count in seen.items()) / max(1, seen.total())


def _likeness(cell: str, others: str) -> float:
    if is_number(cell) or is_missing(cell) or _DATE.fullmatch(cell.strip()):
        return 1.0
    if not any(other in cell for other in others):
        return 0.5
    return -1.0 if "\t" in cell else 0.4 if cell.count(",") and not any(other in cell for other in ";|") else 0.0


def _several(fitting: Sequence[Layout], name: str) -> UnclearTableError:
    row = fitting[0].rows[0]
    ways = " or ".join(f"{separated(one.separator)} ({one.width} columns)" for one in fitting)
    return UnclearTableError(
        f"line {row.line} of {name} is {shown(row, fitting[0].separator)}: it can be {ways}; name the separator by "
        "--separator"
    )


def _checked_pairs(found: Layout, sample: str, name: str, decimal: Decimal | None) -> Layout:
    """The layout, unless its two columns of digits may be one of numbers with a decimal comma."""
    names, data = found.rows[0].cells, found.rows
    if found.separator == "," and found.width == 2:
        is_named = not is_number(names[0])
        data = data[1:] if is_named else data
        has_unit = is_named and _has_unit(sample, names[1].strip(), data)
        if (has_unit or not is_named) and data and all(_halves(row.cells) for row in data):
            if decimal == ",":
                return layout(sample, ONE_COLUMN)
            row = data[0]
            raise UnclearTableError(
                f"line {row.line} of {name} is {shown(row, ',')}: two columns, or one number with a decimal comma? "
                "Name it by --separator , (two columns) or --decimal , (one)"
            )
    return found


def _has_unit(sample: str, second: str, data: Sequence[Row]) -> bool:
    """Whether the second name is rather the unit of the first: after a space, or above digits of one length."""
    lengths = {len(row.cells[1].strip()) for row in data}
    return is_unit(second) and (f", {second}" in sample or (len(second) > 1 and len(lengths) == 1 and max(lengths) < 3))


def _halves(cells: Sequence[str]) -> bool:
    return bool(re.fullmatch(r"[-+\u2212]?\d+", cells[0].strip()) and re.fullmatch(r"\d+", cells[1]))


def _one_column(sample: str, name: str, tried: Sequence[Layout], decimal: Decimal | None) -> Layout:
    """No separator fits: one column, words apart by spaces, or an error that shows the first line that does not fit."""
    spaced = layout(sample, " ")
    if all(one.width == 1 and not one.misfits for one in tried):
        if _are_columns(spaced, any):
            return _checked_spaces(spaced, name)
        return layout(sample, "," if any('"' in row.cells[0] for row in _lines(sample)) else ONE_COLUMN)
    single = layout(sample, ONE_COLUMN)
    first, *below = [row.cells[0] for row in single.rows]
    has_one_name = is_number(first) or not any(separator in first for separator in SEPARATORS)
    if has_one_name and below and all(is_number(cell) or is_missing(cell) for cell in below):
        return single if decimal else _checked_commas(single, name)
    if _are_columns(spaced, all):
        return spaced
    wrong = [one for one in tried if one.misfits or one.preamble]
    raise ragged(max(wrong, key=lambda one: (one.width > 1, len(one.rows) - len(one.misfits), one.width)), name)


def _lines(sample: str) -> list[Row]:
    return layout(sample, ONE_COLUMN, has_quotes=False).rows


def _are_columns(spaced: Layout, enough: Callable[[Iterable[bool]], bool]) -> bool:
    """Whether cells between spaces are columns: below the first row `enough` of them hold nothing but numbers."""
    data = spaced.rows[1:]
    if spaced.width < 2 or spaced.misfits or not data or any(not row.is_comment for row in spaced.preamble):
        return False
    return enough(all(is_number(row.cells[place]) for row in data) for place in range(spaced.width))


def _checked_spaces(spaced: Layout, name: str) -> Layout:
    row = spaced.rows[-1]
    joined = " ".join(row.cells).strip()
    if is_number(joined) and all(is_number(" ".join(row.cells).strip()) for row in spaced.rows):
        raise UnclearTableError(
            f"line {row.line} of {name} is {joined!r}: {spaced.width} columns, or one number with spaces for "
            "thousands? Name it by --separator space or --separator none"
        )
    return spaced


def _checked_commas(single: Layout, name: str) -> Layout:
    """One column of numbers with commas that no quotes protect, if they are decimal commas for certain."""
    rows = single.rows[1:]
    cells = [row.cells[0] for row in rows]
    with_comma = [row for row in rows if "," in row.cells[0]]
    try:
        decimal = Marks.of(cells).certain
    except UnclearDecimalError:
        decimal = None
    whole = [cell.split(",")[0].strip() for cell in cells]
    is_counted = len(whole) > 2 and whole in ([str(n + first) for n in range(len(whole))] for first in (0, 1))
    if with_comma and (decimal != "," or is_counted):
        row = with_comma[0]
        raise UnclearTableError(
            f"line {row.line} of {name} is {row.cells[0]!r} below {single.rows[0].cells[0]!r}: commas for thousands, "
            "decimal commas, or a second column without a name? Name it by --decimal . (thousands), --decimal , or "
            "--separator ,"
        )
    return single


# -- words of messages


def separated(separator: str) -> str:
    """How a separator is called in notes and messages."""
    if separator == ONE_COLUMN:
        return "one column"
    return f"{NAMES.get(separator) or repr(separator)} separated"


def shown(row: Row, separator: str) -> str:
    text = (" " if separator == ONE_COLUMN else separator).join(row.cells)
    return repr(text if len(text) <= 80 else text[:77] + "...")


def ragged(found: Layout, name: str) -> UnclearTableError:
    """The error for the first row that is wider or narrower than the table."""
    row = found.misfits[0] if found.misfits else (found.preamble or found.rows)[0]
    return misfit(row, found.width, found.separator, name, found.rows[0])


def misfit(row: Row, width: int, separator: str, name: str, header: Row) -> UnclearTableError:
    cells = max(row.used, 1) if row.used > width else len(row.cells)
    reasons = "the separator is another (--separator; none: one column), "
    if separator == ",":
        reasons += "its commas are decimal commas or for thousands (quote such cells, or name --separator), "
    if len(row.cells) == width - 1 and row.line <= header.line:
        reasons += "the first column lacks a name (row numbers, as R writes them), "
    if row.line <= header.line:
        reasons += "the table begins further down (--header-line), "
    if any("\n" in cell for cell in row.cells):
        reasons += "a quote is not closed or is a character like others (--no-quotes), "
    return UnclearTableError(
        f"line {row.line} of {name} is {shown(row, separator)}: {counted(cells, 'cell')}, {separated(separator)}, "
        f"where the table has {counted(width, 'column')}; either {reasons}or the line is damaged"
    )


def counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"
