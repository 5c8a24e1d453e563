"""One translation run, from tables to weights, figures and pictures. It uses neither MLflow nor Prefect."""

from pathlib import Path

import torch

from pipelines.nn.training import (
    CHECKPOINT,
    TrainingParams,
    choose_device,
    drawn_each_epoch,
    fit,
    write_results,
)
from pipelines.reporting import metrics
from pipelines.seq2seq.learning import checked_settings, with_sampling
from pipelines.seq2seq.model import Seq2Seq
from pipelines.seq2seq.pairs import batches_of_epoch
from pipelines.seq2seq.search import GREEDY
from pipelines.seq2seq.text_model import build_text_model
from pipelines.seq2seq.translation.data import languages_of, pair_length, reversed_direction
from pipelines.seq2seq.translation.evaluation import write_evaluation
from pipelines.seq2seq.translation.inference import save_translator, translations
from pipelines.seq2seq.translation.model import TranslatorParams
from pipelines.settings import Run
from pipelines.tables import load_splits
from pipelines.task import Log, Row


def settings(run: Run) -> tuple[TranslatorParams, TrainingParams]:
    """The settings of a run, checked. Raises ValueError for an unknown key, cell or size."""
    return checked_settings(run, TranslatorParams)


def train(run: Run, tables: Path, out: Path, log: Log) -> Row:
    """Trains on `tables` and fills the folder `out`; returns the run's figures.

    Written: `model.safetensors`, `history.csv`, `metrics.json`, and of the test split `predictions.csv`, `bleu.json`,
    `lengths.png` and `attention.html`. The epoch is chosen on val; test is read once, at the end. A
    `checkpoint.safetensors` in `out` is resumed from and then removed.
    """
    params, training = settings(run)
    splits = load_splits(tables)
    if params.reverse:
        splits = {split: reversed_direction(table) for split, table in splits.items()}
    torch.manual_seed(run.seed)
    languages = languages_of(splits["train"], params)
    device = choose_device(run.device)
    model = build_text_model(params, languages).to(device)
    pairs = languages.pairs(splits["train"]["source"], splits["train"]["target"])
    batches = drawn_each_epoch(
        run.seed, device, lambda rng: batches_of_epoch(pairs, training.batch_size, rng, pair_length)
    )

    def validate(model: Seq2Seq) -> Row:
        found = translations(model, languages, list(splits["val"]["source"]), GREEDY)
        translated = [languages.target.decode(hypotheses[0].symbols) for hypotheses in found]
        return {"val_bleu": metrics.bleu(list(splits["val"]["target"]), translated, params.written_language)}

    fitted = fit(
        model,
        training,
        batches=with_sampling(batches, training.epochs, params.scheduled_sampling),
        loss=lambda model, batch: model.loss(batch[0], training.label_smoothing, sampling=batch[1]),
        validate=validate,
        monitor="val_bleu",
        log=log,
        resume_from=out / CHECKPOINT,
    )

    save_translator(out / "model.safetensors", model, params, languages)
    found = translations(model, languages, list(splits["test"]["source"]), params)
    figures = write_evaluation(
        out, model, languages, splits["test"], [one[0] for one in found], language=params.written_language
    )
    return write_results(out, model, fitted, {f"test_{name}": value for name, value in figures.items()})
