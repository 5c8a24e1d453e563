"""What a user can decide about a table instead of the reader: options of commands, and values in code."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from inputs.dialects import NAMES
from inputs.numerals import Decimal

_BY_NAME = {name: separator for separator, name in NAMES.items()} | {
    "\\t": "\t",
    "comma": ",",
    "semicolon": ";",
    "pipe": "|",
}
_MARKS: dict[str, Decimal] = {".": ".", "point": ".", ",": ",", "comma": ","}


@dataclass(frozen=True)
class TableOptions:
    """None: the reader decides."""

    separator: str | None = None  # one character
    decimal: Decimal | None = None
    encoding: str | None = None
    has_header: bool | None = None
    header_line: int | None = None  # of the file, from 1: the line with the names
    has_quotes: bool | None = None

    @classmethod
    def of(cls, options: argparse.Namespace) -> Self:
        """From the options that `add_options` defines."""
        return cls(
            options.separator,
            options.decimal,
            options.encoding,
            options.has_header,
            options.header_line,
            False if options.no_quotes else None,
        )


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options by which a user decides how a table is read."""
    group = parser.add_argument_group("how the table is read, where the reader should not decide")
    group.add_argument("--separator", type=_separator, help="a character, or tab, space, none (one column)")
    group.add_argument("--decimal", type=_decimal, help="the decimal mark: . or ,")
    group.add_argument("--encoding", help="such as utf-8, utf-16, cp1252, gb18030")
    names = group.add_mutually_exclusive_group()
    names.add_argument("--header", dest="has_header", action="store_true", default=None, help="the first line is names")
    names.add_argument("--no-header", dest="has_header", action="store_false", help="the first line is data")
    names.add_argument("--header-line", type=int, metavar="N", help="line N has the names; what is above is left out")
    group.add_argument("--no-quotes", action="store_true", help="a quote is a character like others")


def parsed(arguments: Sequence[str]) -> tuple[TableOptions, list[str]]:
    """The options of a table among arguments, and the other arguments. Raises ValueError for a wrong one."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    add_options(parser)
    try:
        options, others = parser.parse_known_args(list(arguments))
    except argparse.ArgumentError as error:
        raise ValueError(str(error)) from None
    return TableOptions.of(options), others


def _separator(text: str) -> str:
    separator = _BY_NAME.get(text, text)
    if len(separator) != 1 or separator in '"\r\n':
        raise argparse.ArgumentTypeError(f"{text!r}: expected one character, or {', '.join(_BY_NAME)}")
    return separator


def _decimal(text: str) -> Decimal:
    if text not in _MARKS:
        raise argparse.ArgumentTypeError(f"{text!r}: expected . or ,")
    return _MARKS[text]
