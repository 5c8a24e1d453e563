"""One speech run, from tables to weights, figures and pictures. It uses neither MLflow nor Prefect."""

from itertools import groupby
from pathlib import Path

import torch
from torch import Tensor

from pipelines.ctc.speech.data import Encoder, batches_of_epoch
from pipelines.ctc.speech.evaluation import compared, read_greedily, scores, texts_read
from pipelines.ctc.speech.inference import posteriors, save_recogniser
from pipelines.ctc.speech.model import Recogniser, RecogniserParams
from pipelines.ctc.speech.pictures import draw, kept_by_decoder
from pipelines.nn.cells import build_cell
from pipelines.nn.ctc import check_targets
from pipelines.nn.training import (
    CHECKPOINT,
    TrainingParams,
    checked_settings,
    choose_device,
    drawn_each_epoch,
    fit,
    write_results,
)
from pipelines.settings import Run
from pipelines.sound.recordings import Split, load_split
from pipelines.task import Log, Row


def settings(run: Run) -> tuple[RecogniserParams, TrainingParams]:
    """The settings of a run, checked. Raises ValueError for an unknown key, cell or size."""
    model, training = checked_settings(run, RecogniserParams)
    build_cell(model.cell, 1, model.hidden_size)
    return model, training


def train(run: Run, tables: Path, out: Path, log: Log) -> Row:
    """Trains on `tables` and fills the folder `out`; returns the run's figures.

    Written: `model.safetensors`, `history.csv`, `metrics.json`, `predictions.csv` (the test split), `decoders.csv` and
    pictures. The epoch is chosen on val; test is read once, at the end. A `checkpoint.safetensors` in `out` is resumed
    from and then removed.
    """
    params, training = settings(run)
    splits = {split: load_split(tables, split) for split in ("train", "val")}
    splits = {name: _without(split, params.left_out) for name, split in splits.items()}
    device = choose_device(run.device)
    torch.manual_seed(run.seed)
    encoder = Encoder.of(splits["train"], params, params.normalisation)
    model = Recogniser(params, len(encoder.alphabet)).to(device)
    features = [_features(encoder, splits["train"], speed) for speed in params.speeds]
    targets = _targets(encoder, splits["train"], params)
    for heard in features:
        steps = model.steps(torch.tensor([len(row) for row in heard]))
        check_targets(steps.tolist(), targets, [f"row {row} of train" for row in splits["train"].rows["id"]])
    val_features = _features(encoder, splits["val"])

    def validate(model: Recogniser) -> Row:
        log_probs = posteriors(model, encoder, val_features)
        recognised = texts_read(log_probs, encoder.alphabet, read_greedily)
        return {f"val_{key}": value for key, value in scores(splits["val"].rows, recognised).items()}

    fitted = fit(
        model,
        training,
        batches=drawn_each_epoch(
            run.seed, device, lambda rng: batches_of_epoch(encoder, features, targets, training.batch_size, rng)
        ),
        loss=lambda model, batch: model.loss(batch, training.label_smoothing),
        validate=validate,
        monitor="val_cer",
        lower_is_better=True,
        log=log,
        resume_from=out / CHECKPOINT,
    )

    model.calibrate(posteriors(model, encoder, val_features), _targets(encoder, splits["val"], params))
    test = load_split(tables, "test")
    if params.left_out:
        test = test.where(test.rows["speaker"] == params.left_out)
    test_features = _features(encoder, test)
    log_probs = posteriors(model, encoder, test_features)
    save_recogniser(out / "model.safetensors", model, encoder)
    recognised = texts_read(log_probs, encoder.alphabet, read_greedily)
    test.rows.assign(recognised=recognised).to_csv(out / "predictions.csv", index=False)
    decoders = compared(test.rows, list(splits["train"].rows["text"]), log_probs, encoder.alphabet, params)
    decoders.to_csv(out / "decoders.csv", float_format="%.4f")
    kept_by_decoder(decoders["doubled_kept"], decoders["doubled_merged"], out / "decoders.png")
    draw(out, test.rows, log_probs, test_features, alphabet=encoder.alphabet, seconds=params.step_seconds)
    figures = {f"test_{key}": value for key, value in scores(test.rows, recognised).items()}
    return write_results(out, model, fitted, figures)


def _features(encoder: Encoder, split: Split, speed: float = 1.0) -> list[Tensor]:
    return encoder.features(split.waveforms, list(split.rows["speaker"]), speed)


def _targets(encoder: Encoder, split: Split, params: RecogniserParams) -> list[list[int]]:
    """The labels of each text, or of it all that a network without null can say."""
    found = [encoder.alphabet.encoded(text) for text in split.rows["text"]]
    return found if params.blank else [[label for label, _ in groupby(target)] for target in found]


def _without(split: Split, speaker: str) -> Split:
    """All but one speaker. Raises ValueError where that one is not there, so that nothing would be left out."""
    if not speaker:
        return split
    speakers = split.rows["speaker"]
    if speaker not in set(speakers):
        raise ValueError(f"left_out is {speaker!r}: the speakers are {', '.join(sorted(set(speakers)))}")
    return split.where(speakers != speaker)
