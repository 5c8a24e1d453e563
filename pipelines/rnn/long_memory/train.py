"""One run on a long-memory problem, from arrays to weights and figures. It uses neither MLflow nor Prefect."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from pipelines.nn.cells import build_cell
from pipelines.nn.training import (
    CHECKPOINT,
    TrainingParams,
    checked_settings,
    choose_device,
    fit,
    write_results,
)
from pipelines.reporting import plots
from pipelines.rnn.long_memory.inference import save_reader
from pipelines.rnn.long_memory.model import LongMemoryParams
from pipelines.rnn.reader import SequenceReader, answers, sequence_error, sequence_loss
from pipelines.rnn.sequences import Batch, Problem, Sequences, load_sequences
from pipelines.settings import Run
from pipelines.tables import load_table
from pipelines.task import Log, Row


def settings(run: Run) -> tuple[LongMemoryParams, TrainingParams]:
    """The settings of a run, checked. Raises ValueError for an unknown key, cell or size."""
    model, training = checked_settings(run, LongMemoryParams)
    if model.cell != "none":
        build_cell(model.cell, 1, model.hidden_size, **model.options)
    return model, training


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
    splits = load_sequences(tables, problem)
    used = splits["train"].first(params.train_rows)
    device = choose_device(run.device)
    torch.manual_seed(run.seed)
    model = SequenceReader(params.reader(), problem).to(device)

    def batches(epoch: int) -> list[Batch]:
        rng = np.random.default_rng((run.seed, epoch))
        seen = used.redrawn(rng) if params.redraw else used
        if (steps := params.steps(epoch / training.epochs, problem.length)) < problem.length:
            seen = seen.thinned(steps, rng)
        return [batch.to(device) for batch in seen.batches(rng.permutation(len(seen)), training.batch_size)]

    def validate(model: SequenceReader) -> Row:
        return {"val_error": sequence_error(answers(model, splits["val"].whole()), splits["val"].targets)}

    fitted = fit(
        model,
        training,
        batches=batches,
        loss=lambda model, batch: sequence_loss(model(batch), batch, training.label_smoothing),
        validate=validate,
        monitor="val_error",
        lower_is_better=True,
        log=log,
        resume_from=out / CHECKPOINT,
    )
    save_reader(out / "model.safetensors", model, params, problem)
    found = answers(model, splits["test"].whole())
    _write_answers(tables, problem, found, out)
    test = {
        "test_error": sequence_error(found, splits["test"].targets),
        "baseline_error": constant_error(used, splits["test"]),
    }
    return write_results(out, model, fitted, test)


def constant_error(train: Sequences, test: Sequences) -> float:
    """The error on `test` of the best constant answer on train: the mean, or the most frequent class."""
    if not train.problem.classes:
        return (test.targets - train.targets.mean()).square().mean().item()
    return (test.targets != train.targets.bincount().argmax()).double().mean().item()


def _write_answers(tables: Path, problem: Problem, found: Tensor, out: Path) -> None:
    """The answers for test as a table and as a picture: a confusion matrix, or answers over sums."""
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
