"""One speech run, from tables to weights, figures and pictures. It uses neither MLflow nor Prefect."""

from itertools import groupby
from pathlib import Path

import torch

from pipelines.ctc.speech.data import Alphabet, Encoder, batches_of_epoch
from pipelines.ctc.speech.evaluation import compared, decode, greedy_decoder, scores
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
from pipelines.sound.recordings import Recordings, load_recordings
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
    train, val = (_without(load_recordings(tables, split), params.held_out_speaker) for split in ("train", "val"))
    device = choose_device(run.device)
    torch.manual_seed(run.seed)
    encoder = Encoder(Alphabet.of(train.rows["text"]), params, params.normalisation)
    raw = {speed: encoder.raw(train.waveforms, speed) for speed in dict.fromkeys((1.0, *params.speeds))}
    encoder.fit(raw[1.0])
    features = [encoder.normalise(raw[speed], list(train.rows["speaker"])) for speed in params.speeds]
    model = Recogniser(params, len(encoder.alphabet)).to(device)
    targets = _targets(encoder, train, params)
    for at_speed in features:
        steps = model.steps(torch.tensor([len(row) for row in at_speed]))
        check_targets(steps.tolist(), targets, [f"row {row} of train" for row in train.rows["id"]])
    val_features = encoder.features(val.waveforms, list(val.rows["speaker"]))

    def validate(model: Recogniser) -> Row:
        recognised = decode(posteriors(model, encoder, val_features), encoder.alphabet, greedy_decoder)
        return {f"val_{key}": value for key, value in scores(val.rows, recognised).items()}

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

    model.calibrate(posteriors(model, encoder, val_features), _targets(encoder, val, params))
    test = load_recordings(tables, "test")
    if params.held_out_speaker:
        test = test.where(test.rows["speaker"] == params.held_out_speaker)
    test_features = encoder.features(test.waveforms, list(test.rows["speaker"]))
    log_probs = posteriors(model, encoder, test_features)
    save_recogniser(out / "model.safetensors", model, encoder)
    recognised = decode(log_probs, encoder.alphabet, greedy_decoder)
    test.rows.assign(recognised=recognised).to_csv(out / "predictions.csv", index=False)
    decoders = compared(test.rows, list(train.rows["text"]), log_probs, encoder.alphabet, params)
    decoders.to_csv(out / "decoders.csv", float_format="%.4f")
    kept_by_decoder(decoders["doubled_kept"], decoders["doubled_merged"], out / "decoders.png")
    draw(out, test.rows, log_probs, test_features, alphabet=encoder.alphabet, seconds=params.step_seconds)
    figures = {f"test_{key}": value for key, value in decoders.loc["greedy"].to_dict().items()}
    return write_results(out, model, fitted, figures)


def _targets(encoder: Encoder, split: Recordings, params: RecogniserParams) -> list[list[int]]:
    """The labels of each text; without doubled ones for a network without blank, which cannot output them."""
    found = [encoder.alphabet.encode(text) for text in split.rows["text"]]
    return found if params.blank else [[label for label, _ in groupby(target)] for target in found]


def _without(split: Recordings, speaker: str) -> Recordings:
    """The rows of all but one speaker. Raises ValueError where there are none of that speaker."""
    if not speaker:
        return split
    speakers = split.rows["speaker"]
    if speaker not in set(speakers):
        raise ValueError(f"held_out_speaker is {speaker!r}: the speakers are {', '.join(sorted(set(speakers)))}")
    return split.where(speakers != speaker)
