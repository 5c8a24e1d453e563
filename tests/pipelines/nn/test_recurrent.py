"""The stack: against torch.nn's packed sequences, and padding that never changes a result."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from pipelines.nn.cells import CELLS
from pipelines.nn.recurrent import Recurrent, reversal, reversed_by

INPUTS, HIDDEN = 3, 10  # HIDDEN divides into Clockwork's five modules
EXACT = 1e-12  # absolute, in float64


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def stack(cell: str, *, num_layers: int = 2, bidirectional: bool = True, dropout: float = 0.0) -> Recurrent:
    torch.manual_seed(0)
    model = Recurrent(
        cell, INPUTS, HIDDEN, num_layers=num_layers, bidirectional=bidirectional, dropout=dropout
    ).double()
    for parameter in model.parameters():  # fresh biases are zero and would make padding harmless by luck
        nn.init.normal_(parameter, std=0.5)
    return model


def batch(steps: int, size: int) -> Tensor:
    return torch.randn(size, steps, INPUTS, dtype=torch.float64)


def reverse_within(inputs: Tensor, lengths: Tensor) -> Tensor:
    return reversed_by(inputs, reversal(lengths, inputs.shape[1]))


def test_reversal_turns_each_sequence_and_leaves_padding() -> None:
    inputs = torch.tensor([[1, 2, 3, 9], [4, 9, 9, 9], [5, 6, 7, 8], [9, 9, 9, 9]])
    lengths = torch.tensor([3, 1, 4, 0])
    expected = torch.tensor([[3, 2, 1, 9], [4, 9, 9, 9], [8, 7, 6, 5], [9, 9, 9, 9]])
    assert reverse_within(inputs, lengths).equal(expected)
    assert reverse_within(inputs.unsqueeze(-1), lengths).squeeze(-1).equal(expected)


@settings(max_examples=25)
@given(lengths=st.lists(st.integers(1, 7), min_size=1, max_size=4), spare=st.integers(0, 2))
def test_reversal_twice_is_nothing(lengths: list[int], spare: int) -> None:
    inputs = batch(max(lengths) + spare, len(lengths))
    once = reverse_within(inputs, torch.tensor(lengths))
    assert reverse_within(once, torch.tensor(lengths)).equal(inputs)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize(("cell", "oracle"), [("elman", nn.RNN), ("lstm", nn.LSTM), ("gru", nn.GRU)])
def test_same_as_torch_nn_on_packed_sequences(cell: str, oracle: Any, bidirectional: bool) -> None:
    model = stack(cell, bidirectional=bidirectional)
    theirs = oracle(INPUTS, HIDDEN, num_layers=2, bidirectional=bidirectional, batch_first=True).double()
    with torch.no_grad():
        for key, parameter in model.named_parameters():  # backward_cells.1.weight_hh -> weight_hh_l1_reverse
            direction, layer, name = key.split(".")
            suffix = "_reverse" if direction == "backward_cells" else ""
            getattr(theirs, f"{name}_l{layer}{suffix}").copy_(parameter)
    inputs, lengths = batch(6, 3), torch.tensor([4, 6, 1])
    packed, final = theirs(pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False))
    expected, _ = pad_packed_sequence(packed, batch_first=True)
    outputs = model(inputs, lengths)
    assert (outputs - expected).abs().max() < EXACT
    hidden = final[0] if isinstance(final, tuple) else final  # (layers * directions, B, H)
    last_layer = torch.cat(list(hidden[2 if bidirectional else 1 :]), dim=-1)
    assert (model.last_output(outputs, lengths) - last_layer).abs().max() < EXACT


@pytest.mark.parametrize("cell", CELLS)
@settings(max_examples=10)
@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=3),
    spare=st.integers(0, 2),
    scale=st.sampled_from([1.0, 1e3, float("nan")]),
)
def test_padding_never_changes_a_result(cell: str, lengths: list[int], spare: int, scale: float) -> None:
    """Each sequence alone, without padding, gives what it gives in a batch; outputs in the padding are zero."""
    model, inputs = stack(cell), batch(max(lengths) + spare, len(lengths))
    for row, length in enumerate(lengths):
        inputs[row, length:] *= scale
    outputs = model(inputs, torch.tensor(lengths))
    assert outputs.shape == (len(lengths), inputs.shape[1], model.output_size)
    last = model.last_output(outputs, torch.tensor(lengths))
    for row, length in enumerate(lengths):
        alone = model(inputs[row : row + 1, :length], torch.tensor([length]))
        assert (outputs[row, :length] - alone[0]).abs().max() < EXACT
        assert not outputs[row, length:].any()
        assert last[row].equal(torch.cat([outputs[row, length - 1, :HIDDEN], outputs[row, 0, HIDDEN:]]))


@pytest.mark.parametrize("cell", CELLS)
def test_padding_never_changes_a_gradient(cell: str) -> None:
    model, lengths = stack(cell), torch.tensor([2, 5])
    inputs = batch(7, 2)
    garbage = inputs.clone()
    garbage[0, 2:] = float("nan")
    garbage[1, 5:] = 1e6
    clean = torch.autograd.grad(model(inputs[:, :5], lengths).square().sum(), list(model.parameters()))
    dirty = torch.autograd.grad(model(garbage, lengths).square().sum(), list(model.parameters()))
    for a, b in zip(clean, dirty, strict=True):
        assert (a - b).abs().max() <= 1e-10 * (1 + a.abs().max())


@pytest.mark.parametrize("cell", CELLS)
def test_backward_direction_is_the_forward_one_on_reversed_sequences(cell: str) -> None:
    model = stack(cell, num_layers=1)
    swapped = stack(cell, num_layers=1)
    swapped.forward_cells.load_state_dict(model.backward_cells.state_dict())
    swapped.backward_cells.load_state_dict(model.forward_cells.state_dict())
    inputs, lengths = batch(6, 2), torch.tensor([6, 3])
    ahead, back = model(inputs, lengths).chunk(2, dim=-1)
    mirrored = reverse_within(swapped(reverse_within(inputs, lengths), lengths), lengths)
    assert (torch.cat([back, ahead], dim=-1) - mirrored).abs().max() < EXACT


def test_one_direction_never_looks_ahead() -> None:
    model, inputs = stack("gru", bidirectional=False), batch(5, 1)
    changed = inputs.clone()
    changed[:, 3:] += 1
    a, b = (model(x, torch.tensor([5])) for x in (inputs, changed))
    assert a.shape == (1, 5, HIDDEN)
    assert a[:, :3].equal(b[:, :3])
    assert not a[:, 3:].equal(b[:, 3:])


def test_dropout_acts_between_layers_and_in_training_only() -> None:
    inputs, lengths = batch(4, 2), torch.tensor([4, 2])
    deep, flat = stack("lstm", dropout=0.5), stack("lstm", num_layers=1, dropout=0.5)
    assert not deep(inputs, lengths).equal(deep(inputs, lengths))
    assert flat(inputs, lengths).equal(flat(inputs, lengths))
    deep.eval()
    assert deep(inputs, lengths).equal(deep(inputs, lengths))


def test_an_empty_sequence_gives_zeros() -> None:
    model, lengths = stack("lstm"), torch.tensor([0, 3])
    outputs = model(batch(3, 2), lengths)
    assert not outputs[0].any()
    assert not model.last_output(outputs, lengths)[0].any()


def test_mistakes_are_named() -> None:
    with pytest.raises(ValueError, match="'blstm': choose one of elman"):
        Recurrent("blstm", INPUTS, HIDDEN)
    with pytest.raises(ValueError, match=r"'forget_bais'.*forget_bias"):
        Recurrent("lstm", INPUTS, HIDDEN, forget_bais=1.0)
    with pytest.raises(ValueError, match="num_layers must be at least 1, found 0"):
        Recurrent("lstm", INPUTS, HIDDEN, num_layers=0)
