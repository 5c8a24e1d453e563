"""Tables as people write them: the same cells from every dialect, or one error; never other values."""

import csv
import io
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inputs.options import TableOptions, parsed
from inputs.tables import Table, parse_table, read_table

CASES = Path(os.environ.get("DATA_MIRROR", "none")).parent / "cases" / "csv"
HEIGHTS = [168.51, 164.8, 172.44, 177.19, 182.27, 174.98, 170.28]
WEIGHTS = [82.4, 78.2, 52.9, 74.0, 61.3, 71.8, 71.9]


def read(text: str | bytes, **options: object) -> Table:
    return parse_table(text.encode() if isinstance(text, str) else text, "FILE", TableOptions(**options))  # type: ignore[arg-type]


def refusal(content: str | bytes, column: str | None = None) -> str:
    """The message of the error that reading ends with, '' where there is none. It names the file."""
    try:
        table = read(content)
        for name in [column] if column else table.columns:
            assert not np.isinf(table.numbers(name)).any()
    except ValueError as error:
        message = str(error)
    else:
        return ""
    assert "FILE" in message
    return message


def written(separator: str, decimal: str, end: str = "\n", *, last: str = "") -> str:
    lines = [separator.join(["Größe", "Gewicht"]) + last]
    pairs = zip(HEIGHTS, WEIGHTS, strict=True)
    lines += [separator.join(f"{value:.2f}".replace(".", decimal) for value in pair) + last for pair in pairs]
    return end.join(lines) + end


# -- the same numbers from every way to write them


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
@pytest.mark.parametrize(
    ("separator", "decimal", "end", "last"),
    [
        (",", ".", "\n", ""),
        (",", ".", "\n", ","),
        (",", ".", "\r\n", ",,,"),
        (";", ",", "\r\n", ""),
        (";", ",", "\r\n", ";"),
        (";", ".", "\n", ""),
        ("\t", ".", "\n", ""),
        ("\t", ",", "\r", ""),
        ("|", ".", "\n", ""),
        ("|", ",", "\n", ""),
        ("  ", ".", "\n", ""),
        ("   ", ",", "\n", " "),
        (", ", ".", "\n", ""),
    ],
)
def test_every_dialect_has_the_same_numbers(separator: str, decimal: str, end: str, last: str, encoding: str) -> None:
    table = read(written(separator, decimal, end, last=last).encode(encoding))
    assert table.columns == ["Größe", "Gewicht"]
    assert table.numbers("Größe").tolist() == HEIGHTS
    assert table.numbers("2").tolist() == WEIGHTS
    assert table.lines.tolist() == list(range(2, 9))


