"""The one optimiser loop: a one-cycle schedule, clipped gradients, averaged weights, exact resume."""

import copy
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, Self, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from params import parse
from pipelines.nn import checkpoint
from pipelines.nn.moving_average import MovingAverage
from pipelines.nn.optimizers import AdamW, Optimizer, sgd
from pipelines.nn.results import write_figures
from pipelines.settings import Run
from pipelines.task import Log, Row

CHECKPOINT = "checkpoint.safetensors"  # in a run's folder, until the run is finished

# The schedule is torch's OneCycleLR with its `div_factor` of 25 and a `pct_start` of 0.2 (0.3 is torch's own).
WARM_UP = 0.2  # share of the steps in which the learning rate rises to its peak
START = 1 / 25  # the rate starts at this share of its peak and ends near zero


@dataclass(frozen=True)
class FitParams:
    """How `fit` trains a model, whatever the family."""

    epochs: int
    learning_rate: float = 0.01  # the peak of the one-cycle schedule
    weight_decay: float = 0.01
    clip_norm: float = 5.0  # gradients of a larger norm are scaled down to it
    ema_decay: float = 0.99  # of the weights' moving average, which is validated and kept; 0: the weights themselves
    optimizer: Literal["adamw", "sgd"] = "adamw"  # sgd: with Nesterov's momentum of 0.9


@dataclass(frozen=True)
class TrainingParams(FitParams):
    """The same, and what the batches and losses of most tasks read."""

    batch_size: int = 32
    label_smoothing: float = 0.0


class OnDevice(Protocol):
    """A batch that can be moved to a device."""

    def to(self, device: torch.device, /) -> Self: ...


Params = TypeVar("Params")
Batch = TypeVar("Batch")
Model = TypeVar("Model", bound=nn.Module)
DeviceBatch = TypeVar("DeviceBatch", bound=OnDevice)


def checked_settings(run: Run, kind: type[Params]) -> tuple[Params, TrainingParams]:
    """The settings of a run: `kind`, a dataclass, of its model, and how it is trained.

    Raises ValueError for an unknown key, a missing one, and a value of another type.
    """
    model = parse(kind, run.model, f"model of {run.name}")
    return model, parse(TrainingParams, run.training, f"training of {run.name}")


def drawn_each_epoch(
    seed: int, device: torch.device, draw: Callable[[np.random.Generator], Sequence[DeviceBatch]]
) -> Callable[[int], list[DeviceBatch]]:
    """`batches` of `fit`: what `draw` makes with a generator of this seed and epoch, on `device`."""

    def batches(epoch: int) -> list[DeviceBatch]:
        return [batch.to(device) for batch in draw(np.random.default_rng((seed, epoch)))]

    return batches


