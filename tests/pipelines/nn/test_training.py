"""The optimiser loop: exact resume, and each of its parts against a computation of its own."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import OneCycleLR

from pipelines.nn import checkpoint
from pipelines.nn.training import Fit, TrainingParams, choose_device, fit, one_cycle
from pipelines.task import Row
from tests.pipelines.examples import RecordingLog

pytestmark = pytest.mark.usefixtures("one_thread")

PLAIN = TrainingParams(
    epochs=1,
    batch_size=1,
    learning_rate=0.1,
    weight_decay=0.0,
    clip_norm=1e9,
    label_smoothing=0.0,
    ema_decay=0.0,
)


def with_(**changes: Any) -> TrainingParams:
    return TrainingParams(**{**vars(PLAIN), **changes})


# --- a network with dropout, and with weights that lie in memory in another order, on random data


def network() -> nn.Module:
    layers = nn.Linear(4, 8), nn.Tanh(), nn.Dropout(0.5), nn.Unflatten(1, (2, 2, 2)), nn.Conv2d(2, 3, 2), nn.Flatten()
    return nn.Sequential(*layers, nn.Linear(3, 1)).to(memory_format=torch.channels_last)


def random_batches(epoch: int) -> list[Tensor]:
    rng = torch.Generator().manual_seed(epoch)
    return [torch.randn(3, 5, generator=rng) for _ in range(4)]


def squared_error(model: nn.Module, batch: Tensor) -> Tensor:
    assert model.training, "dropout and the like are at work"
    return error_of(model, batch)


def error_of(model: nn.Module, batch: Tensor) -> Tensor:
    error: Tensor = model(batch[:, :4])[:, 0] - batch[:, 4]
    return error.square().mean()


def held_out(model: nn.Module) -> Row:
    assert not model.training
    return {"score": -error_of(model, torch.ones(2, 5)).item()}


def train(
    folder: Path,
    *,
    seed: int = 0,
    interrupt: str = "",
    at: int = 0,
    log: RecordingLog | None = None,
    save_every: float = 0.0,
) -> Any:
    """A whole training, or one that is interrupted `at` a step of it; (model, Fit)."""
    calls = {"loss": 0, "validate": 0}

    def count(place: str) -> None:
        calls[place] += 1
        if interrupt == place and calls[place] == at:
            raise KeyboardInterrupt

    def loss(model: nn.Module, batch: Tensor) -> Tensor:
        count("loss")
        return squared_error(model, batch)

    def validate(model: nn.Module) -> Row:
        count("validate")
        return held_out(model)

    torch.manual_seed(seed)
    model = network().eval()  # fit itself turns to training and to judging
    result = fit(
        model,
        with_(epochs=5, learning_rate=0.05, weight_decay=0.1, clip_norm=0.5, ema_decay=0.7),
        batches=random_batches,
        loss=loss,
        validate=validate,
        monitor="score",
        log=log or RecordingLog(interrupted_at=at if interrupt == "log" else 0),
        resume_from=folder / "checkpoint.safetensors",
        save_every=save_every,
    )
    return model, result


def bits(model: nn.Module) -> list[bytes]:
    return [tensor.numpy().tobytes() for tensor in model.state_dict().values()]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> tuple[nn.Module, Fit, bytes]:
    folder = tmp_path_factory.mktemp("uninterrupted")
    model, result = train(folder)
    return model, result, (folder / "checkpoint.safetensors").read_bytes()


@pytest.mark.parametrize(
    ("place", "at"),
    [("log", 1), ("log", 3), ("log", 5), ("validate", 1), ("validate", 3), ("loss", 1), ("loss", 7), ("loss", 20)],
)
def test_an_interrupted_training_ends_with_the_same_bits(
    place: str, at: int, uninterrupted: tuple[nn.Module, Fit, bytes], tmp_path: Path
) -> None:
    """Dropout draws random numbers in each step; the second call begins with others, and with other weights."""
    model, result, file = uninterrupted
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, interrupt=place, at=at)
    begins_anew = not (tmp_path / "checkpoint.safetensors").exists()
    resumed, again = train(tmp_path, seed=0 if begins_anew else 99)
    assert begins_anew == ((place, at) in [("log", 1), ("validate", 1), ("loss", 1)])
    assert bits(resumed) == bits(model)
    assert again == result
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == file


def test_a_checkpoint_can_wait(uninterrupted: tuple[nn.Module, Fit, bytes], tmp_path: Path) -> None:
    """Only the first epoch is saved, so the second call resumes there: with the same bits."""
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, interrupt="log", at=4, save_every=1e9)
    log = RecordingLog()
    model, result = train(tmp_path, log=log)
    assert [row["epoch"] for row in log.rows] == [2, 3, 4, 5]
    assert (bits(model), result) == (bits(uninterrupted[0]), uninterrupted[1])


def test_the_other_optimiser_takes_nesterovs_steps(tmp_path: Path) -> None:
    """Sutskever et al. (2013), as torch has it: v = 0.9 v + g, and a step of rate * (g + 0.9 v)."""
    torch.manual_seed(0)
    model = nn.Linear(1, 1, bias=False)
    start, weights = model.weight.item(), []

    def validate(model: nn.Module) -> Row:
        (weight,) = model.parameters()
        weights.append(weight.item())
        return {"score": float(len(weights))}

    fit(
        model,
        with_(epochs=4, learning_rate=0.1, weight_decay=0.0, clip_norm=1e9, ema_decay=0.0, optimizer="sgd"),
        batches=lambda _: [torch.ones(1, 1)],
        loss=lambda model, batch: model(batch).square().sum(),
        validate=validate,
        monitor="score",
        log=RecordingLog(),
        resume_from=tmp_path / "checkpoint.safetensors",
    )
    velocity, expected = 0.0, []
    for epoch in range(4):
        gradient = 2 * start
        velocity = 0.9 * velocity + gradient
        start -= 0.1 * one_cycle(epoch / 4) * (gradient + 0.9 * velocity)
        expected.append(start)
    assert weights == pytest.approx(expected, rel=1e-5)


def test_interrupted_twice(uninterrupted: tuple[nn.Module, Fit, bytes], tmp_path: Path) -> None:
    for at in (2, 1):
        with pytest.raises(KeyboardInterrupt):
            train(tmp_path, interrupt="validate", at=at + 1)
    resumed, again = train(tmp_path, seed=7)
    assert bits(resumed) == bits(uninterrupted[0])
    assert again == uninterrupted[1]


def test_saved_epochs_are_not_logged_again_and_none_is_missing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, interrupt="log", at=2)
    log = RecordingLog()
    _, result = train(tmp_path, log=log)
    assert [row["epoch"] for row in log.rows] == [2, 3, 4, 5]  # the second was logged and not yet saved
    assert [row["epoch"] for row in result.history] == [1, 2, 3, 4, 5]
    assert log.rows == result.history[1:]


def test_the_same_seed_gives_the_same_bits_and_another_gives_others(tmp_path: Path) -> None:
    models = [train(tmp_path / name, seed=seed)[0] for name, seed in (("a", 3), ("b", 3), ("c", 4))]
    assert bits(models[0]) == bits(models[1])
    assert bits(models[0]) != bits(models[2])


# --- a bowl: loss = scale * |w|^2 / 2, whose gradient is scale * w


class Bowl(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.tensor([3.0, 4.0]))  # of norm 5


def descend(
    params: TrainingParams,
    folder: Path,
    scales: Sequence[float] = (1.0,),
    *,
    validate: Callable[[nn.Module], Row] = lambda _: {"score": 0.0},
    loss: Callable[[nn.Module, float], Tensor] | None = None,
    lower_is_better: bool = False,
) -> tuple[Bowl, Fit]:
    def steep(model: nn.Module, scale: float) -> Tensor:
        assert isinstance(model, Bowl)
        return scale * model.w.square().sum() / 2

    model = Bowl()
    result = fit(
        model,
        params,
        batches=lambda _: scales,
        loss=loss or steep,
        validate=validate,
        monitor="score",
        lower_is_better=lower_is_better,
        log=RecordingLog(),
        resume_from=folder / "checkpoint.safetensors",
    )
    return model, result


def weights(model: nn.Module) -> list[float]:
    assert isinstance(model, Bowl)
    values: list[float] = model.w.tolist()
    return values


def test_a_gradient_beyond_the_threshold_is_scaled_to_it(tmp_path: Path) -> None:
    model, _ = descend(with_(clip_norm=2.0), tmp_path)
    assert model.w.grad is not None
    assert model.w.grad.tolist() == pytest.approx([3 * 2 / 5, 4 * 2 / 5], rel=1e-5)


def test_a_gradient_below_the_threshold_is_left_alone(tmp_path: Path) -> None:
    model, _ = descend(with_(clip_norm=5.5), tmp_path)
    assert model.w.grad is not None
    assert model.w.grad.tolist() == [3, 4]


def test_an_epochs_figures(tmp_path: Path) -> None:
    """The weights stand still, so the four gradients have norms 5, 1, 15 and 2.5."""
    _, result = descend(with_(learning_rate=0.0, clip_norm=2.0), tmp_path, scales=[1.0, 0.2, 3.0, 0.5])
    (row,) = result.history
    assert row == pytest.approx(
        {
            "epoch": 1,
            "learning_rate": 0,
            "train_loss": 12.5 * (1 + 0.2 + 3 + 0.5) / 4,
            "grad_norm": (5 + 1 + 15 + 2.5) / 4,
            "grad_norm_max": 15,
            "grad_norm_clipped": (2 + 1 + 2 + 2) / 4,
            "clipped_share": 3 / 4,
            "score": 0,
        },
        rel=1e-5,
    )


def test_the_schedule_is_torchs_one_cycle() -> None:
    """torch's has discrete steps: 20 up and 80 down, from 1/25 of the peak to (next to) nothing."""
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))])
    theirs = OneCycleLR(
        optimizer, max_lr=1.0, total_steps=101, pct_start=21 / 101, div_factor=25, final_div_factor=1e15
    )
    for step in range(101):
        assert one_cycle(step / 100) == pytest.approx(theirs.get_last_lr()[0], abs=1e-12), step
        optimizer.step()
        if step < 100:
            theirs.step()