@pytest.mark.parametrize(
    ("text", "values", "note"),
    [
        ("x\n1,5\n-2,25\n3\n", [1.5, -2.25, 3], "one column, decimal comma"),
        ("x\n\u22121.5\n2.25\n", [-1.5, 2.25], "decimal point"),
        ('x\n"43,527"\n"60,163"\n', [43527, 60163], "marks for thousands"),
        ("x\n1'234.5\n12\n", [1234.5, 12], "decimal point, marks for thousands"),
        ("x\n1\u2019234,5\n12,5\n", [1234.5, 12.5], "decimal comma, marks for thousands"),
        ("x\n1 234,5\n2 345 678,9\n", [1234.5, 2345678.9], "decimal comma, marks for thousands"),
        ("x\n1\xa0234\n2\u202f345\n", [1234, 2345], "marks for thousands"),
        ("x;y\n1.234,5;a\n12,5;b\n", [1234.5, 12.5], "decimal comma, marks for thousands"),
        ("x;y\n1.234;0,5\n2.345;1,25\n", [1234, 2345], "marks for thousands"),
        ('x\n"1,23,456.5"\n', [123456.5], "marks for thousands"),
        ("x\n5 %\n7.5 %\n", [5, 7.5], "'%' left out of 'x'"),
        ("x\n€ 5\n€ -7.50\n", [5, -7.5], "'€' left out of 'x'"),
        ("x\n5 kg\n7 kg\n", [5, 7], "'kg' left out of 'x'"),
        ("x\n1e3\n1,5E-2\n", [1000, 0.015], "decimal comma"),
        ("x\n\uff11\uff12\n3\n", [12, 3], "one column"),
        ('x\n="168.5"\n="170.25"\n', [168.5, 170.25], "decimal point"),
        ("x,y\ns,cm\n1,a\n2,b\n", None, "',' separated"),
        ("x,y\n[s],[cm]\n1,2\n2,4\n", [1, 2], "row of units left out"),
        ("x\n1\n\n2\n   \n", [1, 2], "2 empty rows left out"),
        ("x,y\n1,2\n,\n3,4\n", [1, 3], "1 empty row left out"),
        ("# of station 7, 2024\nx,y\n1,2\n3,4\n", [1, 3], "1 comment left out"),
        ("Report\n\nof station 7\nx,y\n1,2\n3,4\n", [1, 3], "2 lines above the table left out"),
        ("Report;;\nof station 7;;\nx;y;z\n1,5;2;a\n3;4;b\n", [1.5, 3], "2 lines above the table left out"),
        ("# x y\n1 2\n3 4\n", [1, 3], "space separated"),
        ("sep=;\nx;y\n1,5;2\n", [1.5], "';' separated"),
        ("1.5\n2.5\n", [1.5, 2.5], "no header"),
        ("x\n174.2\n?\n-\nNA\n180\n", [174.2, None, None, None, 180], "3 missing values (lines 3, 4, 5) in 'x'"),
        ("x\ty\n1\t\"a\n2\tb\n", [1, 2], "quotes as characters"),
        ("x;y\n1;a\n2;b\nTotal;c\n", None, "line 4 begins with 'Total' and is read as data"),
        ("country,1990,1991\nDE,1,2\nFR,3,4\n", None, "',' separated"),
        (",x\n0,1.5\n", None, "',' separated"),
    ],
)  # fmt: skip
def test_numbers_and_what_is_told(text: str, values: list[float | None] | None, note: str) -> None:
    table = read(text)
    if values is not None:
        found = table.numbers("1").tolist()
        assert [None if np.isnan(value) else value for value in found] == values
    assert note in table.read_as


# -- what can be read in two ways is refused, and an option decides


