"""Moments against exact fractions, and the same bits whatever the chunks, the workers and the order of their parts."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pipelines.gaussian import streaming
from pipelines.gaussian.device import of_tensor
from pipelines.gaussian.streaming import Stream
from pipelines.stats import moments
from pipelines.stats.moments import Array, Moments

FAST = settings(max_examples=25)
FLOATS = st.floats(-1e6, 1e6, allow_nan=False, width=64)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of 64 rows, so that a thousand rows make a tree."""
    monkeypatch.setattr(streaming, "BLOCK", 64)


def exact(values: Array) -> tuple[Fraction, list[Fraction]]:
    """Mean, and sums of the 2nd to 4th powers of deviations from it, without rounding."""
    numbers = [Fraction(float(value)) for value in values]
    mean = sum(numbers, Fraction()) / len(numbers)
    return mean, [sum(((number - mean) ** power for number in numbers), Fraction()) for power in (2, 3, 4)]


def same_bits(one: Moments, other: Moments) -> bool:
    pairs = [(getattr(one, name), getattr(other, name)) for name in ("count", "mean", "rest", "powers", "products")]
    return all((a is None and b is None) or a.tobytes() == b.tobytes() for a, b in pairs)


def draws(count: int, features: int = 1, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(3.0, 2.0, (count, features))


# -- what they are


@pytest.mark.parametrize("count", [1, 63, 64, 1000])
def test_a_tensors_moments_are_those_of_its_numbers(count: int) -> None:
    rows = draws(count, 2) + np.array([0.0, 1e8])
    found, expected = of_tensor(torch.from_numpy(rows)).moments(), moments.of(rows)
    np.testing.assert_allclose(found.mean, expected.mean, rtol=1e-15)
    np.testing.assert_allclose(found.powers, expected.powers, rtol=1e-9)
    stream = of_tensor(torch.from_numpy(rows))
    stream.merge(Stream(2, first=count))
    assert stream.moments().count == count


def test_single_precision_with_a_large_mean() -> None:
    rows = torch.from_numpy(draws(1000) + 1e6).float()
    np.testing.assert_allclose(of_tensor(rows).moments().variance(), rows.double().var(dim=0, correction=0), rtol=1e-9)


def test_a_tensor_that_is_not_finite() -> None:
    rows = torch.zeros(200)
    rows[70] = torch.nan
    with pytest.raises(ValueError, match="rows 64 to 127 hold a number that is not finite"):
        of_tensor(rows)


def test_whole_blocks_follow_whole_blocks() -> None:
    stream = Stream()
    stream.add(draws(10))
    with pytest.raises(ValueError, match="row 10 begins no block: blocks have 64 rows"):
        stream.add_blocks(moments.of_blocks(draws(128).reshape(2, 64, 1)))


@FAST
@given(st.lists(FLOATS, min_size=1, max_size=30))
def test_moments_are_those_of_exact_fractions(values: list[float]) -> None:
    array = np.array(values)
    found = moments.of(array[:, None], highest=4)
    mean, powers = exact(array)
    assert abs(Fraction(float(found.mean[0])) + Fraction(float(found.rest[0])) - mean) <= 1e-15 * np.ptp(array)
    for power, expected, size in zip(found.powers[:, 0], powers, (2, 3, 4), strict=True):
        assert float(power) == pytest.approx(float(expected), rel=1e-11, abs=1e-13 * len(array) * np.ptp(array) ** size)


@pytest.mark.parametrize(("centre", "kind"), [(1e8, np.float64), (1e15, np.float64), (1e8, np.float32)])
def test_nothing_is_lost_where_the_mean_is_large(centre: float, kind: Any) -> None:
    """float32 has steps of 8 at 1e8: the variance is that of the values as they are stored."""
    values = np.random.default_rng(1).normal(centre, 20 if kind == np.float32 else 1, 3000).astype(kind)
    found = streaming.of_rows(values)
    mean, (squares, *_) = exact(values)
    assert abs(Fraction(float(found.mean[0])) + Fraction(float(found.rest[0])) - mean) < 1e-12
    assert float(found.variance()[0]) == pytest.approx(float(squares / len(values)), rel=1e-12)


@pytest.mark.parametrize("value", [0.1, 1e8 + 0.1, -1 / 3])
def test_equal_values_have_no_variance_at_all(value: float) -> None:
    """Not even one of rounding, on which a constant feature would pass for one that varies."""
    found = streaming.of_rows(np.full((1000, 2), value), highest=4, products=True)
    assert found.mean.tolist() == [value, value]
    assert not found.powers.any()
    assert not found.covariance().any()
    assert np.isnan(found.skewness()).all()


def test_a_start_unlike_the_rest_costs_few_digits() -> None:
    """The first 64th of each block, near which deviations are taken from, as far from the mean as can be."""
    values = np.random.default_rng(2).normal(0, 1e-3, 64 * 50)
    values[::64] += 1e8
    mean, (squares, *_) = exact(values)
    found = streaming.of_rows(values)
    assert float(found.powers[0, 0]) == pytest.approx(float(squares), rel=1e-13)
    assert float(found.mean[0]) == pytest.approx(float(mean), rel=1e-14)


def test_covariance_and_shape_are_those_of_numpy_and_scipy() -> None:
    rows = draws(700, 3) ** 2
    found = streaming.of_rows(rows, highest=4, products=True)
    assert found.covariance(unbiased=True) == pytest.approx(np.cov(rows.T), rel=1e-12)
    assert found.covariance() == pytest.approx(np.cov(rows.T, bias=True), rel=1e-12)
    assert found.variance(unbiased=True) == pytest.approx(rows.var(axis=0, ddof=1), rel=1e-12)
    assert found.skewness() == pytest.approx(stats.skew(rows), rel=1e-12)
    assert found.excess_kurtosis() == pytest.approx(stats.kurtosis(rows), rel=1e-12)


def test_weights_are_repetitions() -> None:
    rows, weights = draws(50, 2), np.arange(50) % 4 + 1
    weighted = moments.of(rows, highest=4, products=True, weights=weights.astype(float))
    repeated = moments.of(np.repeat(rows, weights, axis=0), highest=4, products=True)
    assert weighted.count == repeated.count
    for name in ("mean", "powers", "products"):
        assert getattr(weighted, name) == pytest.approx(getattr(repeated, name), rel=1e-12)


def test_moments_that_were_not_taken_are_asked_for() -> None:
    found = moments.of(draws(5))
    with pytest.raises(ValueError, match="ask for products=True"):
        found.covariance()
    with pytest.raises(ValueError, match="ask for highest=4"):
        found.skewness()
    with pytest.raises(ValueError, match="at least two rows"):
        moments.of(draws(1)).variance(unbiased=True)


# -- merging


@FAST
@given(st.lists(st.lists(FLOATS, min_size=1, max_size=8), min_size=2, max_size=6), st.randoms(use_true_random=False))
def test_parts_merged_in_any_order_are_the_whole(parts: list[list[float]], random: Any) -> None:
    """Chan's merge, of neighbours or not, up to rounding."""
    whole = moments.of(np.concatenate(parts)[:, None], highest=4, products=True)
    waiting = [moments.of(np.array(part)[:, None], highest=4, products=True) for part in parts]
    while len(waiting) > 1:
        random.shuffle(waiting)
        waiting.append(moments.merge(waiting.pop(), waiting.pop()))
    spread = np.ptp(np.concatenate(parts))
    assert waiting[0].count == whole.count
    assert waiting[0].mean == pytest.approx(whole.mean, rel=1e-12, abs=1e-12 * spread + 1e-300)
    for power, found, expected in zip((2, 3, 4), waiting[0].powers[:, 0], whole.powers[:, 0], strict=True):
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-11 * whole.count * spread**power)
    assert waiting[0].products == pytest.approx(whole.powers[:1], rel=1e-9, abs=1e-11 * whole.count * spread**2)


