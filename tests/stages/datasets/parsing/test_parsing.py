"""Data set `parsing`: trees are read, cleaned and written right; the grammar gives one tree a sentence; rules catch."""

import hashlib
import io
import os
import re
import zipfile
from functools import cache
from pathlib import Path
from random import Random

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.checks.expectations import Outcome, Runner
from stages.dataset import Prepared, RuleContext, Suite
from stages.datasets.parsing import origin, reader
from stages.datasets.parsing.dataset import DATASET
from stages.datasets.parsing.origin import ParsingOptions, grammar
from stages.datasets.parsing.origin.trees import Tree, clean, parse, plain
from stages.datasets.parsing.rules import rules
from stages.errors import StageError
from stages.origin import PublicFile

OPTIONS = ParsingOptions(seed=3, train=1200, val=60, test=90)
DIGEST = "1755fd67925237284906b05f2325dc3a9b2796b375c2365bcd78718e609e4e31"

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


# -- trees


def test_the_known_example() -> None:
    (tree,) = parse("(S (NP (NNP John)) (VP (VBZ has) (NP (DT a) (NN dog))) (. .))")
    assert tree.text == "John has a dog ."
    assert tree.linear() == "(S (NP NNP )NP (VP VBZ (NP DT NN )NP )VP . )S"


def test_a_tree_is_cleaned_as_evalb_does() -> None:
    (raw,) = parse(
        "( (S-TPC-1 (NP-SBJ=2 (-NONE- *) ) (VP (VBD was) (NP (NP (CD 3\\/4)) (SBAR (WHNP-1 (-NONE- 0))"
        " (S (-NONE- *T*)))) (ADVP|PRT (RB up)) (-LRB- -LRB-)) (. .)) )"
    )
    tree = clean(raw)
    assert tree is not None
    assert tree.bracketed() == "(S (VP (VBD was) (NP (NP (CD 3/4))) (ADVP (RB up)) (-LRB- -LRB-)) (. .))"


def test_a_tree_of_traces_is_no_tree() -> None:
    assert clean(parse("(S (NP (-NONE- *)))")[0]) is None
    assert clean(parse("( (S (NN a)) (S (NN b)))")[0] or Tree("")) == parse("(TOP (S (NN a)) (S (NN b)))")[0]


@pytest.mark.parametrize(("label", "short"), [("NP-SBJ-1", "NP"), ("NP=2", "NP"), ("ADVP|PRT", "ADVP"), ("S", "S")])
def test_labels_lose_functions_and_indices(label: str, short: str) -> None:
    assert plain(label) == short


TREES = st.recursive(
    st.builds(lambda tag, word: Tree(tag, word=word), st.sampled_from(["NN", "."]), st.sampled_from(["a", "b's", "."])),
    lambda parts: (
        st.builds(lambda *found: Tree("NP", found), parts, parts) | st.builds(lambda one: Tree("S", (one,)), parts)
    ),
    max_leaves=12,
)


@given(TREES)
def test_a_written_tree_reads_back(tree: Tree) -> None:
    assert parse(tree.bracketed()) == [tree]
    assert clean(tree) == tree
    linear = tree.linear().split()
    assert [piece for piece in linear if piece[0] not in "()"] == [leaf.label for leaf in tree.leaves()]
    assert len(linear) == 2 * len(list(tree.constituents())) + len(list(tree.leaves()))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("(S (NN a)", r"line 1, character 1: the tree \(S ...\) lacks 1 of its closing brackets"),
        ("(S (NN a))\n(S (NN b)\n(S (NN c))\n", r"line 2, character 1: the tree \(S ...\) lacks 1 of its closing"),
        ("(S (NN a)))", r"line 1, character 11: '\)' outside of all brackets"),
        ("word (S (NN a))", "line 1, character 1: 'word' outside"),
        ("(S (NN a b))", r"line 1, character 4: \(NN ...\) must hold one word or further brackets"),
        ("(S (NN a) b)", r"line 1, character 1: \(S ...\) must hold one word"),
        ("(S)", r"line 1, character 1: \(S ...\) must hold one word"),
        ("()", r"line 1, character 1: \( ...\) must hold"),
    ],
)
def test_brackets_that_do_not_fit_are_named(text: str, says: str) -> None:
    with pytest.raises(StageError, match=says):
        parse(text)


# -- the grammar


def test_the_trees_are_the_same_bytes_everywhere(files: dict[str, bytes]) -> None:
    assert hashlib.sha256(b"".join(files.values())).hexdigest() == DIGEST


def test_the_splits_have_the_sizes_asked_for_and_share_no_sentence(drawn: Prepared) -> None:
    assert {split: len(table) for split, table in drawn.tables.items()} == {"train": 1200, "val": 60, "test": 90}
    assert len({text for table in drawn.tables.values() for text in table["text"]}) == 1350


def test_words_of_test_are_known_from_train(drawn: Prepared) -> None:
    train = set(" ".join(drawn.tables["train"]["text"]).lower().split())
    assert set(" ".join(drawn.tables["test"]["text"]).lower().split()) <= train


