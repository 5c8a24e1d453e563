"""Optimiser and moving average beside torch's own classes: the same bits."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from pipelines.nn.moving_average import MovingAverage
from pipelines.nn.optimizers import AdamW

pytestmark = pytest.mark.usefixtures("one_thread")

ROOT = Path(__file__).resolve().parents[3]


def network() -> nn.Sequential:
    """With parameters in another memory format, and buffers."""
    torch.manual_seed(0)
    layers = nn.Conv2d(2, 3, 2), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(3, 2)
    return nn.Sequential(*layers).to(memory_format=torch.channels_last)


def gradients(model: nn.Module, step: int, skipped: str = "") -> None:
    """Random gradients; none for the parameters whose names begin with `skipped`."""
    generator = torch.Generator().manual_seed(step)
    for name, parameter in model.named_parameters():
        gradient = torch.randn(parameter.shape, generator=generator)
        parameter.grad = None if skipped and name.startswith(skipped) else torch.empty_like(parameter).copy_(gradient)


def same_bits(one: nn.Module, other: nn.Module) -> bool:
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def groups_of(model: nn.Sequential) -> list[dict[str, object]]:
    return [{"params": model[:2].parameters(), "scale": 0.5}, {"params": model[2:].parameters(), "scale": 1.0}]


def test_adamw_takes_torchs_steps_in_groups_and_where_gradients_come_late() -> None:
    ours, theirs = network(), network()
    optimizer = AdamW(groups_of(ours), weight_decay=0.1)
    expected = torch.optim.AdamW(groups_of(theirs), lr=0.0, weight_decay=0.1, fused=True)
    for step in range(6):
        for model, taken in ((ours, optimizer), (theirs, expected)):
            gradients(model, step, skipped="0." if step < 3 else "")
            for group in taken.param_groups:
                group["lr"] = 0.01 * group["scale"] * (step + 1)
            taken.step()
        assert same_bits(ours, theirs)
    optimizer.zero_grad()
    assert all(parameter.grad is None for parameter in ours.parameters())


def test_a_resumed_optimiser_goes_on_with_the_same_bits() -> None:
    whole, halves = network(), network()
    optimizers = [AdamW([{"params": model.parameters(), "lr": 0.1}], 0.01) for model in (whole, halves)]
    for step in range(4):
        for model, optimizer in zip((whole, halves), optimizers, strict=True):
            gradients(model, step, skipped="3." if step < 2 else "")
            optimizer.step()
        if step == 1:
            again = AdamW([{"params": halves.parameters(), "lr": 0.1}], 0.01)
            again.load_state_dict(optimizers[1].state_dict())
            optimizers[1] = again
    assert same_bits(whole, halves)


@pytest.mark.parametrize("decay", [0.0, 0.9])
def test_a_moving_average_is_torchs(decay: float) -> None:
    model = network()
    ours = MovingAverage(model, decay)
    theirs = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(decay))  # type: ignore[no-untyped-call]
    optimizer = AdamW([{"params": model.parameters(), "lr": 0.1}], 0.01)
    for step in range(4):
        model(torch.randn(4, 2, 2, 2, generator=torch.Generator().manual_seed(step)))  # moves the buffers
        gradients(model, step)
        optimizer.step()
        ours.update()
        theirs.update_parameters(model)
        if step == 1:
            again = MovingAverage(model, decay)
            again.load_state_dict(ours.state_dict())
            ours = again
    averaged = ours.evaluated()
    assert not averaged.training
    assert same_bits(averaged, theirs.module)


def test_training_does_not_import_the_compiler() -> None:
    """Its import takes longer than a small run."""
    code = """
import sys, torch
from pipelines.nn.training import TrainingParams, fit
from pipelines.task import NullLog
params = TrainingParams(epochs=1, batch_size=1, learning_rate=0.1, weight_decay=0.0, clip_norm=1.0,
                        label_smoothing=0.0, ema_decay=0.9)
fit(torch.nn.Linear(1, 1), params, batches=lambda _: [torch.ones(1)] * 2, loss=lambda model, x: model(x).sum(),
    validate=lambda model: {"score": 1.0}, monitor="score", log=NullLog(), resume_from=None)
print("torch._dynamo" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
