"""Data set `slots`: its built-in files, and how the published layout is read."""

import hashlib
import re
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.dataset import Prepared, RuleContext
from stages.datasets.slots import origin, reader, rules
from stages.datasets.slots.rules import ATIS_KINDS, iob_error, names_in
from stages.errors import StageError

# Of seed 3 with 300/40/60 utterances. Another digest means: the grammar changed, or this Python draws differently.
DIGEST = "9709b505ccbc4f5b136852598fd55f8325f15a8dbb32c9727db3335f4e5fe5c5"


def digest(files: dict[str, bytes]) -> str:
    return hashlib.sha256(b"".join(files[path] for path in sorted(files))).hexdigest()


def test_the_built_in_files_are_the_same_bytes_everywhere(raw: Path, small: origin.SlotsOptions) -> None:
    again = dict(origin.make(small))
    assert again == {path: (raw / path).read_bytes() for path in again}
    assert digest(again) == DIGEST


def test_another_seed_gives_other_utterances() -> None:
    few = [dict(origin.make(origin.SlotsOptions(seed=seed, train=150, val=5, test=5))) for seed in (1, 2)]
    assert few[0]["train/seq.in"] != few[1]["train/seq.in"]


def test_the_splits_have_the_sizes_asked_for_and_share_nothing(prepared: Prepared) -> None:
    tables = prepared.tables
    assert {split: len(table) for split, table in tables.items()} == {"train": 300, "val": 40, "test": 60}
    texts = [text for table in tables.values() for text in table["text"]]
    assert len(set(texts)) == len(texts) == 400


def test_a_small_train_shows_every_tag_there_is(prepared: Prepared) -> None:
    train = {tag for tags in prepared.tables["train"]["tags"] for tag in tags.split()}
    assert train == set(prepared.facts["tags"])


def test_a_train_too_small_for_the_tags_is_refused() -> None:
    with pytest.raises(StageError, match=r"train: 20 sentences lack \d+ of \d+ tags; ask for more"):
        dict(origin.make(origin.SlotsOptions(seed=3, train=20, val=5, test=5)))


def test_the_same_word_takes_different_labels(prepared: Prepared) -> None:
    """Memorising a word is not enough: only its context tells, say, where from and where to."""
    seen: dict[str, set[str]] = {}
    for text, tags in zip(prepared.tables["train"]["text"], prepared.tables["train"]["tags"], strict=True):
        for word, tag in zip(text.split(), tags.split(), strict=True):
            seen.setdefault(word, set()).add(tag)
    assert any({"B-fromloc.city_name", "B-toloc.city_name", "B-city_name"} <= tags for tags in seen.values())
    assert len([word for word, tags in seen.items() if len(tags) > 1]) > 100


@given(st.lists(st.sampled_from(["O", "B-a", "I-a", "B-b", "I-b"]), max_size=6))
def test_iob_error_agrees_with_a_regular_expression(tags: list[str]) -> None:
    well_formed = re.fullmatch(r"(O |B-a (I-a )*|B-b (I-b )*)*", "".join(f"{tag} " for tag in tags))
    assert (iob_error(tags) == "") == bool(well_formed)


@pytest.mark.parametrize(
    ("tags", "error"),
    [
        ("O I-a", "I-a after O"),
        ("B-a I-b", "I-b after B-a"),
        ("B-a X-a", "X-a is no IOB tag"),
        ("B-", "B- is no IOB tag"),
        ("b-a", "b-a is no IOB tag"),
    ],
)
def test_iob_errors_name_the_first_wrong_tag(tags: str, error: str) -> None:
    assert iob_error(tags.split()) == error


def test_names_are_found_as_whole_words() -> None:
    assert names_in("from el paso to boise", {"el paso", "boise", "so"}) == "boise, el paso"
    assert names_in("from el pasot to boised", {"el paso", "boise"}) == ""


@pytest.fixture
def folder(raw: Path, tmp_path: Path) -> Path:
    """Raw files that may be changed."""
    for file in raw.rglob("*"):
        if file.is_file():
            copy = tmp_path / "raw" / file.relative_to(raw)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())
    return tmp_path / "raw"


def test_files_of_different_length_are_named_with_the_line(folder: Path) -> None:
    file = folder / "train/seq.out"
    file.write_text("".join(file.read_text().splitlines(keepends=True)[:250]))
    with pytest.raises(StageError, match=r"train/seq.out has 250 lines, .*seq.in has 300.* after line 250"):
        reader.read(folder)


def test_a_line_with_a_tag_too_few_is_named(folder: Path) -> None:
    file = folder / "valid/seq.out"
    lines = file.read_text().splitlines()
    lines[6] = " ".join(lines[6].split()[:-1])
    file.write_text("\n".join(lines) + "\n")
    with pytest.raises(StageError, match=r"valid/seq.out, line 7: \d+ tags for the \d+ words"):
        reader.read(folder)


def test_a_last_line_cut_off_is_named(folder: Path) -> None:
    file = folder / "test/label"
    file.write_bytes(file.read_bytes()[:-3])
    with pytest.raises(StageError, match=r"test/label, line 60: the last line is cut off"):
        reader.read(folder)


def test_files_of_windows_are_read_as_without_its_line_ends_and_marks(folder: Path) -> None:
    before = reader.read(folder)
    for file in folder.rglob("*"):
        if file.is_file():
            file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes().replace(b"\n", b"\r\n"))
    after = reader.read(folder)
    assert after.facts == before.facts
    for split, table in before.tables.items():
        pd.testing.assert_frame_equal(after.tables[split], table)


def test_bytes_that_are_no_text_are_named(folder: Path) -> None:
    file = folder / "test/seq.in"
    file.write_bytes(b"\xff" + file.read_bytes())
    with pytest.raises(StageError, match=r"test/seq.in is not UTF-8 text"):
        reader.read(folder)


def test_published_names_are_held_against_the_words() -> None:
    texts = ["fly from a b to c", "a fare from c", "what does x mean"]
    tags = ["O O B-fromloc.n I-fromloc.n O B-toloc.n", "O O O B-toloc.n", "O O O O"]
    table = pd.DataFrame({"text": texts, "tags": tags, "intent": ["atis_flight", "x#atis_airfare", "atis_flight"]})
    given_tables = dict.fromkeys(origin.FOLDERS, table)
    facts: dict[str, list[str]] = {"tags": [], "intents": []}
    options = origin.SlotsOptions(seed=1, train=1, val=1, test=1)
    suites = rules.rules(
        RuleContext("public", options, {s: t.assign(id=t.index) for s, t in given_tables.items()}, facts)
    )
    rows = next(suite.rows for suite in suites if suite.table == "names")
    assert rows["leaves"].to_list() == [0.5] * 3
    assert rows["arrives"].to_list() == [1.0] * 3
    assert rows["cued"].to_list() == [0.5] * 3
    assert rows["kinds_error"].to_list() == [f"(4, 2), published {kinds}" for kinds in ATIS_KINDS.values()]
