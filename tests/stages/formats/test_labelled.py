"""Labelled texts as people have them: any separator and encoding, JSON lines, folders; classes of any number."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from params import parse
from stages import formats
from stages.dataset import Prepared
from stages.errors import StageError
from stages.own import Entry, request_of


def read(path: Path, **entry: Any) -> Prepared:
    request = request_of("mine", parse(Entry, {"kind": "labelled", "path": str(path), **entry}, "own.mine"), "own.mine")
    return formats.find("labelled").read(request)


def every(prepared: Prepared) -> pd.DataFrame:
    return pd.concat(prepared.tables.values()).sort_values("id", ignore_index=True)


ROWS = [("Très bien, really", "good"), ("so; so", "middling"), ('bad "film"', "bad"), ("Fine", "good")]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_any_separator_and_encoding(separator: str, encoding: str, tmp_path: Path) -> None:
    file = tmp_path / "reviews.csv"
    frame = pd.DataFrame(ROWS * 3, columns=["Text", "stars"])
    frame.to_csv(file, sep=separator, encoding=encoding, index=False)
    prepared = read(file)
    assert prepared.facts == {"labels": ["bad", "good", "middling"], "cased": False}
    found = every(prepared)
    assert list(found["class"]) == [label for _, label in ROWS] * 3
    assert list(found["label"]) == [1, 2, 0, 1] * 3
    assert found["text"][0].startswith("très bien ,")


def test_numbers_are_classes_in_their_order(tmp_path: Path) -> None:
    file = tmp_path / "stars.jsonl"
    file.write_text("\n".join(json.dumps({"review": f"text {n}", "stars": n % 11}) for n in range(40)))
    assert read(file).facts["labels"] == [str(number) for number in range(11)]


def test_a_folder_of_files_for_each_class_with_splits(tmp_path: Path) -> None:
    for split in ("train", "dev", "test"):
        for label in ("neg", "pos"):
            (tmp_path / split / label).mkdir(parents=True)
            for number in range(3):
                (tmp_path / split / label / f"{number}.txt").write_text(f"{label} {split}\n number {number}\n")
    prepared = read(tmp_path)
    assert prepared.facts["labels"] == ["neg", "pos"]
    assert {name: len(table) for name, table in prepared.tables.items()} == {"train": 6, "val": 6, "test": 6}
    assert prepared.tables["val"]["text"][0] == "neg dev number 0"


def test_columns_by_name_and_number_and_files_by_split(tmp_path: Path) -> None:
    for split in ("train", "val", "test"):
        (tmp_path / f"{split}.tsv").write_text("".join(f"{n}\tsays {split} {n}\t{n % 2}\n" for n in range(4)))
    prepared = read(tmp_path, columns={"text": 2, "label": 3})
    assert prepared.tables["test"]["text"][3] == "says test 3"
    assert prepared.facts["labels"] == ["0", "1"]


def test_two_columns_without_names(tmp_path: Path) -> None:
    file = tmp_path / "sst.tsv"
    file.write_text("".join(f"{n % 2}\tsays number {n}\n" for n in range(12)))
    assert every(read(file))["text"].tolist() == [f"says number {n}" for n in range(12)]
    file.write_text("".join(f"says number {n}\t{'ab'[n % 2]}\n" for n in range(12)))
    assert every(read(file))["class"].tolist() == ["a", "b"] * 6


@pytest.mark.parametrize(
    ("text", "columns", "says"),
    [
        ("a,b\nx,y\n", {}, "has no column that is called text, sentence"),
        ("text,label\nx,y\n", {"text": "words"}, "has no column 'words' for text: it has text, label"),
        ("text,label\nx,y,z\n", {}, "line 2 of"),
        ("", {}, "is empty"),
        ("text,label,part\nx,y,early\n", {"split": "part"}, "'early' in part is no split"),
        ("text,label\nx,y\n", {"words": 1}, "unknown column 'words' in own.mine.columns"),
    ],
)
def test_mistakes_are_named(text: str, columns: dict[str, Any], says: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text(text)
    with pytest.raises(StageError) as error:
        read(file, columns=columns)
    assert says in str(error.value)


def test_a_path_that_is_not_there_and_a_folder_without_tables(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="does not exist: give the path"):
        read(tmp_path / "nothing.csv")
    with pytest.raises(StageError, match="holds no table"):
        read(tmp_path)