@pytest.mark.parametrize(
    ("text", "message", "option", "column", "values"),
    [
        ("x\n43,260\n41,775\n", "line 2 of FILE is '43,260' below 'x'", ["--decimal", "."], "1", [43260, 41775]),
        ("x\n43,260\n41,775\n", "thousands, decimal commas, or", ["--decimal", ","], "1", [43.26, 41.775]),
        ("x\n1,174.2\n2,171.9\n", "or a second column without", ["--separator", ",", "--no-header"], None, []),
        ("168,51\n164,80\n", "two columns, or one number", ["--decimal", ","], "1", [168.51, 164.8]),
        ("168,51\n164,80\n", "line 1 of FILE is '168,51'", ["--separator", ","], "2", [51, 80]),
        ("Größe, cm\n168,51\n164,80\n", "two columns, or one number", ["--decimal", ","], "1", [168.51, 164.8]),
        ("data\n1,17\n2,18\n3,19\n", "or a second column without", ["--decimal", ","], "1", [1.17, 2.18, 3.19]),
        ("1 234\n2 345\n", "2 columns, or one number with spaces", ["--separator", "space"], "2", [234, 345]),
        ("1 234\n2 345\n", "2 columns, or one number with spaces", ["--separator", "none"], "1", [1234, 2345]),
        ("1990,1991,1992\n1,2,3\n3,4,5\n", "may be names or", ["--header"], "1990", [1, 3]),
        ("1990,1991,1992\n1,2,3\n3,4,5\n", "may be names or", ["--no-header"], "1", [1990, 1, 3]),
        ("x\ny\n1\n2\n3\n", "--header-line 2", ["--header-line", "2"], "y", [1, 2, 3]),
        (
            "Station;7\nDay;2024-05-01\nx;y\n1;2,5\n2;3,5\n3;4\n4;5\n5;6\n",
            "--header-line 3",
            ["--header-line", "3"],
            "y",
            [2.5, 3.5, 4, 5, 6],
        ),
        ("x;y\n1.234;1\n2.345;2\n", "'1.234' is 1.234 by --decimal .,", ["--decimal", "."], "x", [1.234, 2.345]),
        ("x\ty\n1,234\t1\n2,345\t2\n", "'1,234' is 1234 by --decimal .", ["--decimal", "."], "x", [1234, 2345]),
        ("x;y\n1,5;1\n2.345;2\n", "line 3 has '2.345' and line 2 has '1,5'", ["--decimal", ","], "x", [1.5, 2345]),
        ("r\xe9sum\xe9\n\xcf\xf0\xee\xf1\n1\n".encode("latin1"), "name its encoding by --encoding", None, None, []),
    ],
)  # fmt: skip
def test_what_is_unclear_is_refused(
    text: str | bytes, message: str, option: list[str] | None, column: str | None, values: list[float]
) -> None:
    assert message in refusal(text, "1")
    if option and column:
        options, _ = parsed(option)
        content = text.encode() if isinstance(text, str) else text
        assert parse_table(content, "FILE", options).numbers(column).tolist() == values


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "FILE is empty"),
        (" \n\n", "FILE holds nothing but white space"),
        ("a,b\n1,2,3\n", "line 2 of FILE is '1,2,3': 3 cells, ',' separated, where the table has 2 columns"),
        ("a,b\n1,2\n3\n", "line 3 of FILE is '3': 1 cell"),
        ("a,b,c\n1,2,3\n\n4,5\n", "line 4 of FILE is '4,5': 2 cells"),
        ("a\tb\n1\t2\t3\n2\t3\t4\n", "the first column lacks a name"),
        ("height,weight\n168,51,82,4\n164,80,78,2\n", "its commas are decimal commas"),
        ('a,b\n"x,2\nz,3\ny,"4"\n', "FILE"),
        ("x\n1\nmany\n", "line 3 of FILE, column 'x', is 'many': expected a number"),
        ("x\n1\ninf\n", "line 3 of FILE, column 'x', is 'inf': expected a finite number"),
        ("x\n1\n1e999\n", "line 3 of FILE, column 'x', is '1e999': expected a finite number"),
        ("x\n1_000\n2\n", "line 2 of FILE, column 'x', is '1_000': expected a number"),
        ("x\n5 kg\n300 g\n", "expected numbers of one unit"),
        ("x\n01.02.2024\n", "is '01.02.2024': expected a number"),
        ("text\nWell, yes.\nno\n", "--separator; none: one column"),
        (b"PK\x03\x04....", "FILE is a ZIP archive, as an Excel (.xlsx)"),
        (b"\x89PNG\r\n\x1a\n\x00\x01\x02", "this is no text, or of another encoding"),
        (b"a,b\n1,\x01\n", "line 2 of FILE has the character"),
        ("Gr\xf6\xdfe\n1\n".encode("mac_roman"), "name its encoding by --encoding"),
    ],
)
def test_what_is_no_table_is_named(text: str | bytes, message: str) -> None:
    assert message in refusal(text, "1")


def test_a_column_by_name_and_by_number() -> None:
    table = read("a,a,2\n1,2,3\n", has_header=True)
    assert table.columns == ["a (1)", "a (2)", "2"]
    assert (table.numbers("1")[0], table.numbers("a (2)")[0], table.numbers("2")[0]) == (1, 2, 3)
    with pytest.raises(ValueError, match=r"FILE has no column 'a': it has a \(1\), a \(2\), 2"):
        table.numbers("a")


def test_options_of_a_command_line() -> None:
    options, others = parsed(["a.csv", "--separator", "tab", "--decimal=,", "--hp", "3", "--no-header"])
    assert others == ["a.csv", "--hp", "3"]
    assert options == TableOptions("\t", ",", None, False)
    for wrong in (["--separator", "ab"], ["--decimal", "x"], ["--header", "--no-header"]):
        with pytest.raises(ValueError, match="argument"):
            parsed(wrong)
    with pytest.raises(ValueError, match="encoding is 'klingon'"):
        read("a\n1\n", encoding="klingon")
    with pytest.raises(ValueError, match="FILE has no line 9"):
        read("a\n1\n", header_line=9)


