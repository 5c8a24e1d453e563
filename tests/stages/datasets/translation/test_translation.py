"""Data set `translation`: pairs that belong together, splits that share no sentence, rules that catch errors."""

# ruff: noqa: RUF001 - Chinese has punctuation of its own

import hashlib
import io
import os
import zipfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from random import Random

import pandas as pd
import pytest

from stages.checks.expectations import Outcome, Runner
from stages.dataset import Prepared, RuleContext, Suite
from stages.datasets.translation import origin, reader
from stages.datasets.translation.origin import TranslationOptions, grammar
from stages.datasets.translation.origin.grammar import COMBINATIONS
from stages.datasets.translation.rules import rules
from stages.errors import StageError
from stages.texts.pairs import key
from stages.texts.tatoeba import PUBLIC, split_of

OPTIONS = TranslationOptions(seed=3, train=1500, val=100, test=150)
DIGEST = "0278ce927d5c5d4520ab2faba9c916542bb84a5873a1cca91e4426af1f461106"
MARKS = "both sides end with a mark, or neither does and the source is a term of 1 to 3 words"

Tables = dict[str, pd.DataFrame]
Outcomes = dict[tuple[str, str], Outcome]  # by table and rule


def run(suites: list[Suite]) -> Outcomes:
    outcomes = Runner(Path("docs, not built")).run("rules", suites, reader.COLUMNS)
    return {(outcome.table, outcome.rule): outcome for outcome in outcomes}


def failed(outcomes: Outcomes) -> set[tuple[str, str]]:
    return {rule for rule, outcome in outcomes.items() if not outcome.success}


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return dict(origin.make(OPTIONS))