class Stateful(Protocol):
    """A part of a checkpoint: a model, its average, an optimiser."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state_dict: Any, /) -> Any: ...


@dataclass(frozen=True)
class Fit:
    """The result of `fit`: the history by epoch, and the epoch (from 1) whose weights the model now has."""

    history: list[Row]
    best_epoch: int


def fit(
    model: Model,
    params: FitParams,
    *,
    batches: Callable[[int], Sequence[Batch]],
    loss: Callable[[Model, Batch], Tensor],
    validate: Callable[[Model], Row],
    monitor: str,
    lower_is_better: bool = False,
    log: Log,
    resume_from: Path | None,
    save_every: float = 0.0,
    saves: bool = True,
    groups: Sequence[Mapping[str, Any]] | None = None,
) -> Fit:
    """Trains `model` and leaves in it the weights of the epoch with the best `monitor`: the highest, or the lowest.

    batches(epoch) returns the batches of an epoch, the same at each call and as many in each epoch; loss(model, batch)
    is a scalar; validate(model) returns the figures of an epoch, `monitor` among them. After each epoch, unless the
    last time was less than `save_every` seconds ago, everything is saved to `resume_from`: a call that finds the file
    resumes from it and ends with the same bits as a call that was never interrupted. Without `resume_from` nothing is
    saved. Of several processes that train together (nn/distributed.py) one `saves`, and all resume from its file.
    `groups` are parameters with learning rates of their own: `params`, and the `scale` of their rate.

    Raises ValueError when the loss is no longer finite, naming the epoch, and where there is no epoch to train.
    """
    if params.epochs < 1:
        raise ValueError(f"epochs is {params.epochs}: at least 1 is needed")
    parameters = list(model.parameters())
    groups = [{"params": parameters, "scale": 1.0}] if groups is None else groups
    optimizer: Optimizer = (AdamW if params.optimizer == "adamw" else sgd)(groups, params.weight_decay)
    average = MovingAverage(model, params.ema_decay)
    parts: dict[str, Stateful] = {"model": model, "average": average, "optimizer": optimizer}
    history: list[Row] = []
    best: dict[str, Any] = {"score": -math.inf, "epoch": 0, "model": {}}
    if resume_from and resume_from.exists():
        history, best = _restore(resume_from, parts)

    saved = -math.inf
    for epoch in range(len(history), params.epochs):
        model.train()
        epoch_batches = batches(epoch)
        losses, norms = [], []
        for index, batch in enumerate(epoch_batches):
            progress = (epoch + index / len(epoch_batches)) / params.epochs
            for group in optimizer.param_groups:
                group["lr"] = params.learning_rate * group["scale"] * one_cycle(progress)
            optimizer.zero_grad()
            value = loss(model, batch)
            value.backward()  # type: ignore[no-untyped-call]
            norm = nn.utils.clip_grad_norm_(parameters, params.clip_norm)
            optimizer.step()
            if params.ema_decay:
                average.update()
            losses.append(value.detach())
            norms.append(norm)

        row = {"epoch": epoch + 1.0, "learning_rate": optimizer.param_groups[0]["lr"]}
        row |= _summary(torch.stack(losses), torch.stack(norms), params.clip_norm)
        if not math.isfinite(row["train_loss"]):
            raise ValueError(
                f"the loss is {row['train_loss']} in epoch {epoch + 1}: training diverged; "
                f"lower learning_rate ({params.learning_rate}) or clip_norm ({params.clip_norm})"
            )
        if not params.ema_decay:  # a copy of the weights: once an epoch is enough
            average.update()
        with torch.no_grad():
            row |= validate(average.evaluated())
        history.append(row)
        score = -row[monitor] if lower_is_better else row[monitor]
        if score > best["score"]:
            weights = copy.deepcopy(average.model.state_dict())
            best = {"score": score, "epoch": epoch + 1, "model": weights}
        log.epoch(row)
        if resume_from and saves and time.monotonic() - saved >= save_every:
            _save(resume_from, parts, history, best)
            saved = time.monotonic()

    model.load_state_dict(best["model"])
    model.eval()
    return Fit(history, best["epoch"])


def one_cycle(progress: float) -> float:
    """The learning rate as a share of its peak at `progress` in [0, 1]: half a cosine up, half a cosine down.

    Smith & Topin (2018), "Super-convergence": one cycle of the rate over the whole training.
    """
    if progress < WARM_UP:
        return START + (1 - START) * (1 - math.cos(math.pi * progress / WARM_UP)) / 2
    return (1 + math.cos(math.pi * (progress - WARM_UP) / (1 - WARM_UP))) / 2


def _summary(losses: Tensor, norms: Tensor, clip_norm: float) -> Row:
    """The training figures of an epoch; computed once an epoch, so that no step waits for the device."""
    return {
        "train_loss": losses.mean().item(),
        "grad_norm": norms.mean().item(),
        "grad_norm_max": norms.max().item(),
        "grad_norm_clipped": norms.clamp(max=clip_norm).mean().item(),
        "clipped_share": (norms > clip_norm).float().mean().item(),
    }


def _save(path: Path, parts: Mapping[str, Stateful], history: list[Row], best: Mapping[str, Any]) -> None:
    state: dict[str, Any] = {name: part.state_dict() for name, part in parts.items()}
    state |= {"random": torch.get_rng_state(), "history": history, "best": best}
    if torch.cuda.is_available():
        state["random_cuda"] = torch.cuda.get_rng_state()
    checkpoint.save(path, state)


def _restore(path: Path, parts: Mapping[str, Stateful]) -> tuple[list[Row], dict[str, Any]]:
    state = checkpoint.load(path)
    for name, part in parts.items():
        part.load_state_dict(state[name])
    torch.set_rng_state(state["random"])
    if "random_cuda" in state:
        torch.cuda.set_rng_state(state["random_cuda"])
    return state["history"], state["best"]


def choose_device(name: str) -> torch.device:
    """`auto` is the GPU where there is one. Raises ValueError for a device that this machine lacks."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("device is 'cuda', but torch finds no GPU here: set device to auto or cpu in params.yaml")
    if name not in ("cpu", "cuda"):
        raise ValueError(f"device is {name!r}: choose from auto, cpu, cuda")
    return torch.device(name)


def write_results(out: Path, model: nn.Module, fitted: Fit, test: Row) -> Row:
    """Writes `history.csv` and `metrics.json`, removes the checkpoint, and returns the run's figures.

    They are the chosen epoch's figures on val, those on test, the epoch, and how many parameters the model has.
    """
    figures = {key: value for key, value in fitted.history[fitted.best_epoch - 1].items() if key.startswith("val_")}
    figures |= test
    figures |= {"best_epoch": fitted.best_epoch, "parameters": sum(p.numel() for p in model.parameters())}
    write_figures(out, fitted.history, figures)
    (out / CHECKPOINT).unlink(missing_ok=True)
    return figures