# -- the same bits


@FAST
@given(st.lists(st.integers(0, 300), min_size=1, max_size=20), st.integers(1, 3))
def test_chunks_of_any_size_give_the_same_bits(sizes: list[int], features: int) -> None:
    rows = draws(1000, features)
    cuts = np.minimum(np.cumsum(sizes), len(rows))
    found = streaming.of_chunks(np.split(rows, cuts), features, highest=4, products=True)
    assert same_bits(found, streaming.of_rows(rows, highest=4, products=True))


@FAST
@given(st.sets(st.integers(1, 999), max_size=8), st.randoms(use_true_random=False))
def test_workers_with_any_parts_give_the_same_bits_in_any_order(cuts: set[int], random: Any) -> None:
    rows = draws(1000, 2)
    streams = []
    for first, end in zip([0, *sorted(cuts)], [*sorted(cuts), 1000], strict=True):
        stream = Stream(2, first=first, products=True)
        stream.add(rows[first:end])
        streams.append(stream)
    random.shuffle(streams)
    while len(streams) > 1:
        one, other = streams.pop(), streams.pop(random.randrange(len(streams)))
        one.merge(other)
        streams.append(one)
    assert same_bits(streams[0].moments(), streaming.of_rows(rows, products=True))


@pytest.mark.parametrize("workers", [1, 2, 3, 7, 50])
def test_threads_give_the_same_bits(workers: int) -> None:
    rows = draws(1000, 2)
    assert same_bits(streaming.of_rows(rows, workers=workers), streaming.of_rows(rows))