@pytest.fixture(scope="module")
def drawn(files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    folder = tmp_path_factory.mktemp("raw")
    for path, content in files.items():
        (folder / path).write_bytes(content)
    return reader.read(folder)


@pytest.fixture(scope="module")
def check(drawn: Prepared) -> Callable[[Tables], Outcomes]:
    return lambda tables: run(rules(RuleContext("builtin", OPTIONS, tables, drawn.facts)))


# -- the grammar


def test_the_pairs_are_the_same_bytes_everywhere(files: dict[str, bytes]) -> None:
    assert hashlib.sha256(b"".join(files.values())).hexdigest() == DIGEST


def test_the_splits_have_the_sizes_asked_for_and_share_no_sentence(drawn: Prepared) -> None:
    assert {split: len(table) for split, table in drawn.tables.items()} == {"train": 1500, "val": 100, "test": 150}
    keys = [key(source) for table in drawn.tables.values() for source in table["source"]]
    assert len(set(keys)) == 1750


def test_test_asks_for_combinations_of_words_that_train_shows_apart(drawn: Prepared) -> None:
    train = [set(COMBINATIONS.shown(source)) for source in drawn.tables["train"]["source"]]
    seen, words = set().union(*train), {word for pairs in train for pair in pairs for word in pair}
    for source in drawn.tables["test"]["source"]:
        assert set(COMBINATIONS.shown(source)) - seen
        assert {word for pair in COMBINATIONS.shown(source) for word in pair} <= words


def test_machine_learning_is_in_it(drawn: Prepared) -> None:
    table = drawn.tables["train"]
    rows = table[table["source"].str.lower().str.contains("machine learning", regex=False)]
    assert len(rows) > 5
    assert rows["target"].str.contains("机器学习", regex=False).all()


def test_the_drawn_english_is_written_as_english_is() -> None:
    sentences = [grammar.draw(Random(seed))[0] for seed in range(2000)]
    for sentence in sentences:
        assert sentence[0].isupper()
        assert "$" not in sentence
        assert all(word != "a" or following[0] not in "aeiou" for word, following in pairwise(sentence.split()))


def test_sentences_end_with_a_mark_on_both_sides_and_terms_on_neither() -> None:
    pairs = [grammar.draw(Random(seed)) for seed in range(2000)]
    for english, chinese in pairs:
        assert (english[-1] in ".?") == (chinese[-1] in "。？")
    terms = {english for english, _ in pairs if english[-1] not in ".?"}
    assert {"Machine learning", "Dog"} < terms
    assert max(len(term.split()) for term in terms) == 3


@pytest.mark.parametrize(
    ("source", "target"),
    [("Machine learning.", "机器学习"), ("Machine learning", "机器学习。"), ("She will not use this", "她不会用这个")],
)
def test_a_mark_that_is_lacking_is_seen(
    drawn: Prepared, check: Callable[[Tables], Outcomes], source: str, target: str
) -> None:
    table = drawn.tables["val"].copy()
    table.loc[3, ["source", "target"]] = source, target
    outcome = check({**drawn.tables, "val": table})["val", MARKS]
    assert [row["source"] for row in outcome.rows] == [source]


def test_too_many_pairs_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(origin, "draw", lambda _: ("Hi.", "你好。"))
    with pytest.raises(StageError, match="train: the grammar gave 1 of 2 pairs; ask for fewer"):
        dict(origin.make(TranslationOptions(seed=1, train=2, val=1, test=1)))


def test_sizes_below_one_are_refused() -> None:
    with pytest.raises(ValueError, match="val must be at least 1, found 0"):
        TranslationOptions(seed=1, train=1, val=0, test=1)


# -- rules


def broken_rows(split: str, table: pd.DataFrame, train: pd.DataFrame) -> pd.DataFrame:
    """`table` with another error in each of its first rows, and one row too many."""
    ids, sources, targets, written = (list(table[column]) for column in reader.COLUMNS)
    ids[0] = ids[1]
    sources[2], written[2] = sources[3], written[3]
    sources[4] = "这不是英语"
    targets[5] = "This is no Chinese."
    written[6] = "ä½\xa0å¥½ã€\x82"
    sources[7] = " ".join(["word"] * 50)
    targets[8] = "长" * 90
    targets[9] = "機" * len(written[9])
    sources[10] = train["source"].iloc[20].upper() + "!"
    foreign = {"train": "test", "val": "test", "test": "val"}[split]
    sources[11] = next(
        sentence for seed in range(9999) if COMBINATIONS.kept_for(sentence := grammar.draw(Random(seed))[0]) == foreign
    )
    rows = [*zip(ids, sources, targets, written, strict=True), (9999, "Hello.", "你好。", "你好。")]
    return pd.DataFrame(rows, columns=list(reader.COLUMNS))


def test_good_tables_keep_every_rule_and_every_rule_has_a_broken_table(
    drawn: Prepared, check: Callable[[Tables], Outcomes]
) -> None:
    good = check(drawn.tables)
    assert failed(good) == set()
    train = drawn.tables["train"]
    bad = check({split: broken_rows(split, table, train) for split, table in drawn.tables.items()})
    poor = check(
        {
            split: table.assign(target="是" if split == "train" else "不", source="It is")
            for split, table in drawn.tables.items()
        }
    )
    caught = failed(bad) | failed(poor) | failed(check(shifted(drawn.tables)))
    longer = {split: table.assign(target=table["target"] * 4) for split, table in drawn.tables.items()}
    assert caught | failed(check(longer)) == good.keys()
    assert {row["id"] for row in bad["val", "no source is repeated"].rows} >= {3, 4}
    assert [row["id"] for row in bad["val", "the target has a Chinese character"].rows] == [6]


def shifted(tables: Tables) -> Tables:
    """The targets one row off."""
    return {
        split: table.assign(target=[table["target"].iloc[-1], *table["target"].iloc[:-1]])
        for split, table in tables.items()
    }


def test_targets_one_row_off_are_caught(drawn: Prepared, check: Callable[[Tables], Outcomes]) -> None:
    assert ("lengths", "long sources have long targets: the columns belong together") in failed(
        check(shifted(drawn.tables))
    )


# -- published layout


def archive(text: str, name: str = "cmn.txt") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as stream:
        stream.writestr(name, text)
    return buffer.getvalue()


def test_sentences_that_differ_in_case_or_punctuation_are_on_one_side() -> None:
    sides = {split_of(text) for text in ("Wait!", "wait.", "WAIT", "Wait !")}
    assert len(sides) == 1
    shares = [split_of(f"sentence {number}") for number in range(4000)]
    assert 0.88 < shares.count("train") / 4000 < 0.92
    assert 0.04 < shares.count("test") / 4000 < 0.06


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (archive("Hi.\t嗨。\tCC-BY\n", "other.txt"), "holds no cmn.txt"),
        (archive("Hi.\t嗨。\n"), "cmn.txt, line 1: 2 cells between tabs, expected 3"),
        (archive("Hi.\t嗨。\tCC-BY"), "cmn.txt, line 1: the last line is cut off"),
    ],
)
def test_an_archive_that_is_not_as_published_is_named(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "cmn-eng.zip").write_bytes(content)
    with pytest.raises(StageError, match=says):
        reader.read(tmp_path)


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    for split in ("train", "val", "test"):
        (tmp_path / f"{split}.txt").write_bytes("Hi.\t你好。\n".encode("gb18030"))
    with pytest.raises(StageError, match=r"train.txt is not UTF-8 text"):
        reader.read(tmp_path)


def test_traditional_characters_are_unified(tmp_path: Path) -> None:
    pytest.importorskip("opencc")
    (tmp_path / "cmn-eng.zip").write_bytes(archive("I study.\t我學習。\tCC-BY\nI study!\t我学习！\tCC-BY\n"))
    tables = reader.read(tmp_path).tables
    (table,) = [table for table in tables.values() if len(table)]
    assert table["target"].to_list() == ["我学习。", "我学习！"]
    assert table["target_as_written"].to_list() == ["我學習。", "我学习！"]


@pytest.mark.mirror
def test_the_published_pairs_keep_every_rule(tmp_path: Path) -> None:
    pytest.importorskip("opencc")
    mirror = os.environ.get("DATA_MIRROR", "")
    if not mirror or "://" in mirror:
        pytest.skip("DATA_MIRROR names no folder")
    content = (Path(mirror) / PUBLIC.published).read_bytes()
    assert hashlib.sha256(content).hexdigest() == PUBLIC.sha256
    (tmp_path / PUBLIC.path).write_bytes(content)
    found = reader.read(tmp_path)
    assert sum(len(table) for table in found.tables.values()) == 23444
    assert failed(run(rules(RuleContext("public", OPTIONS, found.tables, found.facts)))) == set()
    as_written = {split: table.assign(target=table["target_as_written"]) for split, table in found.tables.items()}
    caught = failed(run(rules(RuleContext("public", OPTIONS, as_written, found.facts))))
    assert caught == {(split, "the target has no traditional character") for split in found.tables}