def test_the_schedule_starts_peaks_and_ends() -> None:
    assert one_cycle(0) == pytest.approx(0.04)
    assert one_cycle(0.1) == pytest.approx(0.52)
    assert one_cycle(0.2) == 1
    assert one_cycle(0.6) == pytest.approx(0.5)
    assert one_cycle(1) == pytest.approx(0, abs=1e-12)


def test_every_step_has_its_own_rate(tmp_path: Path) -> None:
    """Adam's first step is the rate times the gradient's sign: 0.04 of the peak; decay is in proportion to the rate."""
    first, result = descend(with_(weight_decay=0.5), tmp_path / "one")
    assert weights(first) == pytest.approx([w * (1 - 0.004 * 0.5) - 0.004 for w in (3, 4)], rel=1e-6)
    assert result.history[0]["learning_rate"] == pytest.approx(0.004)
    _, result = descend(with_(epochs=5), tmp_path / "many", scales=[1.0] * 4)
    last_steps = [(4 * epoch + 3) / 20 for epoch in range(5)]
    rates = [row["learning_rate"] for row in result.history]
    assert rates == pytest.approx([0.1 * one_cycle(progress) for progress in last_steps])


@pytest.mark.parametrize("decay", [0.0, 0.6, 0.99])
def test_a_model_is_judged_by_the_moving_average_of_its_weights(decay: float, tmp_path: Path) -> None:
    steps: list[list[float]] = []  # the weights before each step
    judged: list[list[float]] = []

    def loss(model: nn.Module, scale: float) -> Tensor:
        assert isinstance(model, Bowl)
        steps.append(weights(model))
        return scale * model.w.square().sum() / 2

    def validate(model: nn.Module) -> Row:
        judged.append(weights(model))
        return {"score": float(len(judged))}

    scales = [1.0, -1.0, 2.0]
    model, _ = descend(with_(epochs=3, ema_decay=decay), tmp_path, scales, loss=loss, validate=validate)
    last = checkpoint.load(tmp_path / "checkpoint.safetensors")["model"]["w"].tolist()
    after = [*steps[1:], last]
    average, expected = after[0], []
    for number, now in enumerate(after, start=1):
        average = [decay * a + (1 - decay) * w for a, w in zip(average, now, strict=True)]
        if number % len(scales) == 0:
            expected.append(average)
    for found, wanted in zip(judged, expected, strict=True):
        assert found == pytest.approx(wanted, rel=0 if decay == 0 else 1e-6)
    assert weights(model) == judged[-1]
    assert len({tuple(w) for w in after}) == len(after), "the weights have to move for this test to say anything"


