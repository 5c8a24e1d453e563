"""Data set `images`: drawn pictures that only shape distinguishes, and rules that catch what a faulty reader makes."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from stages.dataset import Arrays, Prepared, RuleContext
from stages.datasets.images.dataset import DATASET
from stages.errors import StageError
from stages.pictures.builtin import CLASSES, PicturesOptions
from stages.pictures.drawing import SIDE, Pixels
from stages.pictures.parts import Part
from stages.pictures.tables import COLUMNS, prepare
from stages.rules.likeness import class_means, edges, likeness
from stages.rules.pictures import DRAWN, picture_suites
from tests.stages.rule_runs import Key, make_and_read, run
from tests.stages.rules_in_pandas import failing

SMALL = PicturesOptions(seed=3, train=400, pretrain=400, val=100, test=100)
# Of SMALL. Another digest means: drawing changed, or scikit-learn bundles other digits.
DIGEST = "c830fba2029a16bd575b2cb761ff413a606e2ab3ed04ae8a8b03fd75870974aa"


@pytest.fixture(scope="module")
def raw() -> dict[str, bytes]:
    return dict(DATASET.origin.make(SMALL))


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """The small built-in data: not to be changed."""
    return make_and_read(DATASET, SMALL, tmp_path_factory.mktemp("raw"))


def pixels(prepared: Prepared, name: str) -> Pixels:
    found: Pixels = prepared.arrays[name]["pixels"]
    return found


# -- built-in source


def test_the_built_in_files_are_the_same_bytes_everywhere(raw: dict[str, bytes]) -> None:
    assert hashlib.sha256(b"".join(raw[name] for name in sorted(raw))).hexdigest() == DIGEST


@pytest.mark.parametrize(
    ("sizes", "says"),
    [
        ({"train": 390}, "train must be a multiple of ten, 400 or more, found 390"),
        ({"pretrain": 0}, "pretrain must be a multiple of ten, 400 or more, found 0"),
        ({"val": 105}, "val must be a multiple of ten, 100 or more, found 105"),
        ({"test": 90}, "test must be a multiple of ten, 100 or more, found 90"),
    ],
)
def test_sizes_that_show_too_little_are_refused(sizes: dict[str, int], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        PicturesOptions(**{"seed": 3, "train": 400, "pretrain": 400, "val": 100, "test": 100} | sizes)


def test_rows_take_turns_through_the_classes_and_have_their_pictures(prepared: Prepared) -> None:
    assert {name: len(table) for name, table in prepared.tables.items()} == {
        "transfer-train": 400,
        "transfer-val": 100,
        "transfer-test": 100,
        "source-train": 400,
        "source-val": 100,
        "source-test": 100,
        "digits-train": 1200,
        "digits-val": 200,
        "digits-test": 397,
    }
    for name, table in prepared.tables.items():
        classes = CLASSES[name.split("-")[0]]
        assert list(table.columns) == list(COLUMNS)
        assert pixels(prepared, name).shape == (len(table), 32, 32, 3)
        assert pixels(prepared, name).dtype == np.uint8
        assert table["class"].head(50).to_list() == list(classes) * 5
        assert (table["class"] == [classes[label] for label in table["label"]]).all()


def test_a_row_says_what_can_be_measured_of_its_picture(prepared: Prepared) -> None:
    table, found = prepared.tables["source-val"], pixels(prepared, "source-val").astype(np.float64)
    across, down = np.abs(np.diff(found, axis=2)), np.abs(np.diff(found, axis=1))
    for column, values in {
        "brightness": found.mean(axis=(1, 2, 3)),
        "contrast": found.std(axis=(1, 2, 3)),
        "roughness": (across.mean(axis=(1, 2, 3)) + down.mean(axis=(1, 2, 3))) / 2,
    }.items():
        assert table[column].to_numpy() == pytest.approx(values, abs=0.0051)
    assert table["digest"].nunique() == len(table)


def test_digits_are_scikit_learns_each_pixel_a_block(prepared: Prepared) -> None:
    """Whatever the order of rows: the same labels with the same pictures."""
    digits = load_digits()
    expected = [(int(label), *small) for label, small in zip(digits.target, digits.data * 255 // 16, strict=True)]
    found = []
    for name in ("digits-train", "digits-val", "digits-test"):
        grey = pixels(prepared, name)
        assert (grey == grey[..., :1]).all()
        small = grey[:, ::4, ::4, 0]
        assert (grey[..., 0] == small.repeat(4, axis=1).repeat(4, axis=2)).all()
        labels = prepared.tables[name]["label"]
        found += [(label, *values) for label, values in zip(labels, small.reshape(-1, 64), strict=True)]
    assert sorted(found) == sorted(expected)
    first = pd.Series(digits.target[:1200]).value_counts().sort_index()
    assert (prepared.tables["digits-train"]["label"].value_counts().sort_index() == first).all()


def test_neither_colour_nor_a_sum_over_pixels_tells_a_shape_and_edges_do(prepared: Prepared) -> None:
    train, test = (pixels(prepared, f"transfer-{split}") for split in ("train", "test"))
    labels, truth = (prepared.tables[f"transfer-{split}"]["label"].to_numpy() for split in ("train", "test"))

    def light(found: Pixels) -> np.ndarray[Any, Any]:
        return np.concatenate([found.mean(axis=(1, 2)), found.std(axis=(1, 2))], axis=1) / 64

    def values(found: Pixels) -> np.ndarray[Any, Any]:
        return found.reshape(len(found), -1) / 255 - 0.5

    for view in (light, values):
        linear = LogisticRegression(C=1e-2, max_iter=50, tol=1e-2).fit(view(train), labels)
        assert linear.score(view(test), truth) < 0.2
    assert likeness(edges(test), truth, class_means(edges(train), labels, 10)).right > 0.25


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda content: content[:-1], r"transfer-val\.bin holds 307299 bytes, not records of 3073"),
        (lambda _: b"", r"transfer-val\.bin holds 0 bytes, not records of 3073"),
        (lambda content: b"\x0b" + content[1:], r"transfer-val\.bin: the labels are 0 to 9, found also \[11\]"),
    ],
)
def test_a_damaged_file_is_named(
    tmp_path: Path, raw: dict[str, bytes], change: Callable[[bytes], bytes], says: str
) -> None:
    for name, content in raw.items():
        (tmp_path / name).write_bytes(change(content) if name == "transfer-val.bin" else content)
    with pytest.raises(StageError, match=says):
        DATASET.read(tmp_path)


# -- rules


def broken(name: str, table: pd.DataFrame, found: Pixels) -> tuple[pd.DataFrame, Arrays]:
    """A table and its pictures with something wrong for every rule."""
    task, _, split = name.partition("-")
    rows = pd.concat([table, table.tail(1)], ignore_index=True)
    rows["label"] = (rows["label"] + (split == "test")) % 10  # in one split all classes have the name of the next
    rows["class"] = [CLASSES[task][label] for label in rows["label"]]
    rows.loc[2, "class"] = "nonsense"
    rows.loc[3, "brightness"] = rows.loc[4, "contrast"] = 500.0
    rows["roughness"] *= 3
    dark = found[np.random.default_rng(0).permutation(len(found)), ::-1] // 2
    dark[:, :4] += 100
    dark[5, SIDE // 2 :] = 7
    return rows, {"pixels": dark[..., ::-1] + np.array([0, 0, 30], np.uint8)}


def test_every_rule_holds_for_good_pictures_and_fails_for_bad_ones(prepared: Prepared) -> None:
    tables, arrays = dict(prepared.tables), dict(prepared.arrays)
    good = DATASET.rules(RuleContext("builtin", SMALL, tables, prepared.facts, arrays))
    assert failing(good) == set()
    for name, table in prepared.tables.items():
        tables[name], arrays[name] = broken(name, table, pixels(prepared, name))
    bad = DATASET.rules(RuleContext("builtin", SMALL, tables, prepared.facts, arrays))
    every = {(suite.table, str(rule.description)) for suite in bad for rule in suite.rules}
    assert len(every) == 6 * 11 + 3 * 9 + 7
    assert failing(bad) == every

    some = [good[0], bad[1], good[-2], bad[-1]]  # Great Expectations says the same
    outcomes = run(some, DATASET)
    assert {key for key, outcome in outcomes.items() if not outcome.success} == failing(some)
    assert len(outcomes) == 11 + 11 + 7


Parts = dict[str, tuple[Pixels, list[int]]]  # by split
Mutation = Callable[[Parts], None]


def drawn_parts(prepared: Prepared, task: str) -> Parts:
    found = {}
    for split in ("train", "val", "test"):
        name = f"{task}-{split}"
        found[split] = pixels(prepared, name).copy(), prepared.tables[name]["label"].to_list()
    return found


def caught_in(parts: Parts, task: str) -> set[Key]:
    """What the rules say of pictures that a faulty reader gave."""
    read = prepare((Part(task, split, *part) for split, part in parts.items()), CLASSES)
    given = RuleContext("builtin", SMALL, read.tables, read.facts, read.arrays)
    return failing(picture_suites(given, {task: DRAWN[task]}))


def each(change: Callable[[Pixels], Pixels]) -> Mutation:
    def mutate(parts: Parts) -> None:
        for split, (found, labels) in parts.items():
            parts[split] = np.ascontiguousarray(change(found)), labels

    return mutate


def relabelled(change: Callable[[list[int]], list[int]]) -> Mutation:
    def mutate(parts: Parts) -> None:
        for split, (found, labels) in parts.items():
            parts[split] = found, change(labels)

    return mutate


def doubled(parts: Parts) -> None:
    parts["train"][0][17] = parts["train"][0][7]


def leaked(parts: Parts) -> None:
    parts["test"][0][13] = parts["train"][0][3]


def truncated(parts: Parts) -> None:
    found, labels = parts["val"]
    parts["val"] = found[:-10], labels[:-10]


SHUFFLE = np.random.default_rng(0).permutation(400)
LIKE = "pictures look like their class, more often than random ones"
LIGHT = "the upper half is over the lower by as much as it should be: pictures stand upright"
COLOUR = "red is over blue by as much as it should be: channels are in their order"
READER: dict[str, tuple[Mutation, str, str]] = {
    "all black": (each(np.zeros_like), "train", "the brightness of a picture is 20 to 235 of 255"),
    "one grey": (each(lambda found: np.full_like(found, 99)), "val", "the contrast of a picture is 10 to 100 of 255"),
    "scaled to 0..1": (each(lambda found: found // 128), "test", "the brightness of a picture is 20 to 235 of 255"),
    "red and blue exchanged": (each(lambda found: found[..., ::-1]), "tables", COLOUR),
    "one byte off": (each(lambda found: np.roll(found.ravel(), 1).reshape(found.shape)), "tables", COLOUR),
    "planes read as pixels": (
        each(lambda found: found.transpose(0, 3, 1, 2).reshape(found.shape)),
        "tables",
        "neighbouring pixels differ by as much as they should: pixels are in their order",
    ),
    "upside down": (
        each(lambda found: found[:, ::-1]),
        "tables",
        LIGHT,
    ),
    "rows read as columns": (
        each(lambda found: found.transpose(0, 2, 1, 3)),
        "tables",
        LIGHT,
    ),
    "labels shuffled": (
        relabelled(lambda labels: [labels[row] for row in SHUFFLE if row < len(labels)]),
        "tables",
        LIKE,
    ),
    "labels sorted": (relabelled(sorted), "tables", LIKE),
    "a class gone": (
        relabelled(lambda labels: [min(label, 8) for label in labels]),
        "classes",
        "every class has as many pictures as it should have",
    ),
    "a picture twice": (doubled, "train", "no picture is there twice, nor in an earlier split"),
    "a picture of train in test": (leaked, "test", "no picture is there twice, nor in an earlier split"),
    "pictures missing": (truncated, "val", "there are 100 pictures, as set"),
}


@pytest.mark.parametrize("how", READER)
def test_what_a_faulty_reader_makes_is_caught(prepared: Prepared, how: str) -> None:
    mutate, table, rule = READER[how]
    parts = drawn_parts(prepared, "transfer")
    mutate(parts)
    assert (table if table in ("tables", "classes") else f"transfer-{table}", rule) in caught_in(parts, "transfer")


@pytest.mark.parametrize("task", ["transfer", "source"])
def test_two_classes_exchanged_everywhere_are_caught(prepared: Prepared, task: str) -> None:
    """As by a wrong list of names, where nothing but the seed says what was drawn."""
    parts = drawn_parts(prepared, task)
    for split, (found, labels) in parts.items():
        parts[split] = found, [{0: 1, 1: 0}.get(label, label) for label in labels]
    drawn = "the first pictures of a table are those that the seed draws"
    assert {(f"{task}-{split}", drawn) for split in parts} <= caught_in(parts, task)


def test_two_classes_exchanged_in_one_split_are_caught(prepared: Prepared) -> None:
    parts = drawn_parts(prepared, "digits")
    found, labels = parts["test"]
    parts["test"] = found, [{3: 8, 8: 3}.get(label, label) for label in labels]
    assert ("classes", "the pictures of no class look like those of another") in caught_in(parts, "digits")


Stored = Callable[[pd.DataFrame, Pixels], tuple[pd.DataFrame, np.ndarray[Any, Any]]]
CHANGED, SHAPE = "every row has its picture, unchanged", "every table has one picture for each row"
AFTERWARDS: dict[str, tuple[Stored, str]] = {
    "pictures one row off": (lambda table, found: (table, np.roll(found, 1, axis=0)), CHANGED),
    "one value of one picture": (
        lambda table, found: (table, found + (np.arange(found.size) == 5).reshape(found.shape)),
        CHANGED,
    ),
    "mirrored": (lambda table, found: (table, found[:, :, ::-1]), CHANGED),
    "array cut short": (lambda table, found: (table, found[:-1]), SHAPE),
    "array longer than the table": (lambda table, found: (table.iloc[:-1], found), SHAPE),
    "as planes": (lambda table, found: (table, found.transpose(0, 3, 1, 2)), SHAPE),
    "as fractions": (lambda table, found: (table, (found / 255).astype(np.float32)), SHAPE),
    "a row of another picture": (
        lambda table, found: (table.assign(digest=table["digest"].shift(fill_value="?")), found),
        CHANGED,
    ),
    "a measure of another picture": (
        lambda table, found: (table.assign(contrast=table["contrast"].shift(fill_value=50.0)), found),
        "brightness, contrast and roughness are those of the picture",
    ),
    "a label of another class": (
        lambda table, found: (table.assign(label=(table["label"] + 1) % 10), found),
        "every label is a class's, and its name is that class's",
    ),
    "rows in another order": (lambda table, found: (table[::-1].reset_index(drop=True), found), "rows take turns"),
}


@pytest.mark.parametrize("how", AFTERWARDS)
def test_what_was_changed_afterwards_is_caught(prepared: Prepared, how: str) -> None:
    change, rule = AFTERWARDS[how]
    tables, arrays = dict(prepared.tables), dict(prepared.arrays)
    tables["transfer-val"], stored = change(tables["transfer-val"], pixels(prepared, "transfer-val"))
    arrays["transfer-val"] = {"pixels": stored}
    given = RuleContext("builtin", SMALL, tables, prepared.facts, arrays)
    found = failing(picture_suites(given, {"transfer": DRAWN["transfer"]}))
    assert [says for table, says in found if says.startswith(rule) and table in ("transfer-val", "tables")], found
