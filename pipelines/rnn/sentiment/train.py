"""One sentiment run, from tables to weights, figures and pictures. It uses neither MLflow nor Prefect."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch.nn.functional import cross_entropy

from pipelines.nn.cells import build_cell
from pipelines.nn.training import (
    CHECKPOINT,
    TrainingParams,
    checked_settings,
    choose_device,
    drawn_each_epoch,
    fit,
    write_results,
)
from pipelines.reporting import metrics, plots
from pipelines.rnn.sentiment import reads
from pipelines.rnn.sentiment.data import Encoder, LabelVocabulary, folded, labels_of
from pipelines.rnn.sentiment.inference import probabilities, save_classifier
from pipelines.rnn.sentiment.model import Classifier, ClassifierParams, TextClassifier, build_classifier
from pipelines.rnn.sentiment.start import start_from
from pipelines.settings import Run
from pipelines.tables import load_splits
from pipelines.task import Log, Row


def settings(run: Run) -> tuple[ClassifierParams, TrainingParams]:
    """The settings of a run, checked. Raises ValueError for an unknown key, cell or size."""
    model, training = checked_settings(run, ClassifierParams)
    build_cell(model.cell, 1, model.hidden_size)
    if model.pretrained and model.reader != "recurrent":
        raise ValueError(
            f"{run.name} has pretrained weights and the reader {model.reader}: only a recurrent one starts from another"
        )
    return model, training


def train(run: Run, tables: Path, out: Path, log: Log) -> Row:
    """Trains on `tables` and fills the folder `out`; returns the run's figures.

    Written: `model.safetensors`, `history.csv`, `metrics.json`, `predictions.csv` (the test split), `confusion.png`
    and `phenomena.png`. The epoch is chosen on val; test is read once, at the end. A `checkpoint.safetensors` in `out`
    is resumed from and then removed.
    """
    params, training = settings(run)
    splits = load_splits(tables)
    if params.cross_validated:
        splits = folded(splits, run.seed)
    device = choose_device(run.device)
    torch.manual_seed(run.seed)
    labels = labels_of(tables)
    encoder = Encoder(LabelVocabulary.of_texts(splits["train"]["text"], labels=labels))
    model = build_classifier(params, encoder.vocabulary, len(labels)).to(device)
    for weights in reads(run):
        assert isinstance(model, TextClassifier)
        start_from(weights, model, encoder.vocabulary)

    def validate(model: Classifier) -> Row:
        return _scores("val", splits["val"], probabilities(model, encoder, list(splits["val"]["text"])))

    fitted = fit(
        model,
        training,
        batches=drawn_each_epoch(
            run.seed, device, lambda rng: encoder.shuffled(splits["train"], training.batch_size, rng)
        ),
        loss=lambda model, batch: cross_entropy(model(batch), batch.labels, label_smoothing=training.label_smoothing),
        validate=validate,
        monitor="val_accuracy",
        log=log,
        resume_from=out / CHECKPOINT,
    )

    found = probabilities(model, encoder, list(splits["test"]["text"]))
    save_classifier(out / "model.safetensors", model, params, encoder.vocabulary)
    _write_predictions(splits["test"], found, labels, out)
    return write_results(out, model, fitted, _scores("test", splits["test"], found))


def _scores(split: str, table: pd.DataFrame, found: np.ndarray) -> Row:
    scores = metrics.label_scores(table["label"].to_numpy(), found.argmax(axis=1))
    return {f"{split}_{key}": value for key, value in scores.items()}


def _write_predictions(table: pd.DataFrame, found: np.ndarray, labels: Sequence[str], out: Path) -> None:
    predicted = table.assign(predicted=found.argmax(axis=1), confidence=found.max(axis=1).round(6))
    predicted.to_csv(out / "predictions.csv", index=False)
    actual, answered = ([labels[label] for label in predicted[column]] for column in ("label", "predicted"))
    plots.confusion(actual, answered, out / "confusion.png")
    right = (predicted["label"] == predicted["predicted"]).astype(float)
    by = right.groupby(table["phenomenon"] if "phenomenon" in table else np.full(len(table), "all"))
    share = by.mean()
    spread = 100 * (share * (1 - share) / by.size()) ** 0.5  # binomial
    plots.bars(100 * share, spread, "accuracy on test, with its standard error", out / "phenomena.png")
