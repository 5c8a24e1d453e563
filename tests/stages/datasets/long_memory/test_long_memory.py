"""Data set `long_memory`: answers that a plain loop finds too, images as published, rules that catch errors."""

import gzip
import hashlib
import json
import os
import re
import struct
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_digits

from params import Source
from stages.checks.expectations import Runner
from stages.dataset import Arrays, Prepared, RuleContext, Suite
from stages.datasets.long_memory import mnist, reader
from stages.datasets.long_memory.dataset import DATASET
from stages.datasets.long_memory.origin import ORIGIN
from stages.datasets.long_memory.origin.draws import LongMemoryOptions, make
from stages.datasets.long_memory.origin.tasks import MNIST_IMAGES, SYMBOLS, Stream, facts, permutation
from stages.datasets.long_memory.rules import rules
from stages.errors import StageError
from stages.origin import PublicFile
from stages.tables import read_arrays, read_table, write_arrays, write_table
from tests.stages.rule_runs import Key, Tables, make_and_read

OPTIONS = LongMemoryOptions(seed=3, adding=[20], order=[100], train=400, train_steps=30_000, val=60, test=80)
DIGEST = "c2681a8bbc642f1643ab9fe4c8b421b42fd28a230a33a254c8d7378038a6758c"
MNIST_PERMUTATION = "0467d587cc0750b1f7b9b2174ac6ed50693d649da46ed9adbc40e8e52b8eb603"
SPLITS = ["train", "val", "test"]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """The built-in data as `prepare` stores and `validate` reads them: not to be changed."""
    folder = tmp_path_factory.mktemp("raw")
    made = make_and_read(DATASET, OPTIONS, folder)
    for name, table in made.tables.items():
        write_table(folder / f"{name}.parquet", table, reader.COLUMNS)
        write_arrays(folder / f"stored {name}.safetensors", made.arrays[name])
    tables = {name: read_table(folder / f"{name}.parquet", "prepare") for name in made.tables}
    arrays: dict[str, Arrays] = {name: read_arrays(folder / f"stored {name}.safetensors", "prepare") for name in tables}
    return Prepared(tables, made.facts, arrays)


# -- what is drawn


def rows(table: pd.DataFrame) -> Iterator[Any]:
    yield from table.itertuples()


def test_columns_and_arrays_are_of_the_declared_types(drawn: Prepared) -> None:
    kinds = {name: "str" if kind == "string" else kind for name, kind in reader.COLUMNS.items()}
    for name, table in drawn.tables.items():
        assert {column: str(kind) for column, kind in table.dtypes.items()} == kinds
        assert {key: str(array.dtype) for key, array in drawn.arrays[name].items()} == reader.ARRAYS


def test_the_draws_are_the_same_bytes_everywhere() -> None:
    files = dict(make(OPTIONS))
    assert list(files) == ["adding-20.safetensors", "order-100.safetensors", "digits.safetensors", "tasks.json"]
    assert files == dict(make(OPTIONS))
    assert hashlib.sha256(b"".join(files.values())).hexdigest() == DIGEST


def test_another_seed_draws_other_sequences_and_splits_the_digits_otherwise() -> None:
    one, other = dict(make(OPTIONS)), dict(make(LongMemoryOptions(4, [20], [100], 400, 30_000, 60, 80)))
    assert [name for name in one if one[name] == other[name]] == ["tasks.json"]


def test_more_training_sequences_leave_val_and_test_as_they_are(drawn: Prepared, tmp_path: Path) -> None:
    more = make_and_read(DATASET, LongMemoryOptions(3, [20], [100], 500, 50_000, 60, 80), tmp_path)
    for name, key in (("adding-20", "values"), ("order-100", "codes")):
        assert len(more.tables[name]) == 640
        assert np.array_equal(more.arrays[name][key][-140:], drawn.arrays[name][key][-140:])
        one, other = (prepared.tables[name].tail(140).reset_index(drop=True) for prepared in (more, drawn))
        pd.testing.assert_frame_equal(one.drop(columns="id"), other.drop(columns="id"))


