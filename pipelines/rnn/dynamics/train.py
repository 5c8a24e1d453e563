"""One dynamics run: networks trained side by side, and the pictures. It uses neither MLflow nor Prefect."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from pipelines.nn.training import (
    CHECKPOINT,
    TrainingParams,
    checked_settings,
    choose_device,
    drawn_each_epoch,
    fit,
    write_results,
)
from pipelines.rnn.dynamics.claims import difference, summary
from pipelines.rnn.dynamics.clipping import Rule, diverged, train_side_by_side
from pipelines.rnn.dynamics.inference import save_networks
from pipelines.rnn.dynamics.linear import GRID, WEIGHTS, sweep
from pipelines.rnn.dynamics.model import DynamicsParams, SideBySide, build_network, gradient_reach
from pipelines.rnn.dynamics.pictures import draw_clipping, draw_linear, draw_networks, draw_reach, draw_surface
from pipelines.rnn.dynamics.surface import descend, surface
from pipelines.rnn.reader import SequenceReader
from pipelines.rnn.sequences import Batch, Problem, Sequences, load_sequences
from pipelines.settings import Run
from pipelines.task import Log, Row

UNCLIPPED, LECTURE = Rule("none"), Rule("norm", 15)  # the lecture's threshold
# A lower and a higher threshold of the norm, and of each value instead, where 15 helps as little as none.
RULES = (UNCLIPPED, Rule("norm", 1), LECTURE, Rule("norm", 50), Rule("value", 1), Rule("value", 15))
# The claim of Le et al. (2015): rectified units learn better from identity, others from random recurrent weights.
IDENTITY_OR_RANDOM = (
    ("irnn", "relu-random"),
    ("elman-random", "elman-identity"),
    ("sigmoid-random", "sigmoid-identity"),
)
CLIPPED_BATCH = 32  # sequences of a step, where rules of clipping are compared
SURFACE_CLIP = 1.0  # on the surface, whose gradients are smaller than a real network's
REACH_SEQUENCES = 100  # of val, over which the reach of gradients is averaged


def settings(run: Run) -> tuple[DynamicsParams, TrainingParams]:
    """The settings of a run, checked. Raises ValueError for an unknown key, cell or size."""
    model, training = checked_settings(run, DynamicsParams)
    if lacking := {"elman", "irnn", "lstm", "gru"} - set(model.networks):
        raise ValueError(f"model of {run.name} lacks the networks {', '.join(sorted(lacking))}, which are compared")
    for kind in model.networks.values():
        build_network(kind, model.hidden_size, Problem("any", "pixels", ("0", "1"), 1))
    return model, training


def train(run: Run, tables: Path, out: Path, log: Log) -> Row:
    """Trains on `tables` and fills the folder `out`; returns the run's figures.

    Written: `model.safetensors` (all networks), `history.csv`, `metrics.json`, the tables `linear.csv`,
    `descents.csv`, `clipping.csv`, `reach.csv`, `networks.csv`, `claims.csv`, and the pictures that TASK names.
    The epoch is chosen on val, by the mean over networks; test is read once, at the end.
    """
    params, training = settings(run)
    problem = Problem.read(tables, params.problem)
    if problem.kind != "pixels":
        raise ValueError(f"model of {run.name}: {params.problem} is not about images, whose gradients are compared")
    splits = load_sequences(tables, problem)
    used = splits["train"].first(params.train_rows)
    device = choose_device(run.device)
    torch.manual_seed(run.seed)
    model = SideBySide(params, problem).to(device)
    of_val = splits["val"].batches(np.arange(min(REACH_SEQUENCES, len(splits["val"]))), REACH_SEQUENCES)[0]
    at_start = reaches(model, of_val.to(device))

    fitted = fit(
        model,
        training,
        batches=drawn_each_epoch(
            run.seed, device, lambda rng: used.batches(rng.permutation(len(used)), training.batch_size)
        ),
        loss=lambda model, batch: model.loss(batch, training.label_smoothing),
        validate=lambda model: {"val_accuracy": accuracies(model, splits["val"]).mean().item()},
        monitor="val_accuracy",
        log=log,
        resume_from=out / CHECKPOINT,
    )
    save_networks(out / "model.safetensors", model, params, problem)
    parts = {"train": used, "val": splits["val"], "test": splits["test"]}
    table = _networks(model, parts)
    reach = _reach(list(model.networks), at_start, reaches(model, of_val.to(device)))
    figures = _figures(table, reach)
    figures |= _clipping(splits["train"], params, run.seed, out)
    _linear_and_surface(params.surface_points, out)
    for name, frame in (("networks", table), ("reach", reach), ("claims", _claims(table))):
        frame.to_csv(out / f"{name}.csv", index=False, float_format="%.6g")
    draw_networks(summary(table), out / "networks.png")
    draw_reach(reach, out / "reach.png")
    return write_results(out, model, fitted, figures)


def accuracies(model: SideBySide, split: Sequences) -> Tensor:
    """The accuracy of each network, in percent (networks,)."""
    device = next(model.parameters()).device
    right: list[Tensor] = []
    with torch.no_grad():
        for batch in split.whole():
            own = batch.to(device)
            right.append(model(own).argmax(dim=-1) == own.targets)
    return 100 * torch.cat(right, dim=1).double().mean(dim=1).cpu()


def reaches(model: SideBySide, batch: Batch) -> Tensor:
    """How far the gradient reaches in each network (networks, T)."""
    found = []
    for network in model.networks.values():
        assert isinstance(network, SequenceReader)
        found.append(gradient_reach(network, batch).detach().cpu())
    return torch.stack(found)


def _networks(model: SideBySide, parts: dict[str, Sequences]) -> pd.DataFrame:
    """A row for each network: parameters, accuracies, and the gap between train and val."""
    names = [name.rpartition("-") for name in model.networks]
    table = pd.DataFrame(
        {
            "network": [name for name, _, _ in names],
            "seed": [int(seed) for _, _, seed in names],
            "parameters": [sum(p.numel() for p in network.parameters()) for network in model.networks.values()],
            **{f"{split}_accuracy": accuracies(model, part).numpy() for split, part in parts.items()},
        }
    )
    return table.assign(gap=table["train_accuracy"] - table["val_accuracy"])


def _reach(names: list[str], start: Tensor, trained: Tensor) -> pd.DataFrame:
    """A row for each kind of network (its first seed) and step: the gradient's norm before and after training."""
    rows = [
        (name.rpartition("-")[0], step + 1, before, after)
        for name, *norms in zip(names, start.tolist(), trained.tolist(), strict=True)
        if name.endswith("-0")
        for step, (before, after) in enumerate(zip(*norms, strict=True))
    ]
    return pd.DataFrame(rows, columns=["network", "step", "start", "trained"])


