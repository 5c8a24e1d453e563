"""One translation run, from tables to weights, figures and pictures. Knows neither MLflow nor Prefect."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from pipelines import checkpoint, metrics
from pipelines.cells import build_cell
from pipelines.params import Run, parse
from pipelines.seq2seq.model import Batch, Seq2Seq
from pipelines.seq2seq.outputs import outputs, sampling_of
from pipelines.seq2seq.search import GREEDY, BeamParams, Hypothesis
from pipelines.seq2seq.symbols import as_source
from pipelines.seq2seq.texts import Writing
from pipelines.seq2seq.translation.data import Languages, batches_of_epoch, turned
from pipelines.seq2seq.translation.evaluation import write_evaluation
from pipelines.seq2seq.translation.model import TranslatorParams, build_translator
from pipelines.tables import load_splits
from pipelines.training import Log, Row, TrainingParams, choose_device, fit, write_results


def settings(run: Run) -> tuple[TranslatorParams, TrainingParams]:
    """What params.yaml says of a run, checked. Raises ValueError for an unknown key, cell or size."""
    model = parse(TranslatorParams, run.model, f"model of {run.name}")
    build_cell(model.cell, 1, model.hidden_size)
    return model, parse(TrainingParams, run.training, f"training of {run.name}")


def train(run: Run, tables: Path, out: Path, log: Log) -> Row:
    """Trains on `tables` and fills the folder `out`; returns the run's figures.

    Written: `model.safetensors`, `history.csv`, `metrics.json`, and of the test split `predictions.csv`, `bleu.json`,
    `lengths.png` and `attention.html`. The epoch is chosen on val; test is read once, at the end. A
    `checkpoint.safetensors` in `out` is resumed from and then removed.
    """
    params, training = settings(run)
    splits = load_splits(tables)
    if params.reverse:
        splits = {split: turned(table) for split, table in splits.items()}
    device = choose_device(run.device)
    torch.manual_seed(run.seed)
    languages = _languages(params, list(splits["train"]["source"]), list(splits["train"]["target"]))
    model = build_translator(params, languages).to(device)
    pairs = languages.pairs(splits["train"])

    def batches(epoch: int) -> list[tuple[Batch, float]]:
        rng = np.random.default_rng((run.seed, epoch))
        sampling = sampling_of(epoch, training.epochs, params.sampling)
        return [(batch.to(device), sampling) for batch in batches_of_epoch(pairs, training.batch_size, rng)]

    def loss(model: nn.Module, batch: tuple[Batch, float]) -> Tensor:
        assert isinstance(model, Seq2Seq)
        return model.loss(batch[0], training.label_smoothing, batch[1])

    def validate(model: nn.Module) -> Row:
        assert isinstance(model, Seq2Seq)
        found = translations(model, languages, list(splits["val"]["source"]), GREEDY)
        said = [languages.target.text(hypotheses[0].symbols) for hypotheses in found]
        return {"val_bleu": metrics.bleu(list(splits["val"]["target"]), said, params.written)["bleu"]}

    fitted = fit(
        model,
        training,
        batches=batches,
        loss=loss,
        validate=validate,
        monitor="val_bleu",
        log=log,
        resume_from=out / "checkpoint.safetensors",
    )

    save_translator(out / "model.safetensors", model, params, languages)
    found = translations(model, languages, list(splits["test"]["source"]), params)
    figures = write_evaluation(
        out, model, languages, splits["test"], [one[0] for one in found], language=params.written
    )
    return write_results(out, model, fitted, {f"test_{name}": value for name, value in figures.items()})


def translations(
    model: Seq2Seq, languages: Languages, texts: list[str], params: BeamParams, *, wanted: int = 1
) -> list[list[Hypothesis]]:
    """The best translations of each text, in the order of `texts`."""
    sources = [languages.source.numbers(text) for text in texts]
    return outputs(model, sources, as_source, longest, params, wanted=wanted)


def longest(source: Sequence[int]) -> int:
    """The most symbols that a translation may have."""
    return 20 + 4 * len(source)  # a word is up to ten characters, but a sentence of words is not


def save_translator(path: Path, model: Seq2Seq, params: TranslatorParams, languages: Languages) -> None:
    """Everything that translating needs, in one file."""
    writings = {"source": languages.source.state(), "target": languages.target.state()}
    checkpoint.save(path, {"weights": model.state_dict(), "params": vars(params), "languages": writings})


def load_translator(path: Path) -> tuple[Seq2Seq, Languages, TranslatorParams]:
    """The translator saved at `path`, ready to translate."""
    state = checkpoint.load(path)
    params = parse(TranslatorParams, state["params"], f"params in {path}")
    writings = state["languages"]
    languages = Languages(Writing.from_state(writings["source"]), Writing.from_state(writings["target"]))
    model = build_translator(params, languages)
    model.load_state_dict(state["weights"])
    return model.eval(), languages, params


def _languages(params: TranslatorParams, sources: list[str], targets: list[str]) -> Languages:
    """The writing of both sides of the training texts."""
    units = (params.source_units, params.target_units)
    read, written = units[::-1] if params.reverse else units
    least, subwords = params.least_count, params.subwords
    return Languages(
        Writing.of(sources, read, lower=params.lower_source, least=least, subwords=subwords),
        Writing.of(targets, written, least=least, subwords=subwords),
    )