def test_long_sequences_are_fewer() -> None:
    options = LongMemoryOptions(1, [100, 200, 1000], [], 10_000, 1_000_000, 20, 30)
    assert [options.sizes(length) for length in options.adding] == [
        {"train": rows, "val": 20, "test": 30} for rows in (10_000, 5_000, 1_000)
    ]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"seed": -1}, "seed must be at least 0, found -1"),
        ({"adding": [19]}, r"adding must list lengths from 20 to 10000, found \[19\]"),
        ({"order": [100, "200"]}, r"order must list lengths from 20 to 10000"),
        ({"order": [True]}, r"order must list lengths"),
        ({"adding": [20, 30, 20]}, r"adding must list each length once, found \[20, 30, 20\]"),
        ({"train_steps": 1900}, "train must have at least 20 sequences, found 19 of 100 steps"),
        ({"val": 3}, "val must have at least 20 sequences, found 3 of 20 steps"),
    ],
)
def test_options_that_cannot_be_drawn_are_refused(change: dict[str, object], says: str) -> None:
    options: dict[str, object] = {"seed": 1, "adding": [20], "order": [100], "train": 50, "train_steps": 10_000}
    with pytest.raises(ValueError, match=says):
        LongMemoryOptions(**{**options, "val": 20, "test": 20, **change})  # type: ignore[arg-type]


def test_a_sum_is_that_of_one_number_in_each_half(drawn: Prepared) -> None:
    table, values = drawn.tables["adding-20"], drawn.arrays["adding-20"]["values"]
    assert Counter(table["split"]) == {"train": 400, "val": 60, "test": 80}
    assert drawn.arrays["adding-20"]["codes"].shape == (540, 0)
    for row, sequence in zip(rows(table), values, strict=True):
        mask = [step in (row.first, row.second) for step in range(20)]
        assert sum(mask[:10]) == sum(mask[10:]) == 1
        numbers = [float(number) for number in sequence]
        assert all(0 <= number < 1 for number in numbers)
        assert row.target == sum(number for number, marked in zip(numbers, mask, strict=True) if marked)
        assert row.mean == pytest.approx(sum(numbers) / 20, abs=1e-12)
        assert (row.length, row.label) == (20, "")
    assert set(table["first"]) | set(table["second"]) == set(range(20))


def test_symbols_are_in_the_order_that_their_class_says(drawn: Prepared) -> None:
    """Read as text, by the words of the publication: 100 to 110 symbols, X or Y at 10 to 20 and at 50 to 60."""
    table, codes = drawn.tables["order-100"], drawn.arrays["order-100"]["codes"]
    of_task = drawn.facts["tasks"]["order-100"]
    assert (of_task["symbols"], of_task["padding"], codes.shape[1]) == (list(SYMBOLS), 8, 110)
    for row, sequence in zip(rows(table), codes, strict=True):
        text = "".join([*of_task["symbols"], "_"][code] for code in sequence)
        found = re.fullmatch(r"(E[abcd]*([XY])[abcd]*([XY])[abcd]*B)_*", text)
        assert found, text
        assert (found.start(2), found.start(3), len(found[1])) == (row.first, row.second, row.length)
        assert found[2] + found[3] == row.label == of_task["classes"][int(row.target)]
        assert row.mean == pytest.approx(np.mean([of_task["symbols"].index(symbol) for symbol in found[1]]), abs=1e-12)
    assert set(table["length"]) == set(range(100, 111))
    assert set(table["first"]) == set(range(10, 21))
    assert set(table["second"]) == set(range(50, 61))
    assert Counter(table["split"]) == {"train": 300, "val": 60, "test": 80}
    for _, part in table.groupby("split"):
        assert len(set(Counter(part["label"]).values())) == 1


def test_the_digits_are_those_of_scikit_learn(drawn: Prepared) -> None:
    table, codes = drawn.tables["digits"], drawn.arrays["digits"]["codes"]
    images, labels = load_digits(return_X_y=True)
    published = {image.astype(np.uint8).tobytes(): str(label) for image, label in zip(images, labels, strict=True)}
    found = {pixels.tobytes(): label for pixels, label in zip(codes, table["label"], strict=True)}
    assert len(found) == len(table) == 1797
    assert found == published
    assert table["target"].to_list() == [float(label) for label in table["label"]]
    assert [(table["split"] == split).sum() for split in SPLITS] == [1097, 300, 400]
    assert set(Counter(table.loc[table["split"] == "test", "label"]).values()) == {40}


