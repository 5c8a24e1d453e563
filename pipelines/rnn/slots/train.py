"""One slot-filling run, from tables to weights, figures and pictures. It uses neither MLflow nor Prefect."""

from pathlib import Path

import pandas as pd
import torch

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
from pipelines.rnn.slots.data import Encoder, SlotVocabulary
from pipelines.rnn.slots.inference import label, save_tagger
from pipelines.rnn.slots.model import SlotTagger, TaggerParams
from pipelines.settings import Run
from pipelines.tables import load_splits
from pipelines.task import Log, Row

OUTSIDE = "O"


def settings(run: Run) -> tuple[TaggerParams, TrainingParams]:
    """The settings of a run, checked. Raises ValueError for an unknown key, cell or size."""
    model, training = checked_settings(run, TaggerParams)
    build_cell(model.cell, 1, model.hidden_size)
    return model, training


def train(run: Run, tables: Path, out: Path, log: Log) -> Row:
    """Trains on `tables` and fills the folder `out`; returns the run's figures.

    Written: `model.safetensors` (weights, vocabulary and settings: all that labelling needs), `history.csv` (by
    epoch), `metrics.json`, `predictions.csv` (the test split), `confusion.csv` and `confusion.png`. The epoch is
    chosen on val; test is read once, at the end. A `checkpoint.safetensors` in `out` is resumed from and then removed.
    """
    params, training = settings(run)
    splits = load_splits(tables)
    device = choose_device(run.device)
    torch.manual_seed(run.seed)
    encoder = Encoder(SlotVocabulary.of(splits["train"]))
    model = SlotTagger(params, encoder.vocabulary).to(device)

    def validate(model: SlotTagger) -> Row:
        return _scores("val", splits["val"], label(model, encoder, list(splits["val"]["text"])))

    fitted = fit(
        model,
        training,
        batches=drawn_each_epoch(
            run.seed, device, lambda rng: encoder.shuffled(splits["train"], training.batch_size, rng)
        ),
        loss=lambda model, batch: model.loss(batch, training.label_smoothing),
        validate=validate,
        monitor="val_f1",
        log=log,
        resume_from=out / CHECKPOINT,
    )

    predicted = label(model, encoder, list(splits["test"]["text"]))
    save_tagger(out / "model.safetensors", model, encoder.vocabulary)
    _write_confusion(splits["test"], predicted, out)
    return write_results(out, model, fitted, _scores("test", splits["test"], predicted))


def _scores(split: str, table: pd.DataFrame, predicted: list[list[str]]) -> Row:
    gold = [tags.split() for tags in table["tags"]]
    return {f"{split}_{key}": value for key, value in metrics.slot_scores(gold, predicted).items()}


def _write_confusion(table: pd.DataFrame, predicted: list[list[str]], out: Path) -> None:
    """Slot by slot, word by word (B- and I- of a slot count as one class)."""
    table.assign(predicted=[" ".join(tags) for tags in predicted]).to_csv(out / "predictions.csv", index=False)
    actual = [tag.split("-", 1)[-1] for tags in table["tags"] for tag in tags.split()]
    taken_for = [tag.split("-", 1)[-1] for tags in predicted for tag in tags]
    pairs = pd.DataFrame({"actual": actual, "predicted": taken_for})
    pairs[(pairs != OUTSIDE).any(axis=1)].to_csv(out / "confusion.csv", index=False)
    plots.confusion(pairs["actual"].tolist(), pairs["predicted"].tolist(), out / "confusion.png")