def _figures(table: pd.DataFrame, reach: pd.DataFrame) -> Row:
    """The headline, the share of the last step's gradient that reaches the first before training, and the gaps."""
    figures = {"test_accuracy": float(table["test_accuracy"].mean())}
    for name in ("elman", "lstm", "irnn"):
        norms = reach[reach["network"] == name]["start"].to_numpy()
        figures[f"reach_{name}"] = float(norms[0] / norms[-1])
    for name in ("lstm", "gru"):
        figures[f"gap_{name}"] = float(table[table["network"] == name]["gap"].mean())
    return figures


def _claims(table: pd.DataFrame) -> pd.DataFrame:
    """The claims of the lecture that the table can test, each as a difference with its 95 % interval."""
    gaps, accuracy = (dict(list(table.groupby("network")[column])) for column in ("gap", "test_accuracy"))
    claims = [("gap of lstm less gap of gru", gaps, "lstm", "gru")]
    claims += [
        (f"test accuracy of {one} less {other}", accuracy, one, other)
        for one, other in IDENTITY_OR_RANDOM
        if one in accuracy and other in accuracy
    ]
    rows = [{"claim": claim, **difference(by[one], by[other])} for claim, by, one, other in claims]
    return pd.DataFrame(rows)


def _clipping(split: Sequences, params: DynamicsParams, seed: int, out: Path) -> Row:
    """Trains networks with and without clipping; returns the divergence rates without and with the lecture's rule."""
    rng = np.random.default_rng((seed, len(RULES)))
    passes = 1 + params.clipped_steps * CLIPPED_BATCH // len(split)
    rows = np.concatenate([rng.permutation(len(split)) for _ in range(passes)])
    batches = split.batches(rows, CLIPPED_BATCH)[: params.clipped_steps]
    classes = len(split.problem.classes)
    seeds, rate = params.clipped_seeds, params.clipped_rate
    steps = train_side_by_side(batches, classes, RULES, seeds=seeds, rate=rate, seed=seed)
    table = diverged(steps, classes)
    table.to_csv(out / "clipping.csv", float_format="%.6g")
    draw_clipping(steps, table, out / "clipping.png")
    shares = table["diverged_percent"]
    return {"diverged_unclipped": float(shares[UNCLIPPED.name]), "diverged_clipped": float(shares[LECTURE.name])}


def _linear_and_surface(points: int, out: Path) -> None:
    """The parts that need no data: powers of a weight, and descents beside a cliff."""
    sweep(WEIGHTS).to_csv(out / "linear.csv", index=False)
    draw_linear(sweep(GRID), out / "linear.png")
    descents = {
        "without clipping": descend(None),
        f"clipped at norm {SURFACE_CLIP:g}": descend(SURFACE_CLIP),
    }
    columns = ["w1", "w2", "loss", "gradient_norm"]
    frames = [pd.DataFrame(path, columns=columns).assign(descent=name) for name, path in descents.items()]
    pd.concat(frames).to_csv(out / "descents.csv", index_label="step", float_format="%.6g")
    draw_surface(surface(points), descents, out / "surface.png")