@given(st.integers(0, 2**63), st.integers(1, 2**24 - 1), st.integers(1, 50))
def test_numbers_of_a_stream_are_the_top_bits_of_what_numpy_keeps(seed: int, limit: int, count: int) -> None:
    raw = [int(bits) >> 40 for bits in np.random.PCG64([seed, *b"name"]).random_raw(count)]
    assert Stream(seed, "name").below(limit, count).tolist() == [bits * limit // 2**24 for bits in raw]
    assert [float(value) for value in Stream(seed, "name").unit(count)] == [bits / 2**24 for bits in raw]


@given(st.integers(1, 900))
def test_a_permutation_reads_every_pixel_once(length: int) -> None:
    assert sorted(permutation(length)) == list(range(length))


def test_the_permutation_of_mnist_is_the_same_everywhere() -> None:
    """It is part of the data set: with another one, results would not compare."""
    assert hashlib.sha256(json.dumps(permutation(784)).encode()).hexdigest() == MNIST_PERMUTATION


# -- rules


def suites(
    drawn: Prepared, tables: Tables | None = None, arrays: dict[str, Arrays] | None = None, source: Source = "builtin"
) -> list[Suite]:
    """The rules for the data with some tables and arrays changed."""
    changed = RuleContext(source, OPTIONS, drawn.tables | (tables or {}), drawn.facts, drawn.arrays | (arrays or {}))
    return rules(changed)


def complaints(found: list[Suite]) -> dict[Key, list[int]]:
    """By table and computed column, the ids of the rows that it complains of."""
    return {
        (suite.table, column): suite.rows.loc[suite.rows[column] != "", "id"].to_list()
        for suite in found
        for column in map(str, suite.rows)
        if column.endswith("_error") and (suite.rows[column] != "").any()
    }


def outcomes(found: list[Suite]) -> dict[Key, list[int]]:
    """By table and rule, for rules that fail: the ids that Great Expectations names."""
    results = Runner(Path("docs, not built")).run("rules", found, reader.COLUMNS)
    assert not [outcome for outcome in results if "could not be checked" in str(outcome.observed)]
    return {
        (outcome.table, outcome.rule): [row["id"] for row in outcome.rows] for outcome in results if not outcome.success
    }


def with_rows(table: pd.DataFrame, changes: dict[int, tuple[str, Any]]) -> pd.DataFrame:
    changed = table.copy()
    for row, (column, value) in changes.items():
        changed.loc[row, column] = value
    return changed


def test_good_data_keep_every_rule_and_every_rule_has_broken_data(drawn: Prepared) -> None:
    assert outcomes(suites(drawn)) == {}
    tables, arrays = broken(drawn)
    of_task = drawn.facts["tasks"]["digits"] | {"permutation": [0, *range(63)]}
    found = rules(
        RuleContext("builtin", OPTIONS, tables, {"tasks": drawn.facts["tasks"] | {"digits": of_task}}, arrays)
    )
    caught = outcomes(found)
    assert set(caught) == {(suite.table, rule.description) for suite in found for rule in suite.rules}
    assert caught["adding-20", "first is from 0 to 9"] == [3]
    assert caught["order-100", "length is from 100 to 110"] == [4]
    assert caught["digits", "every label is a known one"] == [2]


def broken(drawn: Prepared) -> tuple[Tables, dict[str, Arrays]]:
    """Every table with an error for each of its rules, and one row too many."""
    odd = {0: ("id", 1), 1: ("split", "dev"), 2: ("label", "Z"), 3: ("first", 500), 4: ("length", 500)}
    odd |= {5: ("second", 500), 6: ("mean", 99.0), 7: ("target", 77.0), 8: ("split", "test")}
    tables = {name: with_rows(table, odd) for name, table in drawn.tables.items()}
    tables = {name: pd.concat([table, table.tail(1)], ignore_index=True) for name, table in tables.items()}
    arrays = {name: {key: np.array(array) for key, array in drawn.arrays[name].items()} for name in tables}
    values, codes, pixels = arrays["adding-20"]["values"], arrays["order-100"]["codes"], arrays["digits"]["codes"]
    values[8, 3] = 1.5
    codes[8, 0], codes[9, 30], codes[10, 31], codes[11, 32], codes[12, 33] = 4, 1, 2, 0, 8
    pixels[8], pixels[9, 20] = 0, 17
    return tables, dict(arrays)


def test_marks_one_step_off_are_caught(drawn: Prepared) -> None:
    for name, column in (("adding-20", "target_error"), ("order-100", "relevant_error")):
        table = drawn.tables[name]
        inside = table["second"] < (19 if name == "adding-20" else 60)
        found = complaints(suites(drawn, {name: table.assign(second=table["second"] + inside)}))
        assert found[name, column] == table.index[inside].to_list()


def test_counting_from_one_is_caught(drawn: Prepared) -> None:
    table = drawn.tables["adding-20"]
    shifted = table.assign(first=table["first"] + 1, second=table["second"] + 1)
    failing = outcomes(suites(drawn, {"adding-20": shifted})[:1])
    assert {("adding-20", "first is from 0 to 9"), ("adding-20", "second is from 10 to 19")} < failing.keys()


def test_swapped_labels_are_caught(drawn: Prepared) -> None:
    table = drawn.tables["order-100"]
    swaps, numbers = {"XY": "YX", "YX": "XY"}, {1.0: 2.0, 2.0: 1.0}
    swapped = table.assign(label=table["label"].replace(swaps), target=table["target"].replace(numbers))
    found = complaints(suites(drawn, {"order-100": swapped}))
    expected = table.index[table["label"].isin(swaps)].to_list()
    assert found == {("order-100", "label_error"): expected, ("order-100", "target_error"): expected}

    table = drawn.tables["digits"]
    for pairs in ({"0": "1", "1": "0"}, {str(digit): str((digit + 1) % 10) for digit in range(10)}):
        label = table["label"].replace(pairs)
        found = complaints(suites(drawn, {"digits": table.assign(label=label, target=label.astype(float))}))
        assert found["classes", "count_error"]


@pytest.mark.parametrize("split", SPLITS)
def test_images_shifted_against_their_labels_are_caught(drawn: Prepared, split: str) -> None:
    """Within a split, so that the counts of the classes stay."""
    table = drawn.tables["digits"]
    chosen = table["split"] == split
    shifted = table.copy()
    for column in ("label", "target"):
        shifted.loc[chosen, column] = np.roll(table.loc[chosen, column].to_numpy(), 1)
    found = suites(drawn, {"digits": shifted})
    (measured,) = [suite.rows for suite in found if suite.table == "sequences"]
    bad = measured[measured["limits_error"] != ""]
    sums = {f"sum of the pixels of {digit}" for digit in range(10)}
    assert set(bad["measured"]) - sums == {"share nearest to the mean image of their class"}
    assert set(bad["measured"]) & sums
    assert set(bad["split"]) == {"all"} | ({split} if split != "train" else {"val", "test"})
    assert complaints(found).keys() == {("sequences", "limits_error")}


def test_two_classes_exchanged_everywhere_are_caught_by_how_much_ink_each_has(drawn: Prepared) -> None:
    """Within each split alike: no image is nearer to another class than before, as the means move with them."""
    table = drawn.tables["digits"]
    label = table["label"].replace({"6": "9", "9": "6"})
    found = suites(drawn, {"digits": table.assign(label=label, target=label.astype(float))})
    (measured,) = [suite.rows for suite in found if suite.table == "sequences"]
    bad = measured[measured["limits_error"] != ""]
    assert set(bad["measured"]) == {"sum of the pixels of 6", "sum of the pixels of 9"}


def test_arrays_shifted_against_the_table_are_caught(drawn: Prepared) -> None:
    for name, arrays in drawn.arrays.items():
        shifted = {key: np.roll(array, 1, axis=0) for key, array in arrays.items()}
        found = complaints(suites(drawn, arrays={name: shifted}))
        assert len(found[name, "mean_error"]) > 0.9 * len(drawn.tables[name])


@pytest.mark.parametrize(
    ("change", "column"),
    [
        (lambda codes: codes // 16, "dark_error"),  # 0 to 1
        (lambda codes: codes * np.uint8(15), "bright_error"),  # 0 to 240
        (lambda codes: codes * np.uint8(0), "dark_error"),
    ],
    ids=["0 to 1", "0 to 240", "blank"],
)
def test_images_on_another_scale_are_caught(
    drawn: Prepared, change: Callable[[np.ndarray], np.ndarray], column: str
) -> None:
    arrays = drawn.arrays["digits"]
    found = complaints(suites(drawn, arrays={"digits": {**arrays, "codes": change(arrays["codes"])}}))
    assert len(found["digits", column]) > 1700
    assert found["sequences", "limits_error"]


def test_numbers_on_another_scale_are_caught(drawn: Prepared) -> None:
    """Also where each of them, and each sum, is one that could be."""
    table, arrays = drawn.tables["adding-20"], drawn.arrays["adding-20"]
    halved = table.assign(target=table["target"] / 2, mean=table["mean"] / 2)
    found = suites(drawn, {"adding-20": halved}, {"adding-20": {**arrays, "values": arrays["values"] / 2}})
    assert complaints(found).keys() == {("sequences", "limits_error")}
    around_zero = {**arrays, "values": 2 * arrays["values"] - 1}
    assert len(complaints(suites(drawn, arrays={"adding-20": around_zero}))["adding-20", "value_error"]) == 540


def test_marks_that_stand_still_are_caught(drawn: Prepared) -> None:
    table, values = drawn.tables["adding-20"], drawn.arrays["adding-20"]["values"]
    target = values[:, 0].astype(float) + values[:, 19]
    found = suites(drawn, {"adding-20": table.assign(first=0, second=19, target=target)})
    (measured,) = [suite.rows for suite in found if suite.table == "sequences"]
    assert set(measured.loc[measured["limits_error"] != "", "measured"]) == {"mean of first", "mean of second"}


def test_one_distractor_too_frequent_is_caught(drawn: Prepared) -> None:
    codes = drawn.arrays["order-100"]["codes"]
    codes = np.where((codes == 5) & (np.arange(110) % 3 == 0), np.uint8(4), codes)
    found = complaints(suites(drawn, arrays={"order-100": {**drawn.arrays["order-100"], "codes": codes}}))
    assert found["sequences", "limits_error"]


def test_a_sequence_repeated_in_another_split_is_caught(drawn: Prepared) -> None:
    for name, arrays in drawn.arrays.items():
        repeated = {key: array.copy() for key, array in arrays.items()}
        for array in repeated.values():
            array[-1] = array[4]
        last = len(drawn.tables[name]) - 1
        assert complaints(suites(drawn, arrays={name: repeated}))[name, "repeated_error"] == [4, last]


def test_rows_that_are_missing_are_caught(drawn: Prepared) -> None:
    for name, table in drawn.tables.items():
        found = complaints(suites(drawn, {name: table.drop(index=7).reset_index(drop=True)}))
        assert {(name, "id_error"), ("classes", "count_error"), ("arrays", "shape_error")} <= found.keys()
        without = RuleContext(
            "builtin", OPTIONS, {k: v for k, v in drawn.tables.items() if k != name}, drawn.facts, drawn.arrays
        )
        assert complaints(rules(without)).keys() == {("classes", "count_error")}


def test_arrays_that_are_too_small_are_caught(drawn: Prepared) -> None:
    for name, arrays in drawn.arrays.items():
        for cut in (np.s_[:-3], np.s_[:, :-3]):
            found = complaints(suites(drawn, arrays={name: {key: array[cut] for key, array in arrays.items()}}))
            assert found["arrays", "shape_error"]


def test_images_that_are_stored_permuted_are_caught(drawn: Prepared) -> None:
    arrays = drawn.arrays["digits"]
    permuted = {**arrays, "codes": arrays["codes"][:, drawn.facts["tasks"]["digits"]["permutation"]]}
    found = suites(drawn, arrays={"digits": permuted})
    (measured,) = [suite.rows for suite in found if suite.table == "sequences"]
    bad = measured[measured["limits_error"] != ""]
    halves = {f"sum of the pixels in the {half} halves" for half in ("upper", "lower")}
    assert set(bad["measured"]) == {"correlation of neighbouring pixels", *halves}
    assert complaints(found).keys() == {("sequences", "limits_error")}


@pytest.mark.parametrize(
    ("change", "columns"),
    [
        (lambda order: order[::-1], {"order_error"}),
        (sorted, {"order_error"}),
        (lambda order: order[:-1], {"order_error", "pixel_error"}),
        (lambda order: [*order, 64], {"order_error", "pixel_error"}),
        (lambda order: [order[1], *order[1:]], {"order_error", "pixel_error"}),
    ],
    ids=["backwards", "not at all", "too short", "too long", "one twice"],
)
def test_another_permutation_is_caught(
    drawn: Prepared, change: Callable[[list[int]], list[int]], columns: set[str]
) -> None:
    of_task = drawn.facts["tasks"]["digits"]
    other = {"tasks": drawn.facts["tasks"] | {"digits": of_task | {"permutation": change(of_task["permutation"])}}}
    found = complaints(rules(RuleContext("builtin", OPTIONS, drawn.tables, other, drawn.arrays)))
    assert found.keys() == {("permutations", column) for column in columns}


# -- the published files


def idx(array: np.ndarray, header: bytes | None = None) -> bytes:
    """A gzipped idx file of unsigned bytes, written from the description of the format."""
    sizes = struct.pack(f">{array.ndim}I", *array.shape)
    return gzip.compress((header or bytes([0, 0, 8, array.ndim]) + sizes) + array.astype(np.uint8).tobytes(), mtime=0)


@given(st.integers(0, 5), st.lists(st.integers(1, 4), max_size=3))
def test_idx_files_are_read_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, count: int, item: list[int]
) -> None:
    array = (np.arange(count * prod(item)) % 251).reshape(count, *item)
    path = tmp_path_factory.mktemp("idx") / "a.gz"
    path.write_bytes(idx(array))
    assert np.array_equal(mnist.read_idx(path, *item), array)


LABELS = np.arange(4)


def packed(content: bytes) -> bytes:
    """The same bytes in every process: test workers must agree on what there is to test."""
    return gzip.compress(content, mtime=0)


@pytest.mark.parametrize(
    ("content", "item", "says"),
    [
        (
            idx(LABELS),
            (2,),
            r"a.gz is no idx file of unsigned bytes in 2 dimensions: it starts with b'\\x00\\x00\\x08\\x01",
        ),
        (idx(LABELS, b"\0\0\x0d\x01\0\0\0\x04"), (), "a.gz is no idx file of unsigned bytes in 1 dimensions"),
        (packed(b""), (), "a.gz is no idx file of unsigned bytes in 1 dimensions: it starts with b''"),
        (packed(b"\0\0\x08\x01\0\0"), (), "a.gz is cut off within its header"),
        (idx(np.zeros((2, 3, 4))), (4, 3), r"a.gz announces 2 items of size \[3, 4\], expected size \[4, 3\]"),
        (
            idx(LABELS, b"\0\0\x08\x01\xff\xff\xff\xff"),
            (),
            "a.gz holds 4 bytes after its header, which promises 4294967295",
        ),
        (idx(LABELS, b"\0\0\x08\x01\0\0\0\x05"), (), "a.gz holds 4 bytes after its header, which promises 5"),
        (idx(LABELS, b"\0\0\x08\x01\0\0\0\x03"), (), "a.gz holds 4 bytes after its header, which promises 3"),
        (idx(LABELS)[:-1], (), "a.gz is no whole gzip file"),
        (idx(LABELS)[:-8] + b"\0" * 8, (), "a.gz is no whole gzip file: CRC check failed"),
        (b"\0\0\x08\x01\0\0\0\x00", (), "a.gz is no whole gzip file"),
    ],
    ids=[
        *("dimensions", "type", "empty", "header cut off", "other size", "too many", "fewer", "more"),
        *("end cut off", "other checksum", "not packed"),
    ],
)
def test_a_file_that_is_no_such_idx_file_is_named(
    tmp_path: Path, content: bytes, item: tuple[int, ...], says: str
) -> None:
    (tmp_path / "a.gz").write_bytes(content)
    with pytest.raises(StageError, match=says):
        mnist.read_idx(tmp_path / "a.gz", *item)


def test_a_file_that_unpacks_to_more_than_any_published_one_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.gz").write_bytes(idx(np.zeros(30 << 20), b"\0\0\x08\x01\0\0\0\x03"))
    monkeypatch.setattr(mnist, "LIMIT", 1 << 20)
    tracemalloc.start()
    with pytest.raises(StageError, match=r"a.gz unpacks to more than 1048576 bytes"):
        mnist.read_idx(tmp_path / "a.gz")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20


def write_mnist(folder: Path, train: int, test: int, **other: np.ndarray) -> dict[str, np.ndarray]:
    """Files with the published names and images made up, of which each tells its number by a pixel."""
    arrays: dict[str, np.ndarray] = {}
    for part, count in (("train", train), ("t10k", test)):
        images = np.zeros((count, 28, 28), np.uint8)
        images[np.arange(count), np.arange(count) % 28, 5] = 200
        arrays |= {f"{part}_images": images, f"{part}_labels": np.arange(count) % 10}
    for name, array in (arrays | other).items():
        (folder / f"{name.replace('_', '-')}-idx{array.ndim}-ubyte.gz").write_bytes(idx(array))
    return arrays


def test_published_files_become_a_table_whose_val_is_the_end_of_train(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mnist, "HELD_OUT", 5)
    arrays = write_mnist(tmp_path, 12, 4)
    prepared = reader.read(tmp_path)
    table, codes = prepared.tables["mnist"], prepared.arrays["mnist"]["codes"]
    assert table["split"].to_list() == ["train"] * 7 + ["val"] * 5 + ["test"] * 4
    assert table["label"].to_list() == [*"0123456789", *"01", *"0123"]
    assert table["target"].to_list() == [float(label) for label in table["label"]]
    assert codes.shape == (16, 784)
    assert codes.dtype == np.uint8
    assert np.array_equal(codes[9].reshape(28, 28), arrays["train_images"][9])
    assert np.array_equal(codes[13].reshape(28, 28), arrays["t10k_images"][1])
    assert table["mean"].to_list() == [200 / 784] * 16
    assert prepared.facts == {"tasks": {"mnist": facts(MNIST_IMAGES)}}


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (
            {"t10k_labels": np.zeros(3)},
            "t10k-images-idx3-ubyte.gz holds 4 images, .*t10k-labels-idx1-ubyte.gz 3 labels",
        ),
        ({"t10k_labels": np.array([1, 2, 10, 3])}, "t10k-labels-idx1-ubyte.gz holds the label 10; a digit is from 0"),
        ({}, "train-images-idx3-ubyte.gz holds 12 images, of which the last 5000 are val"),
    ],
)
def test_files_that_do_not_belong_together_are_named(tmp_path: Path, other: dict[str, np.ndarray], says: str) -> None:
    write_mnist(tmp_path, 12, 4, **other)
    with pytest.raises(StageError, match=says):
        reader.read(tmp_path)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """MNIST of the mirror."""
    if "DATA_MIRROR" not in os.environ or "://" in os.environ["DATA_MIRROR"]:
        pytest.skip("DATA_MIRROR names no folder")
    folder = tmp_path_factory.mktemp("published")
    for file in ORIGIN.public:
        assert isinstance(file, PublicFile)
        content = (Path(os.environ["DATA_MIRROR"]) / file.published).read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (file.sha256, file.size)
        (folder / file.path).write_bytes(content)
    return reader.read(folder)


@pytest.mark.mirror
def test_mnist_keeps_every_rule_and_broken_images_do_not(published: Prepared) -> None:
    table, arrays = published.tables["mnist"], published.arrays["mnist"]
    assert [(table["split"] == split).sum() for split in SPLITS] == [55_000, 5_000, 10_000]
    assert table["label"].iloc[:5].to_list() == [*"50419"]  # as everybody's first pictures of MNIST show
    assert table["label"].iloc[60_000:60_005].to_list() == [*"72104"]
    assert outcomes(suites(published, source="public")) == {}

    codes = arrays["codes"].copy()
    codes[3], codes[69_999], codes[40] = 0, codes[11], codes[40] // 255
    rows = with_rows(table, {5: ("label", "3"), 6: ("target", 7.0), 7: ("mean", 1.0)})
    found = complaints(suites(published, {"mnist": rows}, {"mnist": {**arrays, "codes": codes}}, "public"))
    assert found["mnist", "dark_error"] == [3, 40]
    assert found["mnist", "repeated_error"] == [11, 69_999]
    assert found["mnist", "target_error"] == [5, 6]
    assert set(found["mnist", "mean_error"]) == {3, 7, 40, 69_999}
    assert found["classes", "count_error"]
