"""Sentences and their translations as people have them: tables, files aligned line by line, TMX."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from params import parse
from stages import formats
from stages.dataset import Prepared
from stages.errors import StageError
from stages.own import Entry, request_of

PAIRS = [(f"good day {n}", f"guten Tag {n}") for n in range(40)]


def read(path: Path, **entry: Any) -> Prepared:
    request = request_of("mine", parse(Entry, {"kind": "pairs", "path": str(path), **entry}, "own.mine"), "own.mine")
    return formats.find("pairs").read(request)


def every(prepared: Prepared) -> list[tuple[str, str]]:
    table = pd.concat(prepared.tables.values()).sort_values("id")
    return list(zip(table["source"], table["target"], strict=True))


@pytest.mark.parametrize("header", ["en\tde", "source\ttarget", ""])
def test_a_table_with_and_without_names(header: str, tmp_path: Path) -> None:
    file = tmp_path / "pairs.tsv"
    lines = ([header] if header else []) + [f"{one}\t{other}" for one, other in PAIRS]
    file.write_text("\n".join(lines) + "\n")
    prepared = read(file)
    assert every(prepared) == PAIRS
    assert prepared.facts["languages"] == (["en", "de"] if header == "en\tde" else ["und", "und"])


def test_more_columns_than_two_where_the_first_are_the_pair(tmp_path: Path) -> None:
    file = tmp_path / "deu.txt"  # as manythings.org has Tatoeba's sentences
    file.write_text("".join(f"{one}\t{other}\tCC-BY 2.0 #{n}\n" for n, (one, other) in enumerate(PAIRS)))
    assert every(read(file)) == PAIRS


def test_files_aligned_line_by_line_by_split(tmp_path: Path) -> None:
    for split, rows in (("train", PAIRS[:20]), ("dev", PAIRS[20:30]), ("test", PAIRS[30:])):
        for place, language in enumerate(("de", "en")):
            (tmp_path / f"{split}.{language}").write_text("".join(f"{pair[1 - place]}\n" for pair in rows))
    prepared = read(tmp_path, options={"source_language": "en"})
    assert {split: len(table) for split, table in prepared.tables.items()} == {"train": 20, "val": 10, "test": 10}
    assert set(every(prepared)) == set(PAIRS)
    assert prepared.facts["languages"] == ["en", "de"]
    assert [one[::-1] for one in every(read(tmp_path))] == every(prepared)


def test_translation_memories(tmp_path: Path) -> None:
    units = "".join(
        f'<tu><tuv xml:lang="EN"><seg>{one}</seg></tuv><tuv xml:lang="ZH"><seg>你<bpt i="1"/>好{n}</seg></tuv></tu>'
        for n, (one, _) in enumerate(PAIRS)
    )
    file = tmp_path / "memory.tmx"
    file.write_text(f'<tmx version="1.4"><header/><body>{units}</body></tmx>')
    prepared = read(file)
    assert every(prepared)[3] == ("good day 3", "你好3")
    assert prepared.facts["languages"] == ["en", "zh"]
    model = formats.find("pairs").suited(prepared).settings["model"]
    assert (model["source_units"], model["target_units"]) == ("words", "characters")


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"a.en": "one\ntwo\n", "a.de": "eins\n"}, "a.de has 1 lines and"),
        ({"a.tmx": "<tmx><body><tu>"}, "is no whole TMX file"),
        ({"a.tmx": '<tmx><body><tu><tuv xml:lang="en"><seg>a</seg></tuv></tu></body></tmx>'}, "expected two languages"),
        ({"a.csv": "x,y,z\na,b,c\n"}, "Name the source: `--column source=NAME`"),
    ],
)
def test_mistakes_are_named(files: dict[str, str], says: str, tmp_path: Path) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(StageError) as error:
        read(tmp_path)
    assert says in str(error.value)