@pytest.mark.parametrize("lower_is_better", [False, True])
@pytest.mark.parametrize(
    ("scores", "best"), [([1, 3, 2], 2), ([5, 5, 5], 1), ([-3, -2, -1], 3), ([0, math.nan, -1], 1)]
)
def test_the_best_epochs_weights_are_returned(
    scores: list[float], best: int, lower_is_better: bool, tmp_path: Path
) -> None:
    judged: list[list[float]] = []

    def validate(model: nn.Module) -> Row:
        judged.append(weights(model))
        return {"score": scores[len(judged) - 1] * (-1 if lower_is_better else 1)}

    model, result = descend(
        with_(epochs=3, ema_decay=0.5), tmp_path, validate=validate, lower_is_better=lower_is_better
    )
    assert result.best_epoch == best
    assert weights(model) == judged[best - 1]
    assert len({tuple(w) for w in judged}) == 3
    assert not model.training


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_no_number_names_its_epoch_and_is_never_saved(value: float, tmp_path: Path) -> None:
    seen = 0

    def loss(model: nn.Module, scale: float) -> Tensor:
        nonlocal seen
        assert isinstance(model, Bowl)
        seen += 1
        return model.w.square().sum() * (value if seen == 3 else 1.0)

    with pytest.raises(ValueError, match=r"the loss is (nan|inf) in epoch 2: training diverged; lower learning_rate"):
        descend(with_(epochs=3), tmp_path, scales=[1.0, 1.0], loss=loss)
    kept = checkpoint.load(tmp_path / "checkpoint.safetensors")
    assert len(kept["history"]) == 1
    assert kept["model"]["w"].isfinite().all()


def test_no_epochs_at_all(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="epochs is 0: at least 1 is needed"):
        descend(with_(epochs=0), tmp_path)


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    (tmp_path / "checkpoint.safetensors").write_bytes(b"half a file")
    with pytest.raises(ValueError, match=r"checkpoint\.safetensors is not a whole safetensors file"):
        descend(PLAIN, tmp_path)


def test_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("cpu") == choose_device("auto") == torch.device("cpu")
    with pytest.raises(ValueError, match="torch finds no GPU here"):
        choose_device("cuda")
    with pytest.raises(ValueError, match="device is 'gpu': choose from auto, cpu, cuda"):
        choose_device("gpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device("auto") == choose_device("cuda") == torch.device("cuda")
    assert choose_device("cpu") == torch.device("cpu")
