"""Rows of numbers with and without classes, in the dialects that people have, as tidy tables."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from params import parse
from stages import formats
from stages.dataset import Prepared
from stages.errors import StageError
from stages.own import Entry, request_of

RNG = np.random.default_rng(0)
VALUES = RNG.normal(10, 2, (60, 2)).round(2)


def read(kind: str, path: Path, **entry: Any) -> Prepared:
    request = request_of("mine", parse(Entry, {"kind": kind, "path": str(path), **entry}, "own.mine"), "own.mine")
    return formats.find(kind).read(request)


def write(file: Path, separator: str = ";", decimal: str = ",") -> None:
    lines = [separator.join(("name", "width", "height", "species"))]
    for number, row in enumerate(VALUES):
        cells = [f"plant {number}", *(str(value).replace(".", decimal) for value in row), "ab"[number % 2]]
        lines.append(separator.join(cells))
    file.write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(("separator", "decimal"), [(";", ","), (",", "."), ("\t", ",")])
def test_cases_have_their_features_and_classes(separator: str, decimal: str, tmp_path: Path) -> None:
    file = tmp_path / "plants.csv"
    write(file, separator, decimal)
    prepared = read("cases", file)
    table = prepared.tables["cases"]
    wide = table.pivot_table(index="case", columns="feature", values="value")[["width", "height"]]
    assert (wide.to_numpy() == VALUES).all()
    assert prepared.facts == {"labels": ["a", "b"], "features": ["width", "height"]}
    assert set(table["split"]) == {"train", "test"}
    assert table.drop_duplicates("case")["group"].tolist() == ["a", "b"] * 30


def test_numbers_leave_gaps_out_and_read_the_columns_that_are_named(tmp_path: Path) -> None:
    file = tmp_path / "plants.csv"
    write(file)
    file.write_text(file.read_text() + "plant 60;;3,5;a\n")
    prepared = read("numbers", file, options={"features": ["width"]})
    assert (prepared.tables["numbers"]["value"] == VALUES[:, 0]).all()
    assert "1 cells without a number left out" in prepared.notes
    assert set(read("numbers", file).tables["numbers"]["feature"]) == {"width", "height"}


@pytest.mark.parametrize(
    ("kind", "text", "entry", "says"),
    [
        ("cases", "a,b\nx,y\nz,w\n", {"columns": {"label": "a"}}, "has no column of numbers: it has a, b"),
        ("cases", "width,species\n1,a\n2,b\n", {"options": {"features": ["size"]}}, "has no column 'size'"),
        ("numbers", "width,name\n1,a\nwide,b\n", {"options": {"features": ["width"]}}, "line 3"),
    ],
)
def test_mistakes_are_named(kind: str, text: str, entry: dict[str, Any], says: str, tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text(text)
    with pytest.raises(StageError) as error:
        read(kind, tmp_path / "mine.csv", **entry)
    assert says in str(error.value)
