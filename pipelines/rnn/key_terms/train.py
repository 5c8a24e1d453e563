"""One key-term run, from tables to weights, figures and pictures. It uses neither MLflow nor Prefect."""

from pathlib import Path

import numpy as np
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
from pipelines.nn.words import Vocabulary
from pipelines.reporting import plots
from pipelines.rnn.key_terms.data import Encoder, phrases_of
from pipelines.rnn.key_terms.inference import KeyTerms, name_terms, save_network
from pipelines.rnn.key_terms.model import KeyTermNetwork, KeyTermParams
from pipelines.rnn.key_terms.scores import scores, tagged_phrases
from pipelines.settings import Run
from pipelines.tables import load_splits
from pipelines.task import Log, Row

DRAWN_DOCUMENTS = 3  # of test, whose attention is drawn


def settings(run: Run) -> tuple[KeyTermParams, TrainingParams]:
    """The settings of a run, checked. Raises ValueError for an unknown key, cell or size."""
    model, training = checked_settings(run, KeyTermParams)
    build_cell(model.cell, 1, model.hidden_size)
    return model, training


def train(run: Run, tables: Path, out: Path, log: Log) -> Row:
    """Trains on `tables` and fills the folder `out`; returns the run's figures.

    Written: `model.safetensors`, `history.csv`, `metrics.json`, `predictions.csv` (the test split) and
    `attention.png`. The epoch is chosen on val; test is read once, at the end. A `checkpoint.safetensors` in `out` is
    resumed from and then removed.
    """
    params, training = settings(run)
    splits = load_splits(tables)
    device = choose_device(run.device)
    torch.manual_seed(run.seed)
    encoder = Encoder(Vocabulary.of_texts(splits["train"]["text"].str.lower()))
    model = KeyTermNetwork(params, encoder.vocabulary).to(device)

    def validate(model: KeyTermNetwork) -> Row:
        return _scores("val", splits["val"], name_terms(model, encoder, list(splits["val"]["text"])))

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
    found = name_terms(model, encoder, list(splits["test"]["text"]))
    save_network(out / "model.safetensors", model, params, encoder.vocabulary)
    named = [";".join(" ".join(phrase) for phrase in sorted(tagged_phrases(one.words, one.tags))) for one in found]
    splits["test"].assign(predicted=named).to_csv(out / "predictions.csv", index=False)
    _draw(model, encoder, splits["test"], found, out)
    return write_results(out, model, fitted, _scores("test", splits["test"], found))


def _scores(split: str, table: pd.DataFrame, found: list[KeyTerms]) -> Row:
    expected = [phrases_of(terms) for terms in table["key_terms"]]
    tagged = [tagged_phrases(one.words, one.tags) for one in found]
    figures = scores([one.words for one in found], expected, tagged, [one.ranked for one in found])
    return {f"{split}_{key}": value for key, value in figures.items()}


def _draw(model: KeyTermNetwork, encoder: Encoder, table: pd.DataFrame, found: list[KeyTerms], out: Path) -> None:
    """Attention over the first documents of test; for a head without attention, the words of key terms."""
    drawn = []
    for text, one in list(zip(table["text"], found, strict=True))[:DRAWN_DOCUMENTS]:
        with torch.inference_mode():
            weights = model.attend(encoder.batch([text]).to(next(model.parameters()).device))
        is_named = [tag != "O" for tag in one.tags]
        shares = np.array(is_named, dtype=float) if weights is None else weights[0].cpu().numpy()
        drawn.append((one.words, shares, is_named))
    plots.words(drawn, out / "attention.png")
