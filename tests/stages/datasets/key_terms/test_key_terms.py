"""Data set `key_terms`: use, not position or the term, marks its key terms, and every rule catches an error."""

import hashlib
import os
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.archives import members, pack
from stages.dataset import Prepared
from stages.datasets.key_terms import reader, rules
from stages.datasets.key_terms.dataset import DATASET
from stages.datasets.key_terms.origin import KeyTermsOptions
from stages.errors import StageError
from stages.texts.abstracts import tag_terms, terms, terms_in
from tests.stages.rule_runs import Tables, failures, make_and_read, through_the_stages

SMALL = KeyTermsOptions(seed=3, train=600, val=30, test=40)
# Of SMALL. Another digest means: the grammar changed, or this Python draws differently.
DIGEST = "8f769a776d5df811cf280079dbe271dcc9f9a3c3d760d502fe4688ea81f72b8e"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return make_and_read(DATASET, SMALL, tmp_path_factory.mktemp("raw"))


def test_the_built_in_files_are_the_same_bytes_everywhere() -> None:
    ((path, content),) = DATASET.origin.make(SMALL)
    assert path == "abstracts"
    assert hashlib.sha256(content).hexdigest() == DIGEST


EVERY = [term for split in (None, "val", "test") for term in terms(split)]


@given(st.lists(st.sampled_from(EVERY[::9] + EVERY[0].split() + ["of", ""]), max_size=8))
def test_the_terms_of_a_text_are_those_that_stand_in_it_as_whole_words(pieces: list[str]) -> None:
    text = " ".join(pieces)
    assert terms_in(text) == {term for term in EVERY if f" {term} " in f" {text} "}


def test_terms_held_out_are_made_of_words_that_train_has() -> None:
    words = {split: {word for term in terms(split) for word in term.split()} for split in (None, "val", "test")}
    assert not set(terms("test")) & {*terms(None), *terms("val")}
    assert words["val"] | words["test"] <= words[None]


def test_the_majority_role_of_a_term_tells_little(prepared: Prepared) -> None:
    """A tagger that memorises each term's more frequent role in train is near chance on the terms that it knows."""
    roles: dict[str, Counter[bool]] = {term: Counter() for term in terms(None)}
    hits = total = 0
    for split in ("train", "test"):
        for text, listed in zip(prepared.tables[split]["text"], prepared.tables[split]["key_terms"], strict=True):
            for term, seen in roles.items():
                if f" {term} " in f" {text} ":
                    key = term in listed.split(";")
                    if split == "train":
                        seen[key] += 1
                    else:
                        total += 1
                        hits += seen.most_common(1) == [(key, seen[key])]
    assert total > 80
    assert 0.35 < hits / total < 0.65


@pytest.mark.parametrize(
    ("text", "listed", "tags"),
    [
        ("Sparse trees and sparse trees", ["sparse trees"], "B I O B I"),
        ("sparse web trees", ["web trees", "sparse web trees"], "B I I"),
        ("a tree b tree", ["tree b", "b tree"], "O O B I"),  # of two that overlap, the first in the alphabet
        ("treetop", ["tree"], "O"),
        ("trees trees trees", ["trees trees"], "B I O"),
    ],
)
def test_places_are_tagged_where_a_term_is_written_out(text: str, listed: list[str], tags: str) -> None:
    assert " ".join(tag_terms(text.split(), listed)) == tags


@given(
    st.lists(st.sampled_from("ab"), min_size=1, max_size=8), st.lists(st.sampled_from(["a", "a b", "b a"]), max_size=3)
)
def test_tags_are_always_well_formed(words: list[str], listed: list[str]) -> None:
    tags = tag_terms(words, listed)
    assert len(tags) == len(words)
    assert rules.tag_error(tags) == ""


@pytest.mark.parametrize(("tags", "error"), [("O I", "I after O"), ("I", "I after O"), ("B X", "X is no tag")])
def test_tag_errors_are_named(tags: str, error: str) -> None:
    assert rules.tag_error(tags.split()) == error


def repack(folder: Path, part: str, name: str, content: bytes | None) -> None:
    """Change one document, or take it out."""
    outer = members(folder / "abstracts")
    inner = {**members(outer[part])}
    inner.pop(name)
    (folder / "abstracts").write_bytes(pack({**outer, part: pack(inner | ({name: content} if content else {}))}))


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    make_and_read(DATASET, SMALL, tmp_path)
    return tmp_path


