"""Bytes of a text file -> text: UTF-8, UTF-16 and UTF-32 with and without a byte order mark, Windows-1252.

What is none of these is an error that names `--encoding`: a wrong guess would change letters without a trace. Detectors
that rank all encodings always name one, and are wrong about a few letters: charset-normalizer takes a Cyrillic header
in cp1251 for cp1006, and `Größe` in mac_roman for UTF-16.
"""

import codecs
import re
from dataclasses import dataclass

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
# First bytes of files that are no text, and what to do with them.
_NO_TEXT = (
    (b"PK\x03\x04", "a ZIP archive, as an Excel (.xlsx) or LibreOffice workbook is: save its sheet as CSV (UTF-8)"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls): save its sheet as CSV (UTF-8)"),
    (b"PAR1", "a Parquet file, not text: write it as CSV"),
    (b"ARROW1", "an Arrow file, not text: write it as CSV"),
    (b"\x1f\x8b", "compressed by gzip: unpack it first"),
    (b"BZh", "compressed by bzip2: unpack it first"),
    (b"\xfd7zXZ\x00", "compressed by xz: unpack it first"),
    (b"%PDF", "a PDF, not text"),
    (b"SQLite format 3\x00", "an SQLite database, not text"),
)
_SAMPLE = 1 << 16  # bytes in which UTF-16 without a mark is searched for
# What Windows-1252 shows where the file is of another encoding: letters of other scripts come several in a row, and
# bytes of old Mac and DOS encodings become marks within words.
_FOREIGN = re.compile(
    "[\x80-\U0010ffff]{4}|[^\\W\\d_][\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u2039\u201d\u203a"
    "\xa1-\xa9\xac\xae\xaf\xb6\xb8\xb9\xbc-\xbf][^\\W\\d_]|[a-z][\u0160\u0178\u017d\u0152]"
)
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f]")  # never in a text table
_ODDITY = 20  # characters shown before and after what is odd


@dataclass(frozen=True)
class Text:
    """The text of a file, and the encoding that it was read in."""

    text: str
    encoding: str  # as people write it


def decode(content: bytes, name: str, encoding: str | None = None) -> Text:
    """The text in `content`; messages call the file `name`, and `encoding` replaces the search.

    Raises ValueError for an empty file, for one that is no text, and for text that could be of several encodings.
    """
    if not content.strip(b"\x00 \t\r\n"):
        raise ValueError(f"{name} is empty" if not content else f"{name} holds nothing but white space")
    for start, what in _NO_TEXT:
        if content.startswith(start):
            raise ValueError(f"{name} is {what}")
    found = _as_told(content, name, encoding) if encoding else searched(content, name)
    if odd := _CONTROL.search(found.text):
        line = found.text.count("\n", 0, odd.start()) + 1
        raise ValueError(
            f"line {line} of {name} has the character {odd[0]!r}, read as {found.encoding}: this is no text, or of "
            "another encoding (name it by --encoding)"
        )
    return found


def _as_told(content: bytes, name: str, encoding: str) -> Text:
    try:
        return Text(content.decode(encoding).removeprefix("\ufeff"), encoding)
    except LookupError:
        raise ValueError(f"encoding is {encoding!r}: expected one such as utf-8, utf-16, cp1252, gb18030") from None
    except UnicodeError as error:
        raise ValueError(f"{name} cannot be read as {encoding}: {error}") from None


def searched(content: bytes, name: str) -> Text:
    """The text in `content`, whatever it is, empty too. Raises ValueError where it could be of several encodings."""
    for mark, codec, label in _MARKS:
        if content.startswith(mark):
            return Text(_as_told(content, name, codec).text, label)
    if unmarked := _without_mark(content):
        return Text(_as_told(content, name, unmarked).text, "UTF-16")
    try:
        return Text(content.decode("utf-8"), "UTF-8")
    except UnicodeDecodeError:
        return _western(content, name)


def _without_mark(content: bytes) -> str | None:
    """UTF-16 whose characters are mostly Latin: every other byte is zero."""
    sample = content[: _SAMPLE - _SAMPLE % 2]
    half = max(1, len(sample) // 2)
    high, low = sample[0::2].count(0) / half, sample[1::2].count(0) / half
    if max(high, low) < 0.4 or min(high, low) > 0.1:
        return None
    return "utf-16-be" if high > low else "utf-16-le"


def _western(content: bytes, name: str) -> Text:
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError as error:
        raise _unknown(name, content[max(0, error.start - _ODDITY) : error.start + _ODDITY]) from None
    if odd := _FOREIGN.search(text):
        raise _unknown(name, text[max(0, odd.start() - _ODDITY) : odd.end() + _ODDITY])
    return Text(text, "Windows-1252")


def _unknown(name: str, shown: object) -> ValueError:
    return ValueError(
        f"{name} is neither UTF-8 nor UTF-16, and in Windows-1252 it has {shown!r}: save it as UTF-8, or name its "
        "encoding by --encoding (cp1250 Central European, cp1251 Cyrillic, gb18030 Chinese, shift_jis Japanese, "
        "mac_roman, cp850 DOS)"
    )
