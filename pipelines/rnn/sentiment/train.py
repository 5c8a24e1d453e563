"""One sentiment run, from tables to weights, figures and pictures. Knows neither MLflow nor Prefect."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from params import parse
from pipelines.nn import checkpoint
from pipelines.nn.cells import build_cell
from pipelines.nn.training import TrainingParams, choose_device, fit, write_results
from pipelines.nn.words import Vocabulary, by_length
from pipelines.reporting import metrics, plots
from pipelines.rnn.sentiment import reads
from pipelines.rnn.sentiment.data import LABELS, Batch, Encoder, folded
from pipelines.rnn.sentiment.model import Classifier, ClassifierParams, TextClassifier, build_classifier
from pipelines.rnn.sentiment.start import start_from
from pipelines.settings import Run
from pipelines.tables import load_splits
from pipelines.task import Log, Row


def settings(run: Run) -> tuple[ClassifierParams, TrainingParams]:
    """What params.yaml says of a run, checked. Raises ValueError for an unknown key, cell or size."""
    model = parse(ClassifierParams, run.model, f"model of {run.name}")
    build_cell(model.cell, 1, model.hidden_size)
    if model.start and model.reader != "recurrent":
        raise ValueError(
            f"{run.name} has a start and the reader {model.reader}: only a recurrent one starts from another"
        )
    if missing := [path for path in reads(run) if not path.is_file()]:
        raise ValueError(
            f"start is {missing[0]}, which is not there: train it first, dvc repro train@seq2seq-sentences"
        )
    return model, parse(TrainingParams, run.training, f"training of {run.name}")


def train(run: Run, tables: Path, out: Path, log: Log) -> Row:
    """Trains on `tables` and fills the folder `out`; returns the run's figures.

    Written: `model.safetensors`, `history.csv`, `metrics.json`, `predictions.csv` (the test split), `confusion.png`
    and `phenomena.png`. The epoch is chosen on val; test is read once, at the end. A `checkpoint.safetensors` in `out`
    is resumed from and then removed.
    """
    params, training = settings(run)
    splits = load_splits(tables)
    if params.cross_validated:
        splits = folded(splits, run.seed)
    device = choose_device(run.device)
    torch.manual_seed(run.seed)
    encoder = Encoder(Vocabulary.of_texts(splits["train"]["text"]))
    model = build_classifier(params, encoder.vocabulary, len(LABELS)).to(device)
    if params.start:
        assert isinstance(model, TextClassifier)
        start_from(Path(params.start), model, encoder.vocabulary)

    def batches(epoch: int) -> list[Batch]:
        rng = np.random.default_rng((run.seed, epoch))
        return [batch.to(device) for batch in encoder.shuffled(splits["train"], training.batch_size, rng)]

    def loss(model: nn.Module, batch: Batch) -> Tensor:
        return nn.functional.cross_entropy(model(batch), batch.labels, label_smoothing=training.label_smoothing)

    def validate(model: nn.Module) -> Row:
        return _scores("val", splits["val"], probabilities(model, encoder, list(splits["val"]["text"])))

    fitted = fit(
        model,
        training,
        batches=batches,
        loss=loss,
        validate=validate,
        monitor="val_accuracy",
        log=log,
        resume_from=out / "checkpoint.safetensors",
    )

    found = probabilities(model, encoder, list(splits["test"]["text"]))
    save_classifier(out / "model.safetensors", model, params, encoder.vocabulary)
    _write_predictions(splits["test"], found, out)
    return write_results(out, model, fitted, _scores("test", splits["test"], found))


def probabilities(model: nn.Module, encoder: Encoder, texts: list[str], batch_size: int = 256) -> np.ndarray:
    """The probability of each label for each text (texts, L), in the order of `texts`."""
    device = next(model.parameters()).device
    found = np.zeros((len(texts), len(LABELS)))
    with torch.inference_mode():
        for chosen in by_length((text.count(" ") for text in texts), batch_size):
            logits = model(encoder.batch([texts[index] for index in chosen]).to(device))
            found[chosen] = logits.softmax(dim=-1).cpu().numpy()
    return found


def save_classifier(path: Path, model: Classifier, params: ClassifierParams, vocabulary: Vocabulary) -> None:
    """Everything that answering needs, in one file."""
    checkpoint.save(path, {"weights": model.state_dict(), "params": vars(params), "vocabulary": vars(vocabulary)})


def load_classifier(path: Path) -> tuple[Classifier, Encoder]:
    """The classifier saved at `path`, ready to answer."""
    state = checkpoint.load(path)
    vocabulary = Vocabulary.from_json(state["vocabulary"])
    params = parse(ClassifierParams, state["params"], f"params in {path}")
    model = build_classifier(params, vocabulary, len(LABELS))
    model.load_state_dict(state["weights"])
    return model.eval(), Encoder(vocabulary)


def _scores(split: str, table: pd.DataFrame, found: np.ndarray) -> Row:
    scores = metrics.label_scores(table["label"].to_numpy(), found.argmax(axis=1))
    return {f"{split}_{key}": value for key, value in scores.items()}


def _write_predictions(table: pd.DataFrame, found: np.ndarray, out: Path) -> None:
    predicted = table.assign(predicted=found.argmax(axis=1), confidence=found.max(axis=1).round(6))
    predicted.to_csv(out / "predictions.csv", index=False)
    actual, answered = ([LABELS[label] for label in predicted[column]] for column in ("label", "predicted"))
    plots.confusion(actual, answered, out / "confusion.png")
    right = (predicted["label"] == predicted["predicted"]).astype(float)
    by = right.groupby(table["phenomenon"] if "phenomenon" in table else np.full(len(table), "all"))
    share = by.mean()
    spread = 100 * (share * (1 - share) / by.size()) ** 0.5  # binomial
    plots.bars(100 * share, spread, "accuracy on test, with its standard error", out / "phenomena.png")