def test_folded_lines_are_unfolded_also_within_a_phrase(raw: Path) -> None:
    repack(raw, "Validation.zip", "601.abstr", b"On sparse\r\n\tweb trees\r\nSparse web trees, e.g. (B-trees).\r\n")
    repack(raw, "Validation.zip", "601.uncontr", b"sparse web\r\n\ttrees; B-trees;\r\n\tnot there\r\n")
    table = DATASET.read(raw).tables["val"]
    assert dict(table.iloc[0]) == {
        "id": 601,
        "text": "On sparse web trees Sparse web trees , e.g . ( B-trees ) .",
        "tags": "O B I I B I I O O O O B O O",
        "key_terms": "sparse web trees;B-trees;not there",
    }


def test_what_is_missing_or_no_text_is_named(raw: Path) -> None:
    repack(raw, "Test.zip", "631.uncontr", b"caf\xe9")
    with pytest.raises(StageError, match=r"631\.uncontr is not ASCII text"):
        DATASET.read(raw)
    repack(raw, "Test.zip", "631.uncontr", None)
    with pytest.raises(StageError, match=r"the document has no 631\.uncontr"):
        DATASET.read(raw)
    (raw / "abstracts").write_bytes(pack({"Training.zip": pack({"1.abstr": b"a", "1.uncontr": b"a"})}))
    with pytest.raises(StageError, match=r"abstracts lacks Validation\.zip; it has Training\.zip"):
        DATASET.read(raw)


def broken(split: str, table: pd.DataFrame, train: pd.DataFrame) -> pd.DataFrame:
    """`table` with another error in each of its first rows, and one row too many."""
    ids, texts, tags, listed = (list(table[column]) for column in reader.COLUMNS)
    ids[0] = ids[1]
    texts[2] = texts[2].upper()
    texts[3], tags[3] = " ".join(["word"] * 200), " ".join(["O"] * 200)
    tags[4] += " O"
    tags[5] = f"O I{tags[5][3:]}"
    listed[6] = f"{listed[6]};"
    listed[7] = f"{listed[7]};nowhere to be found;and another"
    texts[8], tags[8], listed[8] = train["text"].iloc[9], train["tags"].iloc[9], train["key_terms"].iloc[9]
    texts[10] += f" {terms('test' if split != 'test' else 'val')[0]}"
    texts[12] = texts[11]
    texts[13] = "nothing in passing"
    rows = [*zip(ids, texts, tags, listed, strict=True), (10**6, "sparse trees one two", "B I O O", "sparse trees")]
    return pd.DataFrame(rows, columns=list(reader.COLUMNS))


def poor(table: pd.DataFrame, split: str) -> pd.DataFrame:
    """Well-formed, but the key term is always the same and at the end."""
    texts = [f"{split} {number} is about sparse trees" for number in table["id"]]
    return table.assign(text=texts, tags="O O O O B I", key_terms="sparse trees")


def test_every_rule_has_a_broken_table_that_it_catches(prepared: Prepared) -> None:
    tables: Tables = prepared.tables
    good, every = failures(DATASET, SMALL, tables, prepared)
    assert good == set()
    bad, _ = failures(DATASET, SMALL, {s: broken(s, t, tables["train"]) for s, t in tables.items()}, prepared)
    bare, _ = failures(DATASET, SMALL, {s: poor(t, s) for s, t in tables.items()}, prepared)
    assert every - bad - bare == set()


def test_shifted_tags_are_caught(prepared: Prepared) -> None:
    test = prepared.tables["test"]
    shifted = test.assign(tags=[f"O {tags.rpartition(' ')[0]}" for tags in test["tags"]])
    found, _ = failures(DATASET, SMALL, prepared.tables | {"test": shifted}, prepared)
    assert found == {("test", "tagged is every place where a key term is written out")}


@pytest.mark.mirror
@pytest.mark.skipif("DATA_MIRROR" not in os.environ, reason="DATA_MIRROR names no folder with published data")
def test_inspec_passes_and_its_quirks_are_as_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_MIRROR", str(Path(os.environ["DATA_MIRROR"]).absolute()))
    params = "data: {source: public}\ndatasets: {key_terms: {builtin: {seed: 3, train: 300, val: 60, test: 100}}}\n"
    tables = through_the_stages("key_terms", params, monkeypatch, tmp_path)
    assert {split: len(table) for split, table in tables.items()} == {"train": 1000, "val": 500, "test": 500}
    facts = DATASET.read(Path("data/raw/key_terms")).facts["key_terms"]
    assert [round(100 * facts[split]["found_share"]) for split in ("train", "val", "test")] == [77, 77, 78]
    listed = list(tables["test"]["key_terms"])
    listed[0] = listed[0].rpartition(";")[0]
    found, _ = failures(
        DATASET, SMALL, tables | {"test": tables["test"].assign(key_terms=listed)}, Prepared(tables, {}), "public"
    )
    assert ("test", "there are 4913 key terms, as published") in found
