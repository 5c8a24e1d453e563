"""One run of speech translation, from tables to weights, figures and pictures. It uses neither MLflow nor Prefect."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from pipelines.nn.ctc import check_targets
from pipelines.nn.training import (
    CHECKPOINT,
    Fit,
    TrainingParams,
    choose_device,
    drawn_each_epoch,
    fit,
    write_results,
)
from pipelines.nn.words import shuffled
from pipelines.reporting import metrics
from pipelines.seq2seq.learning import checked_settings, with_sampling
from pipelines.seq2seq.model import Batch
from pipelines.seq2seq.search import GREEDY
from pipelines.seq2seq.speech_translation.data import batches_of_epoch, heard
from pipelines.seq2seq.speech_translation.evaluation import write_evaluation
from pipelines.seq2seq.speech_translation.inference import save_translator
from pipelines.seq2seq.speech_translation.model import (
    Cascade,
    SpeechTranslatorParams,
    Translator,
    build_translator,
    device_of,
)
from pipelines.seq2seq.speech_translation.recogniser import Recogniser
from pipelines.seq2seq.symbols import Symbols, as_source, stopped
from pipelines.seq2seq.texts import Writing
from pipelines.settings import Run
from pipelines.sound.acoustics import masked
from pipelines.sound.recordings import Split, load_split
from pipelines.task import Log, NullLog, Row

FIRST_HALF = "recogniser-checkpoint.safetensors"  # where a cascade's recogniser is resumed from


@dataclass(frozen=True)
class Course:
    """What a run learns from, is chosen by, and how; features[s][i] is recording i of train at speed s."""

    training: TrainingParams
    seed: int
    train: Split
    val: Split
    features: list[list[Tensor]]
    val_features: list[Tensor]


def settings(run: Run) -> tuple[SpeechTranslatorParams, TrainingParams]:
    """The settings of a run, checked. Raises ValueError for an unknown key, cell or size."""
    return checked_settings(run, SpeechTranslatorParams)


def train(run: Run, tables: Path, out: Path, log: Log) -> Row:
    """Trains on `tables` and fills the folder `out`; returns the run's figures.

    Written: `model.safetensors`, `history.csv`, `metrics.json`, and of the test split `predictions.csv`, `bleu.json`,
    `lengths.png` and `attention.png`; by a cascade `recogniser.csv` as well, the history of its first half. Epochs are
    chosen on val; test is read once, at the end. Checkpoints in `out` are resumed from and then removed.
    """
    params, training = settings(run)
    splits = {split: load_split(tables, split) for split in ("train", "val")}
    device = choose_device(run.device)
    torch.manual_seed(run.seed)
    writing = Writing.of(list(splits["train"].rows["text"]), params.target_units)
    model = build_translator(params, writing, _said(splits["train"]) if params.cascade else None).to(device)
    course = Course(
        training,
        run.seed,
        **splits,
        features=[heard(splits["train"].waveforms, params, speed) for speed in params.speeds],
        val_features=heard(splits["val"].waveforms, params),
    )
    if isinstance(model, Cascade):
        _train_recogniser(model, course, out)
    fitted = _train_translator(model, course, out, log)

    save_translator(out / "model.safetensors", model)
    test = load_split(tables, "test")
    features = heard(test.waveforms, params)
    found = [hypotheses[0] for hypotheses in model.translations(features, params)]
    figures = write_evaluation(out, model, test, features, found)
    results = write_results(out, model, fitted, {f"test_{name}": value for name, value in figures.items()})
    (out / FIRST_HALF).unlink(missing_ok=True)
    return results


def hidden(batch: Batch, params: SpeechTranslatorParams) -> Batch:
    """The batch as training hears it: bands of frequency and spans of time are hidden (SpecAugment)."""
    return replace(batch, source=masked(batch.source, batch.lengths, params))


def _train_translator(model: Translator, course: Course, out: Path, log: Log) -> Fit:
    """Trains what writes: on sound, or as the second half of a cascade on what was said, as it stands in the table."""
    params, training, device = model.params, course.training, device_of(model)
    targets = [model.writing.numbers(text) for text in course.train.rows["text"]]
    said = model.numbers_said(course.train.rows["said"]) if isinstance(model, Cascade) else None

    def draw(rng: np.random.Generator) -> list[Batch]:
        if said is None:
            return batches_of_epoch(course.features, targets, training.batch_size, rng)
        return _batches_of_texts(said, targets, training.batch_size, rng)

    def loss(model: Translator, batch: tuple[Batch, float]) -> Tensor:
        read = hidden(batch[0], params) if said is None else batch[0]
        return model.network.loss(read, training.label_smoothing, batch[1])

    def validate(model: Translator) -> Row:
        found = model.translations(course.val_features, GREEDY)
        texts = [model.writing.text(hypotheses[0].symbols) for hypotheses in found]
        return {"val_bleu": metrics.bleu(list(course.val.rows["text"]), texts, params.language)["bleu"]}

    return fit(
        model,
        training,
        batches=with_sampling(drawn_each_epoch(course.seed, device, draw), training.epochs, params.sampling),
        loss=loss,
        validate=validate,
        monitor="val_bleu",
        log=log,
        resume_from=out / CHECKPOINT,
    )


def _train_recogniser(model: Cascade, course: Course, out: Path) -> None:
    """Trains the first half of a cascade, for as many epochs as the second. Raises ValueError for a text too long."""
    params, training, device = model.params, course.training, device_of(model)
    targets = model.numbers_said(course.train.rows["said"])
    names = [f"row {row} of train" for row in course.train.rows["id"]]
    for features in course.features:
        check_targets([-(-len(frames) // params.frames_of_a_place) for frames in features], targets, names)

    def validate(recogniser: Recogniser) -> Row:
        found = model.transcripts(course.val_features, recogniser)
        return {"val_cer": metrics.error_rates(list(course.val.rows["said"]), found)["cer"]}

    fitted = fit(
        model.recogniser,
        training,
        batches=drawn_each_epoch(
            course.seed, device, lambda rng: batches_of_epoch(course.features, targets, training.batch_size, rng)
        ),
        loss=lambda recogniser, batch: recogniser.loss(hidden(batch, params)),
        validate=validate,
        monitor="val_cer",
        lower_is_better=True,
        log=NullLog(),
        resume_from=out / FIRST_HALF,
    )
    pd.DataFrame(fitted.history).to_csv(out / "recogniser.csv", index=False, float_format="%.6g")


def _said(split: Split) -> Symbols:
    """The symbols of transcripts. Raises ValueError where the data set has none."""
    if "said" not in split.rows:
        raise ValueError(
            "a cascade learns from transcripts, and the data set has no column `said`: set cascade to false"
        )
    return Symbols.of(split.rows["said"])


def _batches_of_texts(
    sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]], batch_size: int, rng: np.random.Generator
) -> list[Batch]:
    lengths = np.array([len(source) for source in sources])
    return [
        Batch(*as_source([sources[row] for row in rows]), stopped([targets[row] for row in rows]))
        for rows in shuffled(lengths, batch_size, rng)
    ]
