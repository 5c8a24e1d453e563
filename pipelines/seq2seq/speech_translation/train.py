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
from pipelines.seq2seq.speech_translation.data import batches_of_epoch, features_of
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
from pipelines.seq2seq.symbols import Symbols, collate_sources, collate_targets
from pipelines.seq2seq.tokenizer import Tokenizer
from pipelines.settings import Run
from pipelines.sound.acoustics import masked
from pipelines.sound.recordings import load_recordings
from pipelines.task import Log, NullLog, Row

RECOGNISER_CHECKPOINT = "recogniser-checkpoint.safetensors"  # of a cascade's first half


@dataclass(frozen=True)
class Lesson:
    """What a run is trained on and chosen by; train_features[s][i] is recording i of train at speed s, (S, F)."""

    training: TrainingParams
    seed: int
    train: pd.DataFrame
    val: pd.DataFrame
    train_features: list[list[Tensor]]
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
    splits = {split: load_recordings(tables, split) for split in ("train", "val")}
    device = choose_device(run.device)
    torch.manual_seed(run.seed)
    tokenizer = Tokenizer.of(list(splits["train"].rows["text"]), params.target_units)
    spoken = _symbols_of_transcripts(splits["train"].rows) if params.cascade else None
    model = build_translator(params, tokenizer, spoken).to(device)
    lesson = Lesson(
        training,
        run.seed,
        train=splits["train"].rows,
        val=splits["val"].rows,
        train_features=[features_of(splits["train"].waveforms, params, speed) for speed in params.speeds],
        val_features=features_of(splits["val"].waveforms, params),
    )
    if isinstance(model, Cascade):
        _train_recogniser(model, lesson, out)
    fitted = _train_translator(model, lesson, out, log)

    save_translator(out / "model.safetensors", model)
    test = load_recordings(tables, "test")
    features = features_of(test.waveforms, params)
    found = [hypotheses[0] for hypotheses in model.translations(features, params)]
    figures = write_evaluation(out, model, test, features, found)
    results = write_results(out, model, fitted, {f"test_{name}": value for name, value in figures.items()})
    (out / RECOGNISER_CHECKPOINT).unlink(missing_ok=True)
    return results


def augmented(batch: Batch, params: SpeechTranslatorParams) -> Batch:
    """The batch with bands of frequency and spans of time masked (SpecAugment)."""
    return replace(batch, source=masked(batch.source, batch.lengths, params))


def _train_recogniser(model: Cascade, lesson: Lesson, out: Path) -> None:
    """Trains the first half of a cascade, for as many epochs as the second.

    Raises ValueError for a transcript that is too long for its recording.
    """
    params, training = model.params, lesson.training
    transcripts = model.encode_transcripts(lesson.train["said"])
    names = [f"row {row} of train" for row in lesson.train["id"]]
    for features in lesson.train_features:
        check_targets([-(-len(frames) // params.frames_of_a_place) for frames in features], transcripts, names)

    def draw(rng: np.random.Generator) -> list[Batch]:
        return batches_of_epoch(lesson.train_features, transcripts, training.batch_size, rng)

    def validate(recogniser: Recogniser) -> Row:
        found = model.transcripts(lesson.val_features, recogniser)
        return {"val_cer": metrics.error_rates(list(lesson.val["said"]), found)["cer"]}

    fitted = fit(
        model.recogniser,
        training,
        batches=drawn_each_epoch(lesson.seed, device_of(model), draw),
        loss=lambda recogniser, batch: recogniser.loss(augmented(batch, params)),
        validate=validate,
        monitor="val_cer",
        lower_is_better=True,
        log=NullLog(),
        resume_from=out / RECOGNISER_CHECKPOINT,
    )
    pd.DataFrame(fitted.history).to_csv(out / "recogniser.csv", index=False, float_format="%.6g")


def _train_translator(model: Translator, lesson: Lesson, out: Path, log: Log) -> Fit:
    """Trains a direct translator on sound, or the second half of a cascade on the transcripts of the table."""
    params, training = model.params, lesson.training
    targets = [model.tokenizer.encode(text) for text in lesson.train["text"]]
    transcripts = model.encode_transcripts(lesson.train["said"]) if isinstance(model, Cascade) else None

    def draw(rng: np.random.Generator) -> list[Batch]:
        if transcripts is None:
            return batches_of_epoch(lesson.train_features, targets, training.batch_size, rng)
        return _batches_of_texts(transcripts, targets, training.batch_size, rng)

    def loss(model: Translator, batch: tuple[Batch, float]) -> Tensor:
        source = augmented(batch[0], params) if transcripts is None else batch[0]
        return model.network.loss(source, training.label_smoothing, sampling=batch[1])

    def validate(model: Translator) -> Row:
        found = model.translations(lesson.val_features, GREEDY)
        texts = [model.tokenizer.decode(hypotheses[0].symbols) for hypotheses in found]
        return {"val_bleu": metrics.bleu(list(lesson.val["text"]), texts, params.language)}

    return fit(
        model,
        training,
        batches=with_sampling(
            drawn_each_epoch(lesson.seed, device_of(model), draw), training.epochs, params.scheduled_sampling
        ),
        loss=loss,
        validate=validate,
        monitor="val_bleu",
        log=log,
        resume_from=out / CHECKPOINT,
    )


def _symbols_of_transcripts(train: pd.DataFrame) -> Symbols:
    """The symbols of transcripts. Raises ValueError where the data set has none."""
    if "said" not in train:
        raise ValueError(
            "a cascade is trained on transcripts, and the data set has no column `said`: set cascade to false"
        )
    return Symbols.of(train["said"])


def _batches_of_texts(
    sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]], batch_size: int, rng: np.random.Generator
) -> list[Batch]:
    lengths = np.array([len(source) for source in sources])
    return [
        Batch(*collate_sources([sources[row] for row in rows]), collate_targets([targets[row] for row in rows]))
        for rows in shuffled(lengths, batch_size, rng)
    ]
