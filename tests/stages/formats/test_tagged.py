"""Tagged words as people have them: CoNLL of three kinds, schemes of tags, seq.in and seq.out, JSON lines."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from params import parse
from stages import formats
from stages.dataset import Prepared
from stages.errors import StageError
from stages.formats.tag_schemes import converted
from stages.own import Entry, request_of


def read(path: Path, **entry: Any) -> Prepared:
    request = request_of("mine", parse(Entry, {"kind": "tagged", "path": str(path), **entry}, "own.mine"), "own.mine")
    return formats.find("tagged").read(request)


def every(prepared: Prepared) -> pd.DataFrame:
    return pd.concat(prepared.tables.values()).sort_values("id", ignore_index=True)


def test_conll_2003_has_documents_capitals_and_iob1(tmp_path: Path) -> None:
    sentence = "{n} CD I-NP O\nEU NNP I-NP I-ORG\nJim NNP I-NP I-PER\nKim NNP I-NP B-PER\nruns VB I-VP O\n\n"
    for split in ("train", "testa", "testb"):
        body = "".join("-DOCSTART- -X- O O\n\n" + sentence.format(n=f"{split}{n}") for n in range(6))
        (tmp_path / f"eng.{split}").write_text(body)
    prepared = read(tmp_path)
    assert {split: len(table) for split, table in prepared.tables.items()} == {"train": 6, "val": 6, "test": 6}
    assert prepared.tables["val"].iloc[0].to_dict() == {
        "id": 0, "text": "testa0 EU Jim Kim runs", "tags": "O B-ORG B-PER B-PER O",
    }  # fmt: skip
    assert prepared.facts == {"slots": ["ORG", "PER"], "cased": True}
    assert "tags: IOB1, converted to IOB2 (36 slots begin with B- now)" in prepared.notes


def test_documents_stay_together_where_splits_are_drawn(tmp_path: Path) -> None:
    file = tmp_path / "all.conll"
    documents = ("".join(f"word{d}x{s} B-A\n\n" for s in range(4)) for d in range(60))
    file.write_text("".join(f"-DOCSTART- O\n\n{document}" for document in documents))
    tables = read(file).tables
    found = {split: set(table["text"].str.split("x").str[0]) for split, table in tables.items()}
    assert all(found.values())
    assert sum(map(len, found.values())) == 60


def test_universal_dependencies_have_comments_contractions_and_plain_tags(tmp_path: Path) -> None:
    rows = ["# text = vámonos ya", "1-2\tvámonos" + "\t_" * 8]
    rows += ["1\tvamos\t_\tVERB" + "\t_" * 6, "2\tnos\t_\tPRON" + "\t_" * 6]
    (tmp_path / "es-ud-train.conllu").write_text("\n".join(rows) + "\n\n")
    found = every(read(tmp_path))
    assert (found["text"][0], found["tags"][0]) == ("vamos nos", "B-VERB B-PRON")


def test_seq_in_and_out_by_folder_with_windows_ends(tmp_path: Path) -> None:
    for split in ("train", "valid", "test"):
        (tmp_path / split).mkdir()
        (tmp_path / split / "seq.in").write_bytes(b"fly to new york\r\nhello\r\n")
        (tmp_path / split / "seq.out").write_bytes(b"O O B-city I-city\r\nO\r\n")
    prepared = read(tmp_path)
    assert prepared.tables["val"]["tags"].tolist() == ["O O B-city I-city", "O"]


def test_json_lines_of_lists(tmp_path: Path) -> None:
    file = tmp_path / "ner.jsonl"
    rows = [
        {"tokens": ["Ann", "b c"], "ner_tags": ["S-PER", "O"]},
        {"tokens": ["New", "York"], "ner_tags": ["B-LOC", "E-LOC"]},
    ]
    file.write_text("\n".join(map(json.dumps, rows)))
    prepared = read(file)
    assert every(prepared)["text"].tolist() == ["Ann b_c", "New York"]
    assert every(prepared)["tags"].tolist() == ["B-PER O", "B-LOC I-LOC"]
    assert "tags: IOBES, converted to IOB2" in prepared.notes


@pytest.mark.parametrize(
    ("tags", "iob2", "says"),
    [
        (["U-A", "B-B", "L-B", "O"], ["B-A", "B-B", "I-B", "O"], "tags: BILOU, converted to IOB2"),
        (["O", "I-A", "O", "B-A", "I-A"], ["O", "B-A", "O", "B-A", "I-A"], "tags: 1 slots began with I-: mended to B-"),
        (
            ["O", "A", "A", "B", "O", "O", "O"],
            ["O", "B-A", "I-A", "B-B", "O", "O", "O"],
            "tags: no prefix; words side by",
        ),
    ],
)
def test_schemes(tags: list[str], iob2: list[str], says: str) -> None:
    found, notes = converted([tags])
    assert found == [iob2]
    assert any(note.startswith(says) for note in notes)


@given(st.lists(st.lists(st.sampled_from(["O", "B-a", "I-a", "B-b", "I-b", "E-a", "S-b", "L-a", "U-a"]), max_size=8)))
def test_what_is_converted_is_well_formed_and_stays(sequences: list[list[str]]) -> None:
    found, _ = converted(sequences)
    for tags in found:
        for previous, tag in zip(["O", *tags], tags, strict=False):
            assert tag == "O" or tag[:2] == "B-" or (tag[:2] == "I-" and previous[2:] == tag[2:])
    assert converted(found)[0] == found
    assert [len(tags) for tags in found] == [len(tags) for tags in sequences]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.conll", "Ann B-PER\nruns\n", "line 2: 1 columns, expected 2, a word and its tag"),
        ("a.conll", "\n\n", "holds nothing but white space"),
        ("a.jsonl", '{"tokens": ["a"], "tags": [3]}', "tags holds numbers: expected the names of tags"),
        ("seq.in", "a b\n", "seq.out is missing"),
    ],
)
def test_mistakes_are_named(name: str, text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(StageError) as error:
        read(tmp_path)
    assert says in str(error.value)