def test_a_row_far_below_is_checked_too() -> None:
    """The separator is found from the first rows, and every row is held against it."""
    text = "x;y\n" + "1;2\n" * 5000
    assert len(read(text).rows) == 5000
    with pytest.raises(ValueError, match="line 5002 of FILE is '1;2;3'"):
        read(text + "1;2;3\n")
    assert read("x\n" + "168\n" * 5000 + "168,51\n").numbers("x")[-1] == 168.51


def test_cells_of_several_lines_keep_the_line_numbers() -> None:
    table = read('a,b\n"one\ntwo",1\nthree,2\n')
    assert table.rows["a"].tolist() == ["one\ntwo", "three"]
    assert table.lines.tolist() == [2, 4]


# -- properties

WORDS = st.text(st.characters(codec="cp1252", exclude_categories=["C", "Z"], exclude_characters='"'), min_size=1)
NUMBERS = st.decimals(-(10**6), 10**6, places=2).filter(lambda value: value != value.to_integral_value())


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[str]], list[int]]:
    """Names, rows with numbers (of two decimals) in some columns, and which columns these are."""
    width = draw(st.integers(1, 5))
    is_number = draw(st.lists(st.booleans(), min_size=width, max_size=width))
    names = [f"n{place}" for place in range(width)]
    count = draw(st.integers(1, 8))
    cells = [[draw(NUMBERS.map(str) if number else WORDS) for number in is_number] for _ in range(count)]
    return names, cells, [place for place, number in enumerate(is_number) if number]


@st.composite
def dialects(draw: st.DrawFn) -> tuple[str, dict[str, object], str]:
    """The decimal mark, options of `csv.writer`, and an encoding."""
    options = {
        "delimiter": draw(st.sampled_from(",;\t|")),
        "lineterminator": draw(st.sampled_from(["\n", "\r\n", "\r"])),
        "quoting": draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
    }
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"]))
    return draw(st.sampled_from(".,")), options, encoding


@given(tables(), dialects())
def test_a_table_is_read_as_it_was_written_or_refused(
    table: tuple[list[str], list[list[str]], list[int]], dialect: tuple[str, dict[str, object], str]
) -> None:
    (names, rows, numeric), (decimal, options, encoding) = table, dialect
    shown = [
        [cell.replace(".", decimal) if place in numeric else cell for place, cell in enumerate(row)] for row in rows
    ]
    file = io.StringIO()
    csv.writer(file, **options).writerows([names, *shown])  # type: ignore[arg-type]
    content = file.getvalue().encode(encoding)
    try:
        found = read(content)
    except ValueError:
        return
    assert found.columns == names
    assert found.rows.to_numpy().tolist() == shown
    for place in numeric:
        if not refusal(content, names[place]):
            assert found.numbers(names[place]).tolist() == [float(row[place]) for row in rows]


@given(st.binary(max_size=200) | st.text("0123456789.,;\t|\n\" '-%#ab\r\xa0", max_size=120).map(str.encode))
def test_any_bytes_are_a_table_or_one_error(content: bytes) -> None:
    if not refusal(content):
        table = read(content)
        assert len(table.rows) == len(table.lines)


# -- files kept beside the mirror


@pytest.mark.mirror
def test_the_kept_files() -> None:
    if not CASES.is_dir():
        pytest.skip("no folder `cases` beside the mirror")
    controls = {"height": 171.9135, "Groesse": 171.9135, "Größe": 171.9135, "reaction_ms": 511.6333, "offset": 0.875}
    found = {}
    for path in sorted(CASES.glob("*.csv")):
        try:
            table = read_table(path)
            found[path.name] = {name: float(np.nanmean(table.numbers(name))) for name in table.numeric()}
        except ValueError as error:
            found[path.name] = {}
            refused = str(error)
    assert "line 2 of" in refused
    assert [name for name, means in found.items() if not means] == ["thousands_unquoted.csv"]
    for name in ("german_excel.csv", "utf16.csv", "tabs.csv", "semicolon_point.csv", "height_decimal_comma.csv"):
        (first, *_) = found[name].items()
        assert first[1] == pytest.approx(controls[first[0]], abs=1e-3)
    for name in ("trailing_comma.csv", "excel_empty_rows.csv"):
        assert found[name]["reaction_ms"] == pytest.approx(511.6333, abs=1e-3)
