"""One slot-filling run, from tables to weights, figures and pictures. Knows neither MLflow nor Prefect."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from params import parse
from pipelines.nn import checkpoint
from pipelines.nn.cells import build_cell
from pipelines.nn.training import TrainingParams, choose_device, fit, write_results
from pipelines.nn.words import by_length
from pipelines.reporting import metrics, plots
from pipelines.rnn.slots.data import Batch, Encoder, SlotVocabulary
from pipelines.rnn.slots.model import SlotTagger, TaggerParams
from pipelines.settings import Run
from pipelines.tables import load_splits
from pipelines.task import Log, Row

OUTSIDE = "O"


def settings(run: Run) -> tuple[TaggerParams, TrainingParams]:
    """What params.yaml says of a run, checked. Raises ValueError for an unknown key, cell or size."""
    model = parse(TaggerParams, run.model, f"model of {run.name}")
    build_cell(model.cell, 1, model.hidden_size)
    return model, parse(TrainingParams, run.training, f"training of {run.name}")


def train(run: Run, tables: Path, out: Path, log: Log) -> Row:
    """Trains on `tables` and fills the folder `out`; returns the run's figures.

    Written: `model.safetensors` (weights, vocabulary and settings: all that labelling needs), `history.csv` (by
    epoch), `metrics.json`, `predictions.csv` (the test split), `confusion.csv` and `confusion.png`. The epoch is
    chosen on val; test is read once, at the end. A `checkpoint.safetensors` in `out` is resumed from and then removed.
    """
    model_params, training = settings(run)
    splits = load_splits(tables)
    device = choose_device(run.device)
    torch.manual_seed(run.seed)
    encoder = Encoder(SlotVocabulary.of(splits["train"]))
    model = SlotTagger(model_params, encoder.vocabulary).to(device)

    def batches(epoch: int) -> list[Batch]:
        rng = np.random.default_rng((run.seed, epoch))
        return [batch.to(device) for batch in encoder.shuffled(splits["train"], training.batch_size, rng)]

    def loss(model: nn.Module, batch: Batch) -> Tensor:
        assert isinstance(model, SlotTagger)
        return model.loss(batch, training.label_smoothing)

    def validate(model: nn.Module) -> Row:
        assert isinstance(model, SlotTagger)
        return _scores("val", splits["val"], label(model, encoder, list(splits["val"]["text"])))

    fitted = fit(
        model,
        training,
        batches=batches,
        loss=loss,
        validate=validate,
        monitor="val_f1",
        log=log,
        resume_from=out / "checkpoint.safetensors",
    )

    predicted = label(model, encoder, list(splits["test"]["text"]))
    save_tagger(out / "model.safetensors", model, encoder.vocabulary)
    _write_confusion(splits["test"], predicted, out)
    return write_results(out, model, fitted, _scores("test", splits["test"], predicted))


def label(model: SlotTagger, encoder: Encoder, texts: list[str], batch_size: int = 256) -> list[list[str]]:
    """The tags of each text's words, in the order of `texts`, which are labelled sorted by length."""
    device = next(model.parameters()).device
    tags: list[list[str]] = [[]] * len(texts)
    with torch.inference_mode():
        for chosen in by_length((text.count(" ") for text in texts), batch_size):
            batch = encoder.batch([texts[index] for index in chosen]).to(device)
            best = model.best_tags(batch)  # (B, T)
            for index, row, length in zip(chosen, best.tolist(), batch.lengths.tolist(), strict=True):
                tags[index] = [encoder.vocabulary.tags[tag] for tag in row[:length]]
    return tags


def save_tagger(path: Path, model: SlotTagger, vocabulary: SlotVocabulary) -> None:
    """Everything that labelling needs, in one file."""
    state = {"weights": model.state_dict(), "params": vars(model.params), "vocabulary": vars(vocabulary)}
    checkpoint.save(path, state)


def load_tagger(path: Path) -> tuple[SlotTagger, Encoder]:
    """The tagger saved at `path`, ready to label."""
    state = checkpoint.load(path)
    vocabulary = SlotVocabulary.from_json(state["vocabulary"])
    model = SlotTagger(parse(TaggerParams, state["params"], f"params in {path}"), vocabulary)
    model.load_state_dict(state["weights"])
    return model.eval(), Encoder(vocabulary)


def _scores(split: str, table: pd.DataFrame, predicted: list[list[str]]) -> Row:
    gold = [tags.split() for tags in table["tags"]]
    return {f"{split}_{key}": value for key, value in metrics.slot_scores(gold, predicted).items()}


def _write_confusion(table: pd.DataFrame, predicted: list[list[str]], out: Path) -> None:
    """Slot by slot, word by word (B- and I- of a slot count as one class)."""
    table.assign(predicted=[" ".join(tags) for tags in predicted]).to_csv(out / "predictions.csv", index=False)
    actual = [tag.split("-", 1)[-1] for tags in table["tags"] for tag in tags.split()]
    taken_for = [tag.split("-", 1)[-1] for tags in predicted for tag in tags]
    pairs = pd.DataFrame({"actual": actual, "predicted": taken_for})
    pairs[(pairs != OUTSIDE).any(axis=1)].to_csv(out / "confusion.csv", index=False)
    plots.confusion(pairs["actual"].tolist(), pairs["predicted"].tolist(), out / "confusion.png")