def test_looking_on_the_way_changes_nothing() -> None:
    rows, stream = draws(300), Stream()
    for row in rows:
        stream.add(row)
        stream.moments()
    assert same_bits(stream.moments(), streaming.of_rows(rows))


def test_what_is_kept_does_not_grow_with_the_rows() -> None:
    """One node for each level of the tree, and less than a block of rows."""
    stream = Stream()
    for _ in range(300):
        stream.add(np.arange(100.0))
    assert len(stream._nodes) <= (300 * 100 // 64).bit_length()
    assert sum(map(len, stream._open)) < 64
    assert not stream._loose


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """A thousand rows in files of uneven length, with row groups of their own."""
    frame = pd.DataFrame(draws(1000, 3), columns=["a", "b", "c"])
    paths = [tmp_path / f"{index}.parquet" for index in range(4)]
    for path, (first, end) in zip(paths, ((0, 10), (10, 400), (400, 401), (401, 1000)), strict=True):
        frame[first:end].to_parquet(path, row_group_size=90)
    return paths


def test_files_are_read_as_one(files: list[Path]) -> None:
    expected = streaming.of_rows(draws(1000, 3)[:, [2, 0]], products=True)
    assert same_bits(streaming.of_files(files, ["c", "a"], products=True), expected)


def test_an_arrow_stream_is_read_batch_by_batch(files: list[Path]) -> None:
    import pyarrow.dataset as ds

    batches = ds.dataset(files).to_batches(columns=["a", "b"], batch_size=70)
    found = streaming.of_chunks(batches, features=2, highest=4)
    assert same_bits(found, streaming.of_rows(draws(1000, 3)[:, :2], highest=4))


def test_files_read_by_two_processes(files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "BLOCK", 2**16)  # as the processes have it
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        found = streaming.of_files(files, ["a"], highest=4, by=pool.map)
    assert same_bits(found, streaming.of_rows(draws(1000, 3)[:, 0], highest=4))


def test_files_read_by_a_dask_cluster(files: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    distributed = pytest.importorskip("distributed", reason="dask's distributed is not installed")
    monkeypatch.setattr(streaming, "BLOCK", 2**16)
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        found = streaming.of_files(files, ["a", "b"], products=True, by=client.get_executor().map)
    assert same_bits(found, streaming.of_rows(draws(1000, 3)[:, :2], products=True))


@pytest.mark.parametrize("features", [1, 3])
def test_the_bits_do_not_depend_on_the_threads_of_blas(features: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In whole blocks of the real size, for which it would use several."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    monkeypatch.setattr(streaming, "BLOCK", 2**16)
    rows = draws(150_000, features)
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads, "blas"):
            found.append(streaming.of_rows(rows))
    assert same_bits(*found)
    assert found[0].variance() == pytest.approx(rows.var(axis=0), rel=1e-12)


# -- bad input


def test_a_value_that_is_not_finite_is_named_with_its_row() -> None:
    rows = draws(1000, 2)
    rows[777, 1] = np.nan
    with pytest.raises(ValueError, match="row 777, column 1 of rows is nan: expected a finite number"):
        streaming.of_rows(rows)
    rows[777, 1], rows[40, 0] = 0.0, -np.inf
    with pytest.raises(ValueError, match="row 40, column 0 of rows is -inf"):
        streaming.of_chunks(np.split(rows, 7 * [100]), 2)


def test_numbers_whose_powers_overflow_are_refused() -> None:
    with pytest.raises(ValueError, match="rows from 0 on hold numbers too large for their powers"):
        streaming.of_rows(np.array([1e200, -1e200]))


@pytest.mark.parametrize(
    ("chunks", "message"),
    [
        ([], "no rows: there are no moments"),
        ([[1.0, "many"]], "row 1 of rows is 'many': expected a number"),
        ([[1.0, None]], "row 1 of rows is None: expected a number"),
        ([np.array(["1", "2"])], "row 0 of rows is '1': expected a number"),
        ([np.zeros((2, 3))], "rows have 3 features: this stream is of 1"),
    ],
)
def test_bad_chunks(chunks: list[Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        streaming.of_chunks(chunks)


def test_rows_added_twice_are_found() -> None:
    rows = draws(640)
    for first, end in ((0, 128), (64, 128), (100, 110), (130, 140), (0, 640)):
        whole, again = Stream(), Stream(first=first)
        whole.add(rows[:200])
        again.add(rows[first:end])
        with pytest.raises(ValueError, match="was added twice"):
            whole.merge(again) or whole.moments()  # type: ignore[func-returns-value]


def test_settings_and_files_are_checked(files: list[Path], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="powers up to 2 or 4"):
        Stream(highest=3)
    with pytest.raises(ValueError, match=r"0.parquet has no column 'x': it has a, b, c"):
        streaming.of_files(files, ["x"])
    with pytest.raises(ValueError, match="no files"):
        streaming.of_files([], ["a"])
