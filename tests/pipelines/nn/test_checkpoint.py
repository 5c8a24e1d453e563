"""Checkpoints: what goes in comes out, a damaged file is never believed, and a failed write harms nothing."""

import errno
import itertools
import math
import os
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from pipelines import files
from pipelines.nn import checkpoint


def same(a: Any, b: Any) -> bool:
    """Equal in structure, types and bits; NaN equals NaN."""
    if type(a) is not type(b):
        return False
    if isinstance(a, Tensor):
        alike = a.dtype == b.dtype and a.shape == b.shape
        return alike and a.contiguous().view(-1).view(torch.uint8).equal(b.contiguous().view(-1).view(torch.uint8))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b) or (isinstance(a, float) and math.isnan(a) and math.isnan(b))


def restored(state: dict[str, Any], folder: Path) -> dict[str, Any]:
    checkpoint.save(folder / "state.safetensors", state)
    return checkpoint.load(folder / "state.safetensors")


TENSORS = st.builds(
    lambda shape, dtype: torch.arange(math.prod(shape)).reshape(shape).to(dtype),
    st.lists(st.integers(0, 3), max_size=3),
    st.sampled_from([torch.float32, torch.float64, torch.bfloat16, torch.int64, torch.uint8, torch.bool]),
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | TENSORS
KEYS = st.sampled_from(["a", "b", "a.b", "", "0", "__tensor__", "__items__"]) | st.text(max_size=3)
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(KEYS, inner, max_size=3)
        | st.dictionaries(KEYS | st.integers(), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=80)
@given(state=st.dictionaries(KEYS, TREES, max_size=3))
def test_any_tree_comes_back_as_it_was(state: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp()
    assert same(restored(state, folder), state)


def test_two_paths_that_read_alike_stay_apart(tmp_path: Path) -> None:
    state = {"a": {"b": torch.tensor(1)}, "a.b": torch.tensor(2), "c": {0: torch.tensor(3), "0": torch.tensor(4)}}
    assert same(restored(state, tmp_path), state)


def test_tensors_of_one_storage_and_out_of_order(tmp_path: Path) -> None:
    grid = torch.arange(12.0).reshape(3, 4)
    state = {"grid": grid, "row": grid[1], "turned": grid.t(), "again": grid, "spread": torch.ones(1).expand(5)}
    assert same(restored(state, tmp_path), state)


def test_an_optimizer_goes_on_with_the_same_bits(tmp_path: Path) -> None:
    def step(model: nn.Linear, optimizer: torch.optim.Optimizer) -> None:
        optimizer.zero_grad()
        model(torch.tensor([[1.0, -2.0]])).square().sum().backward()
        optimizer.step()

    torch.manual_seed(0)
    model = nn.Linear(2, 3)
    optimizer = torch.optim.AdamW(model.parameters(), amsgrad=True)
    step(model, optimizer)
    state = restored({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, tmp_path)
    copied = nn.Linear(2, 3)
    resumed = torch.optim.AdamW(copied.parameters(), amsgrad=True)
    copied.load_state_dict(state["model"])
    resumed.load_state_dict(state["optimizer"])
    step(model, optimizer)
    step(copied, resumed)
    assert copied.weight.equal(model.weight)
    assert copied.bias.equal(model.bias)


STATE = {
    "weights": {"w": torch.arange(6.0).reshape(2, 3), "h": torch.ones(2, dtype=torch.bfloat16)},
    "none": torch.empty(2, 0),
    "optimizer": {"state": {0: {"step": torch.tensor(3)}}},
    "best": float("-inf"),
}


def test_the_same_state_is_the_same_bytes(tmp_path: Path) -> None:
    """safetensors writes entries of its header in random order: DVC would take each file for a new one."""
    for number in range(20):
        checkpoint.save(tmp_path / f"{number}", STATE)
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1


def test_a_file_cut_short_anywhere_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "state.safetensors"
    checkpoint.save(path, STATE)
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"state\.safetensors"):
            checkpoint.load(path)


@pytest.mark.slow
def test_a_changed_byte_anywhere_is_refused_or_means_nothing(tmp_path: Path) -> None:
    """Each byte in turn becomes others, among them those that turn a dtype or a size into another valid one."""
    path = tmp_path / "state.safetensors"
    checkpoint.save(path, STATE)
    whole = path.read_bytes()
    header = 8 + int.from_bytes(whole[:8], "little")
    refused = dict.fromkeys(["header", "tensors"], 0)
    for place, flip in itertools.product(range(len(whole)), (1, 15, 128)):
        damaged = bytearray(whole)
        damaged[place] ^= flip
        path.write_bytes(damaged)
        try:
            state = checkpoint.load(path)
        except ValueError as error:
            assert str(path) in str(error)  # noqa: PT017 (what else it may do is below)
            refused["header" if place < header else "tensors"] += 1
        else:
            assert same(state, STATE), f"byte {place} of {len(whole)}: {whole[place - 9 : place + 9]!r}"
            assert place < header
    assert refused["tensors"] == 3 * (len(whole) - header)
    assert refused["header"] > 2.5 * header


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a zip of pickles", b"{}", bytes(100)])
def test_another_kind_of_file_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"model\.pt is not a whole safetensors file"):
        checkpoint.load(path)


def test_a_safetensors_file_of_others_is_refused(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file({"w": torch.ones(2)}, tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match=r"model\.safetensors has changed since it was saved"):
        checkpoint.load(tmp_path / "model.safetensors")


def disk_fills_while_writing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A real limit of the system: the write stops after 4,000 bytes."""
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, hard))


def disk_is_full_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(_file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)


def interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(_file: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", fsync)


@pytest.mark.parametrize(
    ("accident", "error"),
    [(disk_fills_while_writing, OSError), (disk_is_full_at_the_end, OSError), (interrupted, KeyboardInterrupt)],
)
def test_a_failed_write_leaves_the_old_file_and_nothing_beside(
    accident: Callable[[pytest.MonkeyPatch], None],
    error: type[BaseException],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "state.safetensors"
    checkpoint.save(path, {"epoch": 1, "w": torch.zeros(5000)})
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        with monkeypatch.context() as patch:
            accident(patch)
            with pytest.raises(error):
                checkpoint.save(path, {"epoch": 2, "w": torch.ones(5000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert checkpoint.load(path)["epoch"] == 1
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_is_told_with_the_files_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk_is_full_at_the_end(monkeypatch)
    with pytest.raises(OSError, match="No space left on device") as caught:
        checkpoint.save(tmp_path / "state.safetensors", {})
    assert caught.value.errno == errno.ENOSPC
    assert str(tmp_path / "state.safetensors") in str(caught.value)


def test_who_reads_the_old_file_reads_it_to_its_end(tmp_path: Path) -> None:
    """The new file takes the old one's place; writing over it would show a reader half of each."""
    path = tmp_path / "state"
    files.write_atomically(path, b"old content")
    with path.open("rb") as reader:
        files.write_atomically(path, b"new")
        assert reader.read() == b"old content"
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_the_folder_is_made(tmp_path: Path) -> None:
    files.write_atomically(tmp_path / "a" / "b" / "file", b"content")
    assert (tmp_path / "a" / "b" / "file").read_bytes() == b"content"
