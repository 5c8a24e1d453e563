"""One language-model run, from tables to weights and figures. It uses neither MLflow nor Prefect."""

from pathlib import Path

import torch
from torch import Tensor

from pipelines.nn.cells import State, build_cell
from pipelines.nn.training import (
    CHECKPOINT,
    TrainingParams,
    checked_settings,
    choose_device,
    fit,
    write_results,
)
from pipelines.rnn.language_model.data import Part, Text, parts_of
from pipelines.rnn.language_model.inference import perplexity_of, save_model
from pipelines.rnn.language_model.model import LanguageModel, LanguageModelParams, detached
from pipelines.settings import Run
from pipelines.tables import load_splits
from pipelines.task import Log, Row


def settings(run: Run) -> tuple[LanguageModelParams, TrainingParams]:
    """The settings of a run, checked. Raises ValueError for an unknown key, cell or size."""
    model, training = checked_settings(run, LanguageModelParams)
    build_cell(model.cell, model.word_size, model.hidden_size, **model.options)
    if model.bptt_steps < 1:
        raise ValueError(f"model of {run.name}: bptt_steps is {model.bptt_steps}, at least 1 word is read at a time")
    return model, training


def train(run: Run, tables: Path, out: Path, log: Log) -> Row:
    """Trains on `tables` and fills the folder `out`; returns the run's figures.

    Written: `model.safetensors`, `history.csv` and `metrics.json`. A perplexity counts every word and every line's
    end, each predicted from all words before it. The epoch is chosen on val; test is read once, at the end. A
    `checkpoint.safetensors` in `out` is resumed from and then removed.
    """
    params, training = settings(run)
    splits = load_splits(tables)
    device = choose_device(run.device)
    torch.manual_seed(run.seed)
    text = Text.of(splits["train"]["text"])
    streams = {split: text.stream(table["text"]).to(device) for split, table in splits.items()}
    model = LanguageModel(params, len(text.words)).to(device)
    parts = parts_of(streams["train"], training.batch_size, params.bptt_steps)
    carried: list[State] = []  # the state after the part before

    def loss(model: LanguageModel, part: Part) -> Tensor:
        before = None if part.is_first else carried[0]
        cost, state = model.loss(part.words, part.following, before, training.label_smoothing)
        carried[:] = [detached(state)]
        return cost

    def validate(model: LanguageModel) -> Row:
        return {"val_perplexity": perplexity_of(model, streams["val"])}

    fitted = fit(
        model,
        training,
        batches=lambda _epoch: parts,
        loss=loss,
        validate=validate,
        monitor="val_perplexity",
        lower_is_better=True,
        log=log,
        resume_from=out / CHECKPOINT,
    )
    save_model(out / "model.safetensors", model, params, text)
    test = {
        "test_perplexity": perplexity_of(model, streams["test"]),
        "unigram_perplexity": unigram_perplexity(text, streams["test"]),
    }
    return write_results(out, model, fitted, test)


def unigram_perplexity(text: Text, stream: Tensor) -> float:
    """The perplexity of a unigram model with add-one smoothing (Laplace)."""
    counts = torch.tensor(text.counts, dtype=torch.float64, device=stream.device) + 1
    return (counts / counts.sum()).log()[stream].mean().neg().exp().item()
