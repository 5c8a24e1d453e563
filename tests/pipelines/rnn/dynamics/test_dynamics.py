"""Oracles of the dynamics: closed forms, finite differences, gradients by hand, torch's own clipping."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from pipelines.nn.cells import CELLS, TorchCell
from pipelines.rnn.dynamics import claims, clipping, linear, surface
from pipelines.rnn.dynamics.clipping import Rule
from pipelines.rnn.dynamics.model import NetworkParams, build_network, cell_of, gradient_reach
from pipelines.rnn.reader import sequence_loss
from pipelines.rnn.sequences import Batch, Problem

pytestmark = pytest.mark.usefixtures("one_thread")

PIXELS = Problem("any", "pixels", ("a", "b", "c"), 7)


def batch(rows: int, steps: int = 7) -> Batch:
    torch.manual_seed(1)
    return Batch(torch.rand(rows, steps, 1), torch.full((rows,), steps), torch.arange(rows) % 3)


def test_the_lectures_powers_of_a_weight() -> None:
    found = linear.sweep((0.01, 0.99, 1.0, 1.01))
    assert found["output"].to_list() == pytest.approx([0.0, 4.36e-5, 1.0, 20751.6], rel=2e-3)
    assert found["output"][0] == 0.0, "0.01^999 is below the least float64"
    assert found["gradient"][2] == 999
    np.testing.assert_allclose(found["output"], found["output_closed_form"], rtol=1e-10)
    np.testing.assert_allclose(found["gradient"], found["gradient_closed_form"], rtol=1e-10)


@given(st.floats(0.5, 1.5), st.integers(2, 40))
def test_the_linear_neurons_gradient_is_the_slope_of_its_output(weight: float, steps: int) -> None:
    found = linear.sweep((weight,), steps).iloc[0]
    assert found["output"] == pytest.approx(weight ** (steps - 1), rel=1e-10)
    step = 1e-6 * weight
    slope = ((weight + step) ** (steps - 1) - (weight - step) ** (steps - 1)) / (2 * step)
    assert found["gradient"] == pytest.approx(slope, rel=1e-4)


def test_the_surface_has_plains_and_a_cliff() -> None:
    found = surface.surface(41)
    w1, w2 = (torch.tensor(value[20]) for value in (found.w1, found.w2))
    output = surface.FIRST
    for _ in range(surface.STEPS):
        output = float(w1) / (1 + math.exp(-output)) + float(w2)
    expected = (1 / (1 + math.exp(-output)) - surface.TARGET) ** 2
    assert found.losses[20, 20] == pytest.approx(expected, rel=1e-9)
    step = 1e-5
    slopes = [
        (surface.total_loss(w1 + a, w2 + b) - surface.total_loss(w1 - a, w2 - b)) / (2 * step)
        for a, b in ((step, 0.0), (0.0, step))
    ]
    assert found.gradients[20, 20] == pytest.approx(math.hypot(*slopes), rel=1e-4)
    assert found.gradients.max() > 50 * np.median(found.gradients), "steep in one place, flat nearly everywhere"


def test_without_clipping_a_descent_flies_off_and_with_it_arrives() -> None:
    free, clipped = surface.descend(None), surface.descend(1.0)
    assert tuple(free[0, :2]) == tuple(clipped[0, :2]) == surface.START

    def leaves(path: np.ndarray) -> bool:
        return any(
            bool(((path[:, axis] < low) | (path[:, axis] > high)).any())
            for axis, (low, high) in enumerate((surface.W1, surface.W2))
        )

    assert leaves(free)
    assert not leaves(clipped)
    steps = np.linalg.norm(np.diff(clipped[:, :2], axis=0), axis=1)
    assert steps.max() <= surface.RATE * (1 + 1e-9), "a clipped step is never longer than the rate"
    assert clipped[-1, 2] < 0.01 < free[-1, 2]


@pytest.mark.parametrize("rule", [Rule("none"), Rule("norm", 1.5), Rule("value", 0.7), Rule("norm", 1e6)])
def test_clipping_is_torchs_own_for_each_network(rule: Rule) -> None:
    torch.manual_seed(0)
    gradients = [torch.randn(3, 2, 4), torch.randn(3, 5)]
    found = clipping.clip([gradient.clone() for gradient in gradients], rule)
    for network in range(3):
        parameters = [nn.Parameter(torch.zeros_like(gradient[network])) for gradient in gradients]
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient[network].clone()
        if rule.by == "norm":
            nn.utils.clip_grad_norm_(parameters, rule.threshold)
        elif rule.by == "value":
            nn.utils.clip_grad_value_(parameters, rule.threshold)
        for parameter, clipped in zip(parameters, found, strict=True):
            assert parameter.grad is not None
            assert (parameter.grad - clipped[network]).abs().max() < 1e-5


def test_networks_side_by_side_are_each_trained_as_if_alone() -> None:
    batches = [batch(6)] * 3
    rules = [Rule("none"), Rule("norm", 0.05)]
    both = clipping.train_side_by_side(batches, 3, rules, seeds=2, rate=0.05, seed=3)
    one = clipping.train_side_by_side(batches, 3, rules[1:], seeds=2, rate=0.05, seed=3)
    chosen = both[both["rule"] == "norm 0.05"].reset_index(drop=True)
    np.testing.assert_allclose(chosen[["loss", "norm"]], one[["loss", "norm"]], rtol=1e-4)
    assert (chosen["norm_clipped"] <= 0.05 + 1e-6).all()
    first = both[both["step"] == 0].set_index(["rule", "seed"])["loss"]
    assert first["none"].tolist() == first["norm 0.05"].tolist(), "the same seeds under every rule"


def test_who_flew_off_is_counted_by_rule() -> None:
    losses = {("a", 0): [2.0, 1.0], ("a", 1): [2.0, math.nan], ("a", 2): [500.0, 1.0], ("b", 0): [2.0, 3.0]}
    rows = [(rule, seed, step, loss) for (rule, seed), run in losses.items() for step, loss in enumerate(run)]
    table = clipping.diverged(pd.DataFrame(rows, columns=["rule", "seed", "step", "loss"]), classes=10)
    assert table["networks"].to_dict() == {"a": 3, "b": 1}
    assert table["diverged_percent"].to_dict() == pytest.approx({"a": 200 / 3, "b": 0})
    assert table.loc["b", "median_last_loss"] == pytest.approx(2.5)


@pytest.mark.parametrize("cell", CELLS)
def test_reach_is_the_slope_of_the_loss_in_the_state(cell: str) -> None:
    """Against finite differences: the state after a step is moved, and the rest of the sequence read from there."""
    torch.manual_seed(0)
    network = build_network(NetworkParams(cell), 5, PIXELS).double()
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.6)
    found, read = gradient_reach(network, _double(batch(1))), _double(batch(1))
    own = cell_of(network)

    def loss_from(step: int, moved: Tensor, memory: Tensor) -> float:
        """The loss when the state after `step` steps is moved by that."""
        state = own.initial_state(1)
        for index, inputs in enumerate(read.inputs.unbind(1)):
            state = own.step(inputs, state)
            if index + 1 == step:
                state = state._replace(h=state.h + moved, memory=state.memory + memory)
        return sequence_loss(network.answer(state.h), read).item()

    size = 1e-6
    with torch.no_grad():
        for step in (1, 4, 7):
            slopes = []
            for part in range(2 if own.has_memory else 1):
                for unit in torch.eye(5, dtype=torch.float64):
                    moves = [size * unit[None], torch.zeros(1, 5 if own.has_memory else 0, dtype=torch.float64)]
                    moves = moves if part == 0 else [torch.zeros(1, 5, dtype=torch.float64), size * unit[None]]
                    slopes.append((loss_from(step, *moves) - loss_from(step, *[-move for move in moves])) / (2 * size))
            assert found[step - 1].item() == pytest.approx(float(np.linalg.norm(slopes)), rel=1e-5, abs=1e-9)


def _double(found: Batch) -> Batch:
    return Batch(found.inputs.double(), found.lengths, found.targets)


def test_the_start_of_recurrent_weights() -> None:
    cell = cell_of(build_network(NetworkParams("elman", init="identity"), 6, PIXELS))
    assert isinstance(cell, TorchCell)
    assert torch.equal(cell.weight_hh, torch.eye(6))
    torch.manual_seed(0)
    cell = cell_of(build_network(NetworkParams("irnn", init="random"), 60, PIXELS))
    assert isinstance(cell, TorchCell)
    assert cell.weight_hh.std().item() == pytest.approx(60**-0.5, rel=0.1)
    with pytest.raises(ValueError, match="init 'random' is for elman and irnn"):
        build_network(NetworkParams("lstm", init="random"), 6, PIXELS)


def test_a_gru_has_three_quarters_of_an_lstms_recurrent_parameters() -> None:
    sizes = {}
    for cell in ("lstm", "gru"):
        network = build_network(NetworkParams(cell), 8, PIXELS)
        assert network.recurrent is not None
        sizes[cell] = sum(p.numel() for p in network.recurrent.parameters())
    assert sizes["gru"] * 4 == sizes["lstm"] * 3


def test_a_difference_with_its_interval_is_scipys() -> None:
    from scipy import stats

    first, second = [3.1, 4.0, 2.7, 3.9], [1.0, 2.2, 1.9]
    expected = stats.ttest_ind(first, second, equal_var=False).confidence_interval(0.95)
    found = claims.difference(first, second)
    assert (found["low"], found["high"]) == pytest.approx((expected.low, expected.high))
    assert found["difference"] == pytest.approx(np.mean(first) - np.mean(second))
    assert math.isnan(claims.difference([1.0], [2.0, 3.0])["low"]), "one value has no deviation"