def all_trees(text: str) -> set[str]:
    """Every tree that the grammar has for a sentence, found by trying every production on every stretch of it."""
    words = text.split()

    @cache
    def of(symbol: str, start: int, end: int) -> frozenset[str]:
        label = symbol.partition("/")[0]
        if symbol in grammar.WORDS:
            if end - start != 1 or words[start].lower() not in {word.lower() for word in grammar.WORDS[symbol]}:
                return frozenset()
            return frozenset([f"({grammar.TAGS.get(label, label)} {words[start]})"])
        found = set()
        for rule in set(grammar.RULES[symbol]):
            parts = rule.split()
            same = [part.partition("/")[0] for part in parts] == [label]  # an NP that is one NP is written once
            for inside in row(tuple(parts), start, end):
                found.add(inside if same or symbol == grammar.START else f"({label} {inside})")
        return frozenset(found)

    @cache
    def row(symbols: tuple[str, ...], start: int, end: int) -> frozenset[str]:
        first, rest = symbols[0], symbols[1:]
        if not rest:
            return of(first, start, end)
        cuts = range(start + 1, end - len(rest) + 1) if first not in grammar.WORDS else range(start + 1, start + 2)
        return frozenset(
            f"{head} {tail}"
            for cut in cuts
            for head in of(first, start, cut)
            for tail in row(rest, cut, end)
            if cut < end
        )

    return set(of(grammar.START, 0, len(words)))


def test_a_sentence_has_one_tree_only() -> None:
    rng = Random(1)
    for _ in range(60):
        tree = grammar.sentence(rng)
        if len(tree.text.split()) <= 18:
            assert all_trees(tree.text) == {tree.bracketed()}


def test_too_many_trees_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(origin, "sentence", lambda _: Tree("S", word="a"))
    with pytest.raises(StageError, match="train: the grammar gave 1 of 2 trees; ask for fewer"):
        dict(origin.make(ParsingOptions(seed=1, train=2, val=1, test=1)))


def test_sizes_below_one_are_refused() -> None:
    with pytest.raises(ValueError, match="test must be at least 1, found 0"):
        ParsingOptions(seed=1, train=1, val=1, test=0)


# -- rules


def broken_rows(table: pd.DataFrame, train: pd.DataFrame) -> pd.DataFrame:
    """`table` with another error in each of its first rows, and one row too many."""
    ids, texts, trees, linears = (list(table[column]) for column in reader.COLUMNS)
    ids[0] = ids[1]
    texts[2] += " "
    texts[3] = " ".join(["word"] * 300)
    trees[4] = trees[4][:-1]
    texts[5] = "Other words ."
    linears[6] = linears[6].replace("NN", "JJ", 1) + " ."
    trees[7] = trees[7].replace("(S", "(S-NEW", 1).replace("(SQ", "(SQ-NEW", 1)
    trees[8] = f"(S {trees[8]} (-NONE- *))"
    texts[9], trees[9], linears[9] = train.loc[20, ["text", "tree", "linear"]]
    texts[10] = texts[11]
    rows = [*zip(ids, texts, trees, linears, strict=True), (9999, "Stop", "(S (VB Stop))", "(S VB )S")]
    return pd.DataFrame(rows, columns=list(reader.COLUMNS))


def test_every_rule_keeps_good_tables_and_catches_broken_ones(drawn: Prepared) -> None:
    def check(tables: Tables) -> Outcomes:
        return run(rules(RuleContext("builtin", OPTIONS, tables, drawn.facts)))

    good, train = check(drawn.tables), drawn.tables["train"]
    assert failed(good) == set()
    bad = check({split: broken_rows(table, train) for split, table in drawn.tables.items()})
    known = {split: table.assign(linear=train["linear"].iloc[0]) for split, table in drawn.tables.items()}
    poor = {**known, "train": train.assign(tree="(S (VB Stop))")}
    bare = {split: table.assign(tree="(S (VB Stop))") for split, table in drawn.tables.items()}
    assert failed(bad) | failed(check(poor)) | failed(check(bare)) == good.keys()
    assert [row["id"] for row in bad["val", "the brackets of a tree fit together, and it is one"].rows] == [4]
    assert [row["id"] for row in bad["test", "every label is a known one, without function tags"].rows] == [7]


# -- published layout


