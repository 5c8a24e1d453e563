"""Every cell against torch.nn or against its paper's equations, and its two forms against each other.

Shapes: B batch, T time steps, I input_size, H hidden_size.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor, nn

from pipelines.nn.bptt import ACTIVATIONS, Activation, recurrence
from pipelines.nn.cells import (
    CELLS,
    GRU,
    IRNN,
    LSTM,
    LSTM1997,
    SCRN,
    Cell,
    Clockwork,
    State,
    build_cell,
    decayed_sum,
    run_gateless_fused,
)

Array = npt.NDArray[np.float64]

B, T, I, H = 2, 11, 3, 6  # noqa: E741 - the letters of the shape legend
LOGISTIC = "elman-logistic"  # Elman's cell with the units of its paper
FORMS = [*CELLS, LOGISTIC]
OPTIONS: dict[str, dict[str, Any]] = {
    "clockwork": {"periods": (1, 2, 5)},
    "scrn": {"context_size": 2, "decay": 0.8},
    LOGISTIC: {"activation": "sigmoid"},
}
EXACT = 1e-12  # absolute, in float64


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    yield
    torch.set_num_threads(threads)


def any_cell(name: str) -> Cell:
    """A float64 cell whose every parameter is random: a bias at its initial zero would hide a misplaced one."""
    cell = build_cell("elman" if name == LOGISTIC else name, I, H, **OPTIONS.get(name, {})).double()
    for parameter in cell.parameters():
        nn.init.normal_(parameter, std=0.5)
    return cell


def any_inputs(steps: int = T) -> Tensor:
    return torch.randn(B, steps, I, dtype=torch.float64)


def any_state(cell: Cell, time: int = 0) -> State:
    zeros = cell.initial_state(B)
    return State(torch.rand_like(zeros.h), torch.randn_like(zeros.memory), time)


def difference(a: Tensor, b: Tensor) -> float:
    assert a.shape == b.shape
    return (a - b).abs().max().item() if a.numel() else 0.0


def state_difference(a: State, b: State) -> float:
    assert a.time == b.time
    return max(difference(a.h, b.h), difference(a.memory, b.memory))


def gradients(cell: Cell, outputs: Tensor, state: State, wanted: list[Tensor]) -> tuple[Tensor, ...]:
    """Of a loss that looks at every output and at the whole final state, each with its own weight."""
    seen = torch.cat([part.flatten() for part in (outputs, state.h, state.memory)])
    weights = torch.linspace(-1, 1, len(seen), dtype=seen.dtype)
    return torch.autograd.grad((seen * weights).sum(), [*cell.parameters(), *wanted])


def arrays(cell: Cell) -> dict[str, Array]:
    return {name: parameter.detach().numpy() for name, parameter in cell.named_parameters()}


def sigmoid(z: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-z)))


# --- the two forms of every cell ---


@pytest.mark.parametrize("time", [0, 3])
@pytest.mark.parametrize("name", FORMS)
def test_sequence_form_is_the_step_by_step_definition(name: str, time: int) -> None:
    cell, inputs = any_cell(name), any_inputs().requires_grad_()
    start = any_state(cell, time)
    start.h.requires_grad_()
    slow_outputs, slow_state = cell.unroll(inputs, start)
    fast_outputs, fast_state = cell(inputs, start)
    assert difference(slow_outputs, fast_outputs) < EXACT
    assert state_difference(slow_state, fast_state) < EXACT
    slow = gradients(cell, slow_outputs, slow_state, [inputs, start.h])
    fast = gradients(cell, fast_outputs, fast_state, [inputs, start.h])
    for a, b in zip(slow, fast, strict=True):
        assert difference(a, b) < EXACT


def test_a_cell_needs_only_its_step() -> None:
    class Average(Cell):
        """h_t = (x_t + h_{t-1}) / 2."""

        def step(self, inputs: Tensor, state: State) -> State:
            return state._replace(h=(inputs + state.h) / 2)

    inputs, start = any_inputs(), State(torch.zeros(B, I, dtype=torch.float64), torch.zeros(B, 0))
    outputs, last = Average(I, I)(inputs, start)
    assert torch.equal(outputs[:, 1], inputs[:, 0] / 4 + inputs[:, 1] / 2)
    assert torch.equal(outputs[:, -1], last.h)


@pytest.mark.parametrize("name", FORMS)
def test_initial_state_is_the_default_and_zero(name: str) -> None:
    cell, inputs = any_cell(name), any_inputs()
    state = cell.initial_state(B)
    assert state.h.shape == (B, H)
    assert state.h.dtype == torch.float64
    assert not state.h.any()
    assert not state.memory.any()
    assert state.time == 0
    assert difference(cell(inputs)[0], cell(inputs, state)[0]) == 0
    assert difference(cell.unroll(inputs)[0], cell.unroll(inputs, state)[0]) == 0


@pytest.mark.parametrize("name", FORMS)
def test_outputs_are_what_the_state_shows(name: str) -> None:
    outputs, state = any_cell(name)(any_inputs())
    assert outputs.shape == (B, T, H)
    assert difference(outputs[:, -1], state.h) == 0


@pytest.mark.parametrize("cut", [1, 3, 8])
@pytest.mark.parametrize("name", FORMS)
def test_two_chunks_with_carried_state_are_one_sequence(name: str, cut: int) -> None:
    cell, inputs = any_cell(name), any_inputs()
    whole, end = cell(inputs)
    first, carried = cell(inputs[:, :cut])
    second, last = cell(inputs[:, cut:], carried)
    assert difference(whole, torch.cat([first, second], dim=1)) < EXACT
    assert state_difference(end, last) < EXACT


@pytest.mark.parametrize("name", FORMS)
def test_gradients_against_finite_differences(name: str) -> None:
    cell, inputs = any_cell(name), any_inputs(steps=4).requires_grad_()
    start = any_state(cell)

    def step(h: Tensor, memory: Tensor, x: Tensor, *_: Tensor) -> tuple[Tensor, Tensor]:
        state = cell.step(x[:, 0], State(h, memory))
        return state.h, state.memory

    def sequence(h: Tensor, memory: Tensor, x: Tensor, *_: Tensor) -> tuple[Tensor, Tensor]:
        outputs, state = cell(x, State(h, memory))
        return outputs, state.memory

    variables = (start.h.requires_grad_(), start.memory.requires_grad_(), inputs, *cell.parameters())
    assert torch.autograd.gradcheck(step, variables)
    assert torch.autograd.gradcheck(sequence, variables)


@pytest.mark.parametrize("name", CELLS)
def test_float32_forms_agree_over_a_long_sequence(name: str) -> None:
    cell = build_cell(name, I, 20)
    inputs = torch.randn(B, 300, I)
    outputs, _ = cell(inputs)
    assert outputs.dtype == torch.float32
    assert difference(outputs, cell.unroll(inputs)[0]) < 1e-4


# --- the forms for a GPU, which run anywhere ---


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gateless_kernels_are_what_bptt_computes(activation: Activation) -> None:
    shapes = [(B, T, I), (B, H), (H, I), (H, H), (H,)]
    given = [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in shapes]
    found = [run(*given, activation=activation) for run in (run_gateless_fused, recurrence)]
    assert difference(*found) < EXACT
    loss_weights = torch.randn_like(found[0])
    fused, own = (torch.autograd.grad((outputs * loss_weights).sum(), given) for outputs in found)
    for a, b in zip(fused, own, strict=True):
        assert difference(a, b) < EXACT


@pytest.mark.parametrize("time", [0, 3])
def test_clockworks_cascade_is_what_bptt_computes(time: int) -> None:
    cell = any_cell("clockwork")
    assert isinstance(cell, Clockwork)
    inputs, start = any_inputs().requires_grad_(), any_state(cell, time)
    start.h.requires_grad_()
    outputs, state = cell.cascade(inputs, start)
    own_outputs, own_state = cell(inputs, start)
    assert difference(outputs, own_outputs) < EXACT
    assert state_difference(state, own_state) < EXACT
    wanted = [inputs, start.h]
    for a, b in zip(
        gradients(cell, outputs, state, wanted), gradients(cell, own_outputs, own_state, wanted), strict=True
    ):
        assert difference(a, b) < EXACT


# --- against torch.nn ---


@pytest.mark.parametrize(("name", "oracle"), [("elman", nn.RNN), ("lstm", nn.LSTM), ("gru", nn.GRU)])
def test_same_as_torch_nn_with_its_weights(name: str, oracle: Any) -> None:
    theirs = oracle(I, H, batch_first=True).double()
    cell = build_cell(name, I, H).double()
    cell.load_state_dict({key.removesuffix("_l0"): value for key, value in theirs.state_dict().items()})
    inputs = any_inputs()
    expected, _ = theirs(inputs)
    loss_weights = torch.randn_like(expected)
    wanted = torch.autograd.grad((expected * loss_weights).sum(), list(theirs.parameters()))
    for outputs, _ in (cell(inputs), cell.unroll(inputs)):
        assert difference(outputs, expected) < EXACT
        found = torch.autograd.grad((outputs * loss_weights).sum(), list(cell.parameters()))
        assert [key for key, _ in cell.named_parameters()] == ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]
        assert all(difference(a, b) < EXACT for a, b in zip(found, wanted, strict=True))


def test_lstm_1997_is_torch_lstm_with_a_saturated_forget_gate() -> None:
    cell = any_cell("lstm-1997")
    theirs: Any = nn.LSTM(I, H, batch_first=True).double()
    gates = {"i": 0, "g": 1, "o": 2}  # the rows of lstm-1997; torch's are i, f, g, o
    with torch.no_grad():
        for key, parameter in cell.named_parameters():
            rows = getattr(theirs, f"{key}_l0")
            rows.zero_()
            for position, gate in enumerate("ifgo"):
                if gate != "f":
                    rows[position * H : (position + 1) * H] = parameter[gates[gate] * H : (gates[gate] + 1) * H]
        theirs.bias_ih_l0[H : 2 * H] = 1000.0
    inputs = any_inputs()
    assert difference(cell(inputs)[0], theirs(inputs)[0]) < EXACT


# --- against the papers' equations ---


def irnn_reference(cell: Cell, inputs: Array) -> Array:
    p, h, outputs = arrays(cell), np.zeros((B, H)), []
    for x in inputs.transpose(1, 0, 2):
        z = x @ p["weight_ih"].T + p["bias_ih"] + h @ p["weight_hh"].T + p["bias_hh"]
        h = np.where(z > 0, z, 0)
        outputs.append(h)
    return np.stack(outputs, axis=1)


def elman_logistic_reference(cell: Cell, inputs: Array) -> Array:
    p, h, outputs = arrays(cell), np.zeros((B, H)), []
    for x in inputs.transpose(1, 0, 2):
        h = sigmoid(x @ p["weight_ih"].T + p["bias_ih"] + h @ p["weight_hh"].T + p["bias_hh"])
        outputs.append(h)
    return np.stack(outputs, axis=1)


def lstm_1997_reference(cell: Cell, inputs: Array) -> Array:
    p, h, c, outputs = arrays(cell), np.zeros((B, H)), np.zeros((B, H)), []
    for x in inputs.transpose(1, 0, 2):
        net = x @ p["weight_ih"].T + p["bias_ih"] + h @ p["weight_hh"].T + p["bias_hh"]
        net_in, net_c, net_out = net[:, :H], net[:, H : 2 * H], net[:, 2 * H :]
        c = c + sigmoid(net_in) * np.tanh(net_c)
        h = sigmoid(net_out) * np.tanh(c)
        outputs.append(h)
    return np.stack(outputs, axis=1)


def clockwork_reference(cell: Cell, inputs: Array) -> Array:
    """The paper's one block-triangular matrix, whose rows count only where their module's clock ticks."""
    p, periods = arrays(cell), OPTIONS["clockwork"]["periods"]
    size = H // len(periods)
    matrix = np.zeros((H, H))
    for module in range(len(periods)):
        matrix[module * size : (module + 1) * size, module * size :] = p[f"weight_hh.{module}"]
    unit_periods = np.repeat(periods, size)
    h, outputs = np.zeros((B, H)), []
    for t, x in enumerate(inputs.transpose(1, 0, 2)):
        ticked = np.tanh(x @ p["weight_ih"].T + p["bias"] + h @ matrix.T)
        h = np.where(t % unit_periods == 0, ticked, h)
        outputs.append(h)
    return np.stack(outputs, axis=1)


def scrn_reference(cell: Cell, inputs: Array) -> Array:
    p, decay, context = arrays(cell), OPTIONS["scrn"]["decay"], OPTIONS["scrn"]["context_size"]
    k, s, outputs = np.zeros((B, H - context)), np.zeros((B, context)), []
    for x in inputs.transpose(1, 0, 2):
        s = (1 - decay) * x @ p["weight_is"].T + decay * s
        k = sigmoid(s @ p["weight_sh"].T + x @ p["weight_ih"].T + k @ p["weight_hh"].T + p["bias"])
        outputs.append(np.concatenate([k, s], axis=1))
    return np.stack(outputs, axis=1)


@pytest.mark.parametrize(
    "reference",
    [irnn_reference, elman_logistic_reference, lstm_1997_reference, clockwork_reference, scrn_reference],
)
def test_same_as_the_paper(reference: Any) -> None:
    name = reference.__name__.removesuffix("_reference").replace("_", "-")
    cell, inputs = any_cell(name), any_inputs()
    outputs, _ = cell(inputs)
    expected = reference(cell, inputs.numpy())
    assert np.abs(outputs.detach().numpy() - expected).max() < EXACT


# --- what each cell promises ---


@pytest.mark.parametrize("name", ["elman", "lstm", "lstm-1997", "gru"])
def test_recurrent_weights_start_orthogonal_gate_by_gate(name: str) -> None:
    cell = build_cell(name, I, H)
    assert isinstance(cell.weight_hh, nn.Parameter)
    for gate in torch.split(cell.weight_hh.detach(), H):
        assert difference(gate @ gate.T, torch.eye(H)) < 1e-5


def test_irnn_starts_as_scaled_identity_without_bias() -> None:
    cell = IRNN(I, H, scale=0.5)
    assert difference(cell.weight_hh, 0.5 * torch.eye(H)) == 0
    assert not cell.bias_ih.any()
    assert not cell.bias_hh.any()
    assert 0 < cell.weight_ih.abs().max() < 0.01


def test_fresh_irnn_copies_its_state_where_nothing_comes_in() -> None:
    cell = IRNN(I, H)
    start = State(torch.rand(B, H), torch.zeros(B, 0))
    _, end = cell(torch.zeros(B, 1000, I), start)
    assert difference(end.h, start.h) == 0


@pytest.mark.parametrize("forget_bias", [-2.0, 0.0, 1.0, 3.0])
def test_forget_bias_sets_the_gate(forget_bias: float) -> None:
    """With no input, no output and input gate times candidate at zero (tanh 0), one step multiplies c by the gate."""
    cell = LSTM(I, H, forget_bias=forget_bias).double()
    start = State(torch.zeros(B, H, dtype=torch.float64), torch.randn(B, H, dtype=torch.float64))
    silence = torch.zeros(B, 1, I, dtype=torch.float64)
    gate = 1 / (1 + np.exp(-forget_bias))
    assert difference(cell(silence, start)[1].memory, gate * start.memory) < EXACT
    assert difference(cell.step(silence[:, 0], start).memory, gate * start.memory) < EXACT
    others = (cell.bias_ih + cell.bias_hh).view(4, H)[[0, 2, 3]]
    assert not others.any()


def test_forget_bias_is_one_unless_said_otherwise() -> None:
    cell = LSTM(I, H)
    assert (cell.bias_ih + cell.bias_hh).view(4, H)[1].eq(1).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_lstm_1997_never_forgets(dtype: torch.dtype) -> None:
    """Fresh biases and no input leave the memory alone, to the last bit and for any number of steps."""
    cell = LSTM1997(I, H).to(dtype)
    nn.init.zeros_(cell.weight_hh)
    start = State(torch.zeros(B, H, dtype=dtype), torch.randn(B, H, dtype=dtype).requires_grad_())
    _, end = cell(torch.zeros(B, 1000, I, dtype=dtype), start)
    assert difference(end.memory, start.memory) == 0
    (gradient,) = torch.autograd.grad(end.memory.sum(), start.memory)
    assert gradient.eq(1).all()  # the constant error carousel


def test_lstm_1997_learns_three_gates_only() -> None:
    cell = LSTM1997(I, H)
    assert cell.weight_ih.shape == (3 * H, I)
    assert cell.weight_hh.shape == (3 * H, H)


def test_gru_update_gate_keeps_the_old_state() -> None:
    cell = GRU(I, H).double()
    with torch.no_grad():
        cell.bias_ih[H : 2 * H] = 100.0
    start = any_state(cell)
    assert difference(cell(any_inputs(), start)[1].h, start.h) < EXACT


def test_clockwork_modules_move_only_at_their_ticks() -> None:
    cell = Clockwork(I, 4, periods=(1, 3)).double()
    outputs, state = cell(any_inputs(8))
    moved = (outputs.diff(dim=1) != 0).all(dim=0)  # (T - 1, H)
    assert moved[:, :2].all()
    assert (moved[:, 2:].all(dim=1).nonzero().flatten() + 1).tolist() == [3, 6]
    assert (moved[:, 2:].any(dim=1).nonzero().flatten() + 1).tolist() == [3, 6]
    assert state.time == 8


def test_clockwork_slow_modules_do_not_hear_fast_ones() -> None:
    cell = Clockwork(I, 4, periods=(1, 2)).double()
    inputs, start = any_inputs(), any_state(cell)
    disturbed = start._replace(h=start.h + torch.tensor([1.0, 1.0, 0.0, 0.0], dtype=torch.float64))
    a, b = cell(inputs, start)[0], cell(inputs, disturbed)[0]
    assert difference(a[..., 2:], b[..., 2:]) == 0
    assert difference(a[..., :2], b[..., :2]) > 0


def test_scrn_context_is_safe_over_a_very_long_sequence() -> None:
    """Where decay^T is far below the smallest float, constant values still sum to value / (1 - decay)."""
    sums = decayed_sum(torch.ones(1, 5000, 1), torch.zeros(1, 1), decay=0.5)
    assert difference(sums[:, 100:], torch.full((1, 4900, 1), 2.0)) < 1e-6


@pytest.mark.parametrize("steps", [1, 63, 64, 65, 200])
def test_decayed_sum_is_the_recurrence(steps: int) -> None:
    values, s = torch.randn(B, steps, 2, dtype=torch.float64), torch.randn(B, 2, dtype=torch.float64)
    found, expected = decayed_sum(values, s, decay=0.95), []
    for value in values.unbind(1):
        s = value + 0.95 * s
        expected.append(s)
    assert difference(found, torch.stack(expected, dim=1)) < EXACT


def test_scrn_gives_a_quarter_to_context() -> None:
    cell = SCRN(I, 100)
    assert cell.weight_is.shape == (25, I)
    assert cell(torch.randn(B, T, I))[0].shape == (B, T, 100)


# --- mistakes ---


def test_unknown_cell_lists_the_choices() -> None:
    with pytest.raises(ValueError, match=r"'transformer'.*elman, irnn, lstm, lstm-1997, gru, clockwork, scrn"):
        build_cell("transformer", I, H)


def test_unknown_option_lists_the_cells_own() -> None:
    with pytest.raises(ValueError, match=r"'forget_bias'.*'irnn'.*scale, input_std"):
        build_cell("irnn", I, H, forget_bias=1.0)
    with pytest.raises(ValueError, match=r"'scale'.*'gru'.*none"):
        build_cell("gru", I, H, scale=1.0)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("elman", {"activation": "relu"}, "tanh or sigmoid, found 'relu'"),
        ("clockwork", {"periods": (1, 2, 4, 8)}, "6 units do not divide into 4 modules"),
        ("clockwork", {"periods": (4, 2, 1)}, r"rise from fast to slow, found \(4, 2, 1\)"),
        ("clockwork", {"periods": (1, 1, 2)}, "rise"),
        ("clockwork", {"periods": (0, 1)}, "positive"),
        ("clockwork", {"periods": ()}, "positive"),
        ("scrn", {"context_size": 6}, "between 0 and hidden_size 6, found 6"),
        ("scrn", {"decay": 1.0}, "below 1, found 1.0"),
    ],
)
def test_impossible_sizes_and_options(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build_cell(name, I, H, **options)
