"""Numbers as people write them: decimal commas, thousands marks, typographic signs, percent, currencies, units.

`1.234` and `1,234` can be read in two ways. Which mark is the decimal one is decided for a whole column from the cells
that can be read in one way only; where no cell decides, the caller's default does, or an error names the option.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, Self

_NONE = (
    "? - \u2013 \u2014 -- . .. ... \u2026 * / na n/a n.a. n.a #n/a #na #nv #null! #div/0! #value! nan <na> null none"
    " nil missing k.a."
)
_UNITS = (
    "% \u2030 \xb0 \xb0c \xb0f k s sec min h hr d ms us \xb5s \u03bcs ns hz khz mhz ghz m cm mm km dm um \xb5m \u03bcm"
    " nm in ft yd mi g kg mg t lb lbs oz l ml dl cl n kn pa hpa kpa mpa bar mbar v mv kv a ma w kw mw j kj kcal cal kwh"
    " db ppm ppb mol mmol m/s km/h mph m/s2 m/s\xb2 m2 m\xb2 m3 m\xb3 cm2 cm\xb2 cm3 cm\xb3 kg/m2 kg/m\xb2 kg/m3"
    " kg/m\xb3 g/l mg/l mg/dl mmol/l bpm rpm px pt eur usd gbp chf jpy cny \u20ac $ \xa3 \xa5 \u20b9 year years yr"
    " yrs jahre"
)
MISSING = frozenset(_NONE.split()) | {"", "k. a."}
UNITS = frozenset(_UNITS.split())
_CURRENCIES = "(?:[$\u20ac\xa3\xa5\u20b9\u20a9\u20bd]|US\\$|EUR|USD|GBP|CHF|JPY|CNY)"
_BLANKS = " \xa0\u202f\u2009\u2007"
_GROUPS = _BLANKS + "'\u2019\u02bc"  # between thousands, besides the mark that is not the decimal one
_MINUS = "\u2212\u2013\ufe63\uff0d-"  # typographic ones, and Python's: last, as in a pattern it would make a range
_FULL_WIDTH = {0xFF10 + digit: str(digit) for digit in range(10)} | {0xFF0C: ",", 0xFF0E: ".", 0xFF0B: "+"}
_NUMERAL = re.compile(
    rf"(?P<before>{_CURRENCIES})?[{_BLANKS}]*(?P<sign>[+{_MINUS}])?[{_BLANKS}]*(?P<within>{_CURRENCIES})?[{_BLANKS}]*"
    rf"(?P<body>[0-9.,][0-9.,{_GROUPS}]*?)(?P<exponent>[eE][+{_MINUS}]?[0-9]{{1,4}})?"
    rf"[{_BLANKS}]*(?P<after>[^0-9.,{_GROUPS}+{_MINUS}][^0-9.,]{{0,9}}[0-9]?)?"
)
_BY_THREE = {mark: re.compile(rf"[0-9]{{1,3}}(?:{re.escape(mark)}[0-9]{{3}})+") for mark in ".,"}
_INDIAN = re.compile(r"[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}")
_SPACED = re.compile(rf"[0-9]{{1,3}}(?:[{_GROUPS}][0-9]{{3}})+")

Decimal = Literal[".", ","]
Evidence = Literal["", ".", ",", "?.", "?,"]  # the decimal mark that a numeral shows; ?: or a thousands mark


@dataclass(frozen=True)
class Numeral:
    """A number as it is written, taken apart."""

    sign: str  # '' or '-'
    body: str  # digits and marks, without blanks and apostrophes
    exponent: str
    unit: str  # currency, percent sign or unit; '' where there is none
    evidence: Evidence
    has_groups: bool  # certainly: two marks, or several thousands marks

    def value(self, decimal: Decimal) -> float | None:
        """The number; None where the marks do not fit to `decimal`."""
        whole, mark, fraction = self.body.partition(decimal)
        other = "," if decimal == "." else "."
        if mark and (decimal in fraction or other in fraction):
            return None
        if other in whole:
            if not (_grouped(whole, other)):
                return None
            whole = whole.replace(other, "")
        return float(f"{self.sign}{whole or 0}.{fraction or 0}{self.exponent}")


class UnclearDecimalError(ValueError):
    """Cells of a column do not decide what is the decimal mark."""

    def __init__(self, cells: Sequence[str], why: str) -> None:
        super().__init__(why)
        self.cells = cells  # which show it


@lru_cache(maxsize=1 << 16)
def numeral(cell: str) -> Numeral | None:
    """A cell taken apart; None where it is not a number in any convention."""
    cell = cell.strip().translate(_FULL_WIDTH)
    if cell.startswith('="') and cell.endswith('"'):  # how Excel is made to keep text
        cell = cell[2:-1]
    found = _NUMERAL.fullmatch(cell)
    if not found:
        return None
    parts = [part for part in found.group("before", "within", "after") if part]
    if len(parts) > 1 or (parts and found["after"] and not _is_unit(parts[0])):
        return None
    body = found["body"].rstrip(_BLANKS)
    if any(mark in body for mark in _GROUPS):
        head = re.split("[.,]", body, maxsplit=1)[0]
        if not _SPACED.fullmatch(head) or any(mark in body[len(head) :] for mark in _GROUPS):
            return None
        has_spaces, body = True, re.sub(f"[{_GROUPS}]", "", body)
    else:
        has_spaces = False
    shown = _evidence(body, has_spaces or bool(found["exponent"]))
    if shown is None:
        return None
    evidence, has_groups = shown
    exponent = re.sub(f"[{_MINUS}]", "-", found["exponent"] or "")
    sign = "-" if (found["sign"] or "+") in _MINUS else ""
    return Numeral(sign, body, exponent, parts[0] if parts else "", evidence, has_groups or has_spaces)


def _is_unit(text: str) -> bool:
    return text.casefold().strip("[]() ") in UNITS or bool(re.fullmatch(_CURRENCIES, text))


def is_unit(text: str) -> bool:
    """Whether a cell below a name is its unit: one that is known, or a few characters in brackets."""
    return _is_unit(text) or bool(re.fullmatch(r"[\[(][^\])]{1,15}[\])]", text))


def _grouped(digits: str, mark: str) -> bool:
    found = _BY_THREE[mark].fullmatch(digits) or (mark == "," and _INDIAN.fullmatch(digits))
    return bool(found) and digits[0] != "0"


def _evidence(body: str, is_decimal: bool) -> tuple[Evidence, bool] | None:
    """What the marks of a numeral show, and whether some part thousands for certain; None where they make no sense.

    With `is_decimal` a single mark is the decimal one: thousands are parted otherwise, or there is an exponent.
    """
    marks = [character for character in body if character in ".,"]
    if not marks:
        return "", False
    last: Decimal = "." if marks[-1] == "." else ","
    whole, _, fraction = body.rpartition(last)
    if len(marks) == 1:
        if not whole and not fraction:
            return None
        can_group = not is_decimal and len(fraction) == 3 and 1 <= len(whole) <= 3 and whole[0] != "0"
        return ("?." if last == "." else "?,") if can_group else last, False
    if len(set(marks)) == 1:
        other: Decimal = "," if last == "." else "."
        return (other, True) if _grouped(body, last) else None
    return (last, True) if marks.count(last) == 1 and _grouped(whole, marks[0]) else None


def is_missing(cell: str) -> bool:
    """Whether a cell says that there is no value."""
    return cell.strip().casefold() in MISSING


def is_number(cell: str) -> bool:
    return numeral(cell) is not None


@dataclass(frozen=True)
class Marks:
    """A cell for each kind of evidence that a column has about its decimal mark."""

    shown: Mapping[Evidence, str]
    has_groups: bool

    @classmethod
    def of(cls, cells: Iterable[str]) -> Self:
        shown: dict[Evidence, str] = {}
        has_groups = False
        for cell in cells:
            if found := numeral(cell):
                shown.setdefault(found.evidence, cell)
                has_groups = has_groups or found.has_groups
        return cls(shown, has_groups)

    @property
    def certain(self) -> Decimal | None:
        """The decimal mark, where a cell can be read in one way only.

        Raises UnclearDecimalError with cells that contradict each other.
        """
        shown = self.shown
        if "." in shown and "," in shown:
            raise UnclearDecimalError([shown["."], shown[","]], "decimal points in one and decimal commas in the other")
        mixed: list[tuple[Evidence, Evidence]] = [(".", "?,"), (",", "?.")]
        for mark, unclear in mixed:
            if mark in shown and unclear in shown and not self.has_groups:
                raise UnclearDecimalError([shown[unclear], shown[mark]], "thousands, or another decimal mark")
        return "." if "." in shown else "," if "," in shown else None

    @property
    def unclear(self) -> list[str]:
        """Cells that can be read in two ways."""
        return [self.shown[kind] for kind in ("?.", "?,") if kind in self.shown]