def archive(**named: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as stream:
        for name, text in named.items():
            stream.writestr(f"treebank/combined/{name}.mrg", text)
        stream.writestr("treebank/combined/README", "(not a tree")
    return buffer.getvalue()


def test_published_files_go_to_the_split_of_their_number(tmp_path: Path) -> None:
    numbers = ("0001", "0159", "0160", "0179", "0180", "0199")
    (tmp_path / "treebank.zip").write_bytes(archive(**{f"wsj_{n}": f"\n( (S (NP-SBJ (NN n{n}) )))\n" for n in numbers}))
    tables = reader.read(tmp_path).tables
    assert {split: table["text"].to_list() for split, table in tables.items()} == {
        "train": ["n0001", "n0159"],
        "val": ["n0160", "n0179"],
        "test": ["n0180", "n0199"],
    }


def test_a_damaged_file_in_the_archive_is_named(tmp_path: Path) -> None:
    (tmp_path / "treebank.zip").write_bytes(archive(wsj_0002="( (S (NN a)"))
    with pytest.raises(
        StageError, match=r"treebank.zip: treebank/combined/wsj_0002.mrg, line 1, character 1: the tree .* lacks 2 of"
    ):
        reader.read(tmp_path)
    (tmp_path / "treebank.zip").write_bytes(archive())
    with pytest.raises(StageError, match="holds no treebank/combined"):
        reader.read(tmp_path)


def test_files_of_windows_are_read_as_without_its_line_ends_and_marks(tmp_path: Path) -> None:
    for split in ("train", "val", "test"):
        (tmp_path / f"{split}.mrg").write_bytes(b"\xef\xbb\xbf(S (NP (NNP John))\r\n (VP (VBZ barks)) (. .))\r\n")
    assert reader.read(tmp_path).tables["val"]["tree"].to_list() == ["(S (NP (NNP John)) (VP (VBZ barks)) (. .))"]


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    for split in ("train", "val", "test"):
        (tmp_path / f"{split}.mrg").write_bytes(b"(S (NN \xff))\n")
    with pytest.raises(StageError, match=r"train.mrg is not UTF-8 text"):
        reader.read(tmp_path)


@pytest.mark.mirror
def test_the_published_trees_keep_every_rule(tmp_path: Path) -> None:
    mirror = os.environ.get("DATA_MIRROR", "")
    if not mirror or "://" in mirror:
        pytest.skip("DATA_MIRROR names no folder")
    (file,) = DATASET.origin.public
    assert isinstance(file, PublicFile)
    content = (Path(mirror) / file.published).read_bytes()
    assert hashlib.sha256(content).hexdigest() == file.sha256
    (tmp_path / file.path).write_bytes(content)
    tables = reader.read(tmp_path).tables
    assert sum(len(table) for table in tables.values()) == 3914
    assert sum(len(text.split()) for table in tables.values() for text in table["text"]) == 94084
    assert failed(run(rules(RuleContext("public", OPTIONS, tables, {})))) == set()
    lost = {**tables, "val": tables["val"].assign(text=tables["val"]["text"].str.replace(" ,", "", n=1))}
    assert ("counts", "every split has its published number of words") in failed(
        run(rules(RuleContext("public", OPTIONS, lost, {})))
    )


def test_no_constituent_is_only_another_one_of_its_kind() -> None:
    rng = Random(5)
    chains = [
        node.bracketed()
        for _ in range(500)
        for node in grammar.sentence(rng).constituents()
        if [part.label for part in node.parts] == [node.label]
    ]
    assert chains == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("(S (NP (NNP Anna)) (VP (VBZ sleeps)) (. .))", ""),
        ("(S (NP (NNP anna)) (VP (VBZ Sleeps)) (. .))", ""),
        ("(S (NP (NNP Anna)) (VP (VBP sleeps)) (. .))", "(VBP sleeps)"),
        ("(S (VP (NNP Anna)) (NP (VBZ sleeps)) (. .))", "S of VP NP ."),
        ("(S (NP (NNP Anna)) (VP (VBZ sleeps)))", ""),  # as after a conjunction
        ("(S (NP (NP (NNP Anna))) (VP (VBZ sleeps)) (. .))", ""),  # an NP/o may be an NP/s: see the test below
        ("(NP (NNP Anna) (VBZ sleeps))", "NP of NNP VBZ"),
    ],
)
def test_what_the_grammar_does_not_make_is_named(text: str, says: str) -> None:
    assert grammar.not_made(parse(text)[0]) == says


def test_the_grammar_made_what_it_drew() -> None:
    rng = Random(2)
    assert {grammar.not_made(grammar.sentence(rng)) for _ in range(500)} == {""}


def test_exchanged_labels_and_tags_are_told_by_words(drawn: Prepared) -> None:
    """In all splits alike, so that nothing but English tells."""

    def names(one: str, other: str) -> pd.DataFrame:
        swaps = {f"({one} ": f"({other} ", f"({other} ": f"({one} "}
        tables = {
            split: table.assign(
                tree=table["tree"].str.replace("|".join(map(re.escape, swaps)), lambda m: swaps[m[0]], regex=True)
            )
            for split, table in drawn.tables.items()
        }
        suites = rules(RuleContext("builtin", OPTIONS, tables, drawn.facts))
        return next(suite.rows for suite in suites if suite.table == "names")

    measured = ["sure", "named", "verbal", "led"]
    assert (names("X", "Y")[measured] == 1).all(axis=None)
    assert (names("DT", "IN")["sure"] < 0.9).all()
    assert (names("NN", "NNP")["named"] < 0.9).all()
    assert (names("NP", "VP")["verbal"] < 0.9).all()
    assert (names("NP", "PP")["led"] < 0.9).all()
