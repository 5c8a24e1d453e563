"""One speech run, from tables to weights, figures and pictures. Knows neither MLflow nor Prefect."""

from itertools import groupby
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from params import parse
from pipelines.ctc.loss import check_targets
from pipelines.ctc.speech.data import Alphabet, Batch, Encoder, batches_of_epoch
from pipelines.ctc.speech.evaluation import compared, read_greedily, scores, texts_read
from pipelines.ctc.speech.model import Recogniser, RecogniserParams
from pipelines.ctc.speech.pictures import draw, kept_by_decoder
from pipelines.nn import checkpoint
from pipelines.nn.cells import build_cell
from pipelines.nn.training import TrainingParams, choose_device, fit, write_results
from pipelines.nn.words import by_length
from pipelines.settings import Run
from pipelines.sound.recordings import Split, load_split
from pipelines.task import Log, Row


def settings(run: Run) -> tuple[RecogniserParams, TrainingParams]:
    """What params.yaml says of a run, checked. Raises ValueError for an unknown key, cell or size."""
    model = parse(RecogniserParams, run.model, f"model of {run.name}")
    build_cell(model.cell, 1, model.hidden_size)
    return model, parse(TrainingParams, run.training, f"training of {run.name}")


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

    def batches(epoch: int) -> list[Batch]:
        rng = np.random.default_rng((run.seed, epoch))
        found = batches_of_epoch(encoder, features, targets, training.batch_size, rng)
        return [batch.to(device) for batch in found]

    def loss(model: nn.Module, batch: Batch) -> Tensor:
        assert isinstance(model, Recogniser)
        return model.loss(batch, training.label_smoothing)

    def validate(model: nn.Module) -> Row:
        assert isinstance(model, Recogniser)
        log_probs = posteriors(model, encoder, val_features)
        recognised = texts_read(log_probs, encoder.alphabet, read_greedily)
        return {f"val_{key}": value for key, value in scores(splits["val"].rows, recognised).items()}

    fitted = fit(
        model,
        training,
        batches=batches,
        loss=loss,
        validate=validate,
        monitor="val_cer",
        lower_is_better=True,
        log=log,
        resume_from=out / "checkpoint.safetensors",
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


def posteriors(model: Recogniser, encoder: Encoder, features: list[Tensor], batch_size: int = 128) -> list[Tensor]:
    """Log probabilities (T', C) of each recording's steps, in the order of `features`, computed sorted by length."""
    device = next(model.parameters()).device
    found: list[Tensor] = [torch.empty(0)] * len(features)
    with torch.inference_mode():
        for chosen in by_length(map(len, features), batch_size):
            log_probs, steps = model(encoder.unlabelled([features[index] for index in chosen]).to(device))
            for index, row, length in zip(chosen, log_probs.cpu(), steps.tolist(), strict=True):
                found[index] = row[:length]
    return found


def save_recogniser(path: Path, model: Recogniser, encoder: Encoder) -> None:
    """Everything that recognising needs, in one file."""
    state = {
        "weights": model.state_dict(),
        "params": vars(model.params),
        "characters": encoder.alphabet.characters,
        "training": encoder.training,
    }
    checkpoint.save(path, state)


def load_recogniser(path: Path) -> tuple[Recogniser, Encoder]:
    """The recogniser saved at `path`, ready to listen."""
    state = checkpoint.load(path)
    params = parse(RecogniserParams, state["params"], f"params in {path}")
    alphabet = Alphabet(tuple(state["characters"]))
    training = state["training"]
    encoder = Encoder(alphabet, params, params.normalisation, tuple(training) if training else None)
    model = Recogniser(params, len(alphabet))
    model.load_state_dict(state["weights"])
    return model.eval(), encoder


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
