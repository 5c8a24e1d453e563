"""One run on a long-memory problem, from arrays to weights and figures. Knows neither MLflow nor Prefect."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from params import parse
from pipelines.nn import checkpoint
from pipelines.nn.cells import build_cell
from pipelines.nn.training import TrainingParams, choose_device, fit, write_results
from pipelines.reporting import plots
from pipelines.rnn.sequences import (
    Batch,
    Problem,
    ReaderParams,
    SequenceReader,
    Split,
    answers,
    load_splits,
    sequence_error,
    sequence_loss,
)
from pipelines.settings import Run
from pipelines.tables import load_table
from pipelines.task import Log, Row

SHORTEST = 20  # steps, where sequences grow: any cell learns to add over so few


@dataclass(frozen=True)
class LongMemoryParams:
    """Which problem is read, and by what."""

    problem: str  # a table of the data set
    permuted: bool  # an image's pixels in the order that the data set's card gives
    train_rows: int  # 0: all
    redraw: bool  # the adding problem's numbers are drawn anew in each epoch
    cell: str  # none: the same answer whatever is read
    hidden_size: int
    num_layers: int
    grow: float = 0.0  # share of the epochs in which the adding problem's sequences grow to their length; 0: none
    options: Mapping[str, Any] = field(default_factory=dict)  # the cell's own

    def __post_init__(self) -> None:
        if not 0 <= self.grow <= 1:
            raise ValueError(f"grow is {self.grow}: expected a share of the epochs, from 0 to 1")

    def steps(self, progress: float, length: int) -> int:
        """Steps that a sequence of `length` has after a share `progress` of the epochs: as many times more in each."""
        if progress >= self.grow or length <= SHORTEST:
            return length
        return round(SHORTEST * math.pow(length / SHORTEST, progress / self.grow))

    def reader(self) -> ReaderParams:
        return ReaderParams(self.cell, self.hidden_size, self.num_layers, self.options)


def settings(run: Run) -> tuple[LongMemoryParams, TrainingParams]:
    """What params.yaml says of a run, checked. Raises ValueError for an unknown key, cell or size."""
    model = parse(LongMemoryParams, run.model, f"model of {run.name}")
    if model.cell != "none":
        build_cell(model.cell, 1, model.hidden_size, **model.options)
    return model, parse(TrainingParams, run.training, f"training of {run.name}")


def train(run: Run, tables: Path, out: Path, log: Log) -> Row:
    """Trains on `tables` and fills the folder `out`; returns the run's figures.

    Written: `model.safetensors`, `history.csv`, `metrics.json`, `predictions.csv` (the test split) and `answers.png`.
    An error is the mean squared one of numbers, or the share of wrong classes. The epoch is chosen on val; test is
    read once, at the end. A `checkpoint.safetensors` in `out` is resumed from and then removed.
    """
    params, training = settings(run)
    problem = Problem.read(tables, params.problem, permuted=params.permuted)
    if (params.redraw or params.grow) and problem.kind != "adding":
        raise ValueError(f"model of {run.name}: redraw and grow are for the adding problem, found {params.problem}")
    splits = load_splits(tables, problem)
    learned = splits["train"].first(params.train_rows)
    device = choose_device(run.device)
    torch.manual_seed(run.seed)
    model = SequenceReader(params.reader(), problem).to(device)

    def batches(epoch: int) -> list[Batch]:
        rng = np.random.default_rng((run.seed, epoch))
        seen = learned.redrawn(rng) if params.redraw else learned
        if (steps := params.steps(epoch / training.epochs, problem.length)) < problem.length:
            seen = seen.thinned(steps, rng)
        return [batch.to(device) for batch in seen.batches(rng.permutation(len(seen)), training.batch_size)]

    def loss(model: nn.Module, batch: Batch) -> Tensor:
        return sequence_loss(model(batch), batch, training.label_smoothing)

    def validate(model: nn.Module) -> Row:
        return {"val_error": sequence_error(answers(model, splits["val"].whole()), splits["val"].targets)}

    fitted = fit(
        model,
        training,
        batches=batches,
        loss=loss,
        validate=validate,
        monitor="val_error",
        lower_is_better=True,
        log=log,
        resume_from=out / "checkpoint.safetensors",
    )
    checkpoint.save(
        out / "model.safetensors", {"weights": model.state_dict(), "params": vars(params), "problem": vars(problem)}
    )
    found = answers(model, splits["test"].whole())
    _write_answers(tables, problem, found, out)
    test = {
        "test_error": sequence_error(found, splits["test"].targets),
        "baseline_error": constant_error(learned, splits["test"]),
    }
    return write_results(out, model, fitted, test)


def constant_error(learned: Split, asked: Split) -> float:
    """The error of whoever always says what is best on train: the mean, or the most frequent class."""
    if not learned.problem.classes:
        return (asked.targets - learned.targets.mean()).square().mean().item()
    return (asked.targets != learned.targets.bincount().argmax()).double().mean().item()


def load_reader(path: Path) -> tuple[SequenceReader, Problem]:
    """The network saved at `path`, ready to answer."""
    state = checkpoint.load(path)
    problem = Problem.from_json(state["problem"])
    params = parse(LongMemoryParams, state["params"], f"params in {path}")
    model = SequenceReader(params.reader(), problem)
    model.load_state_dict(state["weights"])
    return model.eval(), problem


def _write_answers(tables: Path, problem: Problem, found: Tensor, out: Path) -> None:
    """What was answered for each sequence of test, as a table and as a picture: confusion, or sums against answers."""
    table = load_table(tables, problem.name)
    table = table[table["split"] == "test"]
    if problem.classes:
        predicted = [problem.classes[label] for label in found.argmax(dim=1).tolist()]
        actual = [problem.classes[int(label)] for label in table["target"]]
        plots.confusion(actual, predicted, out / "answers.png")
        answered = pd.Series(predicted, index=table.index)
    else:
        answered = pd.Series(found[:, 0].double().numpy().round(6), index=table.index)
        plots.scatter(table["target"], answered, "sum of the marked numbers", "answer", out / "answers.png")
    table.assign(predicted=answered).to_csv(out / "predictions.csv", index=False)
