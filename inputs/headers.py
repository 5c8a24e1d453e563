"""Whether the first line of a table names its columns, and whether a row of units is below it."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from inputs.dialects import Layout, Row, UnclearTableError, shown
from inputs.numerals import is_missing, is_number, is_unit

_YEARS = re.compile(r"(1[89]|20)\d\d")


@dataclass(frozen=True)
class Header:
    """The names of the columns, and the rows at the start that are no data."""

    names: list[str]
    is_named: bool
    units: Row | None

    @property
    def rows(self) -> int:
        """Rows before the data."""
        return self.is_named + (self.units is not None)


def find_header(found: Layout, name: str, has_header: bool | None = None) -> Header:
    """The header of a table; `has_header` replaces the search. Raises UnclearTableError where both are likely."""
    first, data = found.rows[0], found.rows[1:]
    if has_header is None:
        has_header = _is_header(first, data, found, name)
    if not has_header:
        return Header([f"column {place}" for place in range(1, found.width + 1)], is_named=False, units=None)
    return Header(_names(first, found.width), is_named=True, units=_units(data, found.width))


def _is_header(first: Row, data: Sequence[Row], found: Layout, name: str) -> bool:
    if any(row.is_comment for row in found.preamble) and first.is_comment:
        return True
    numeric = numeric_places(data, found.width)
    if not numeric:
        return _is_header_of_texts(first, data, found.width)
    cells = [first.cells[place].strip() for place in numeric]
    numbers = [cell for cell in cells if is_number(cell)]
    if not numbers:
        return any(cell and not is_missing(cell) for cell in cells) or not data
    if len(numbers) < len([cell for cell in cells if not is_missing(cell)]):
        if all(_YEARS.fullmatch(cell) for cell in numbers):
            return True
        raise _unclear_header(first, found, name, "has names and numbers")
    if _like_names(numbers, data, numeric):
        others = [cell.strip() for place, cell in enumerate(first.cells[: found.width]) if place not in numeric]
        if len(numbers) > 1 and all(_YEARS.fullmatch(cell) for cell in numbers) and any(others):
            return True
        raise _unclear_header(first, found, name, "may be names or the first numbers")
    return False


def _like_names(numbers: Sequence[str], data: Sequence[Row], numeric: Sequence[int]) -> bool:
    """Whether numbers may be names: successive years, or whole numbers where all below have decimals."""
    if len(numbers) > 1 and all(_YEARS.fullmatch(cell) for cell in numbers):
        steps = {int(after) - int(before) for before, after in pairwise(numbers)}
        return len(steps) == 1 and steps != {0}
    below = [row.cells[place].strip() for row in data for place in numeric if not is_missing(row.cells[place])]
    return len(data) > 2 and all(cell.isdigit() for cell in numbers) and not any(cell.isdigit() for cell in below)


def _is_header_of_texts(first: Row, data: Sequence[Row], width: int) -> bool:
    """Of texts alone: names are there once, and none of them again in the rows below."""
    cells = [cell.strip() for cell in first.cells[:width]]
    if not all(cells) or len(set(cells)) < len(cells):
        return False
    return not any(row.cells[place].strip() == cell for row in data for place, cell in enumerate(cells))


def numeric_places(rows: Sequence[Row], width: int) -> list[int]:
    """The columns, from 0, whose cells are numbers or missing, and not all missing."""
    return [
        place
        for place in range(width)
        if all(is_number(row.cells[place]) or is_missing(row.cells[place]) for row in rows)
        and any(is_number(row.cells[place]) for row in rows)
    ]


def _names(row: Row, width: int) -> list[str]:
    """A name for each column; those that several have are numbered."""
    names = [" ".join(cell.split()) for cell in row.cells[:width]]
    if row.is_comment:
        names[0] = names[0].lstrip("#%/ ") or names[0]
    names = [name or f"column {place}" for place, name in enumerate(names, start=1)]
    seen: Counter[str] = Counter()
    numbered = []
    for name in names:
        seen[name] += 1
        numbered.append(f"{name} ({seen[name]})" if names.count(name) > 1 else name)
    return numbered


def _units(data: Sequence[Row], width: int) -> Row | None:
    """The row below the names, if it has the units of the columns of numbers."""
    if len(data) < 2 or not (numeric := numeric_places(data[1:], width)):
        return None
    cells = [data[0].cells[place].strip() for place in numeric]
    given = [cell for cell in cells if cell]
    return data[0] if given and all(is_unit(cell) for cell in given) else None


def _unclear_header(first: Row, found: Layout, name: str, why: str) -> UnclearTableError:
    return UnclearTableError(
        f"line {first.line} of {name} is {shown(first, found.separator)}, which {why}: name it by --header (names) or "
        "--no-header (data)"
    )
