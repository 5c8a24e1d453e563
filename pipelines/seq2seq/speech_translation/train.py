"""One run of speech translation, from tables to weights, figures and pictures. Knows neither MLflow nor Prefect."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from params import parse
from pipelines.nn import checkpoint
from pipelines.nn.training import Fit, TrainingParams, choose_device, fit, write_results
from pipelines.nn.words import shuffled
from pipelines.reporting import metrics
from pipelines.seq2seq.learning import checked_settings, sampling_of
from pipelines.seq2seq.model import Batch
from pipelines.seq2seq.search import GREEDY
from pipelines.seq2seq.speech_translation.data import batches_of_epoch, heard
from pipelines.seq2seq.speech_translation.evaluation import write_evaluation
from pipelines.seq2seq.speech_translation.model import (
    Cascade,
    SpeechTranslatorParams,
    Translator,
    build_translator,
    device_of,
)
from pipelines.seq2seq.speech_translation.recogniser import Recogniser, steps_needed
from pipelines.seq2seq.symbols import Symbols, as_source, stopped
from pipelines.seq2seq.texts import Writing
from pipelines.settings import Run
from pipelines.sound.acoustics import masked
from pipelines.sound.recordings import Split, load_split
from pipelines.task import Log, Row

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


class Quiet:
    """A log for what is learned on the way."""

    def epoch(self, row: Row) -> None:
        pass


def settings(run: Run) -> tuple[SpeechTranslatorParams, TrainingParams]:
    """What params.yaml says of a run, checked. Raises ValueError for an unknown key, cell or size."""
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

    def batches(epoch: int) -> list[tuple[Batch, float]]:
        rng = np.random.default_rng((course.seed, epoch))
        if said is None:
            found = batches_of_epoch(course.features, targets, training.batch_size, rng)
        else:
            found = _batches_of_texts(said, targets, training.batch_size, rng)
        sampling = sampling_of(epoch, training.epochs, params.sampling)
        return [(batch.to(device), sampling) for batch in found]

    def loss(model: nn.Module, batch: tuple[Batch, float]) -> Tensor:
        assert isinstance(model, Translator)
        read = hidden(batch[0], params) if said is None else batch[0]
        return model.network.loss(read, training.label_smoothing, batch[1])

    def validate(model: nn.Module) -> Row:
        assert isinstance(model, Translator)
        found = model.translations(course.val_features, GREEDY)
        texts = [model.writing.text(hypotheses[0].symbols) for hypotheses in found]
        return {"val_bleu": metrics.bleu(list(course.val.rows["text"]), texts, params.language)["bleu"]}

    return fit(
        model,
        training,
        batches=batches,
        loss=loss,
        validate=validate,
        monitor="val_bleu",
        log=log,
        resume_from=out / "checkpoint.safetensors",
    )


def _train_recogniser(model: Cascade, course: Course, out: Path) -> None:
    """Trains the first half of a cascade, for as many epochs as the second. Raises ValueError for a text too long."""
    params, training, device = model.params, course.training, device_of(model)
    targets = model.numbers_said(course.train.rows["said"])
    for heard_so in course.features:
        for number, (target, frames) in enumerate(zip(targets, heard_so, strict=True)):
            if steps_needed(target) > (steps := -(-len(frames) // params.frames_of_a_place)):
                raise ValueError(
                    f"row {number} of train has {len(target)} symbols and {steps} steps of sound: CTC needs "
                    f"{steps_needed(target)}; make frames_a_step or encoder_layers smaller"
                )

    def batches(epoch: int) -> list[Batch]:
        rng = np.random.default_rng((course.seed, epoch))
        found = batches_of_epoch(course.features, targets, training.batch_size, rng)
        return [batch.to(device) for batch in found]

    def loss(recogniser: nn.Module, batch: Batch) -> Tensor:
        assert isinstance(recogniser, Recogniser)
        return recogniser.loss(hidden(batch, params))

    def validate(recogniser: nn.Module) -> Row:
        assert isinstance(recogniser, Recogniser)
        found = model.transcripts(course.val_features, recogniser)
        return {"val_cer": metrics.error_rates(list(course.val.rows["said"]), found)["cer"]}

    fitted = fit(
        model.recogniser,
        training,
        batches=batches,
        loss=loss,
        validate=validate,
        monitor="val_cer",
        lower_is_better=True,
        log=Quiet(),
        resume_from=out / FIRST_HALF,
    )
    pd.DataFrame(fitted.history).to_csv(out / "recogniser.csv", index=False, float_format="%.6g")


def save_translator(path: Path, model: Translator) -> None:
    """Everything that translating needs, in one file."""
    said = model.said.names if isinstance(model, Cascade) else ()
    state = {"weights": model.state_dict(), "params": vars(model.params)}
    checkpoint.save(path, state | {"writing": model.writing.state(), "said": said})


def load_translator(path: Path) -> Translator:
    """The translator saved at `path`, ready to translate."""
    state = checkpoint.load(path)
    params = parse(SpeechTranslatorParams, state["params"], f"params in {path}")
    said = Symbols(tuple(state["said"])) if params.cascade else None
    model = build_translator(params, Writing.from_state(state["writing"]), said)
    model.load_state_dict(state["weights"])
    return model.eval()


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
