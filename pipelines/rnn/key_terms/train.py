"""One key-term run, from tables to weights, figures and pictures. Knows neither MLflow nor Prefect."""

from dataclasses import dataclass
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
from pipelines.reporting import plots
from pipelines.rnn.key_terms.data import TAGS, Batch, Encoder, phrases_of
from pipelines.rnn.key_terms.model import KeyTermNetwork, KeyTermParams
from pipelines.rnn.key_terms.scores import Phrase, ranked_phrases, scores, tagged_phrases
from pipelines.settings import Run
from pipelines.tables import load_splits
from pipelines.task import Log, Row

DRAWN = 3  # documents of test whose attention is drawn


@dataclass(frozen=True)
class Named:
    """What was found in a document: its words in lower case, their tags, and its best phrases, the best first."""

    words: list[str]
    tags: list[str]
    ranked: list[Phrase]


def settings(run: Run) -> tuple[KeyTermParams, TrainingParams]:
    """What params.yaml says of a run, checked. Raises ValueError for an unknown key, cell or size."""
    model = parse(KeyTermParams, run.model, f"model of {run.name}")
    build_cell(model.cell, 1, model.hidden_size)
    return model, parse(TrainingParams, run.training, f"training of {run.name}")


def train(run: Run, tables: Path, out: Path, log: Log) -> Row:
    """Trains on `tables` and fills the folder `out`; returns the run's figures.

    Written: `model.safetensors`, `history.csv`, `metrics.json`, `predictions.csv` (the test split) and
    `attention.png`. The epoch is chosen on val; test is read once, at the end. A `checkpoint.safetensors` in `out` is
    resumed from and then removed.
    """
    params, training = settings(run)
    splits = load_splits(tables)
    device = choose_device(run.device)
    torch.manual_seed(run.seed)
    encoder = Encoder(Vocabulary.of_texts(splits["train"]["text"].str.lower()))
    model = KeyTermNetwork(params, encoder.vocabulary).to(device)

    def batches(epoch: int) -> list[Batch]:
        rng = np.random.default_rng((run.seed, epoch))
        return [batch.to(device) for batch in encoder.shuffled(splits["train"], training.batch_size, rng)]

    def loss(model: nn.Module, batch: Batch) -> Tensor:
        assert isinstance(model, KeyTermNetwork)
        return model.loss(batch, training.label_smoothing)

    def validate(model: nn.Module) -> Row:
        assert isinstance(model, KeyTermNetwork)
        return _scores("val", splits["val"], name_terms(model, encoder, list(splits["val"]["text"])))

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
    found = name_terms(model, encoder, list(splits["test"]["text"]))
    save_network(out / "model.safetensors", model, params, encoder.vocabulary)
    named = [";".join(" ".join(phrase) for phrase in sorted(tagged_phrases(one.words, one.tags))) for one in found]
    splits["test"].assign(predicted=named).to_csv(out / "predictions.csv", index=False)
    _draw(model, encoder, splits["test"], found, out)
    return write_results(out, model, fitted, _scores("test", splits["test"], found))


def name_terms(model: KeyTermNetwork, encoder: Encoder, texts: list[str], batch_size: int = 64) -> list[Named]:
    """What the model finds in each text, in the order of `texts`."""
    device = next(model.parameters()).device
    found: dict[int, Named] = {}
    with torch.inference_mode():
        for chosen in by_length((text.count(" ") for text in texts), batch_size):
            batch = encoder.batch([texts[index] for index in chosen])
            best, shares = model.decide(batch.to(device))
            for index, row, share in zip(chosen, best.tolist(), shares.cpu().double(), strict=True):
                words = texts[index].lower().split()
                tags = [TAGS[tag] for tag in row[: len(words)]]
                begin, inside = (share[: len(words), TAGS.index(tag)].tolist() for tag in ("B", "I"))
                found[index] = Named(words, tags, ranked_phrases(words, begin, inside))
    return [found[index] for index in range(len(texts))]


def save_network(path: Path, model: KeyTermNetwork, params: KeyTermParams, vocabulary: Vocabulary) -> None:
    """Everything that answering needs, in one file."""
    checkpoint.save(path, {"weights": model.state_dict(), "params": vars(params), "vocabulary": vars(vocabulary)})


def load_network(path: Path) -> tuple[KeyTermNetwork, Encoder]:
    """The network saved at `path`, ready to answer."""
    state = checkpoint.load(path)
    vocabulary = Vocabulary.from_json(state["vocabulary"])
    model = KeyTermNetwork(parse(KeyTermParams, state["params"], f"params in {path}"), vocabulary)
    model.load_state_dict(state["weights"])
    return model.eval(), Encoder(vocabulary)


def _scores(split: str, table: pd.DataFrame, found: list[Named]) -> Row:
    asked = [phrases_of(terms) for terms in table["key_terms"]]
    tagged = [tagged_phrases(one.words, one.tags) for one in found]
    figures = scores([one.words for one in found], asked, tagged, [one.ranked for one in found])
    return {f"{split}_{key}": value for key, value in figures.items()}


def _draw(model: KeyTermNetwork, encoder: Encoder, table: pd.DataFrame, found: list[Named], out: Path) -> None:
    """Attention over the first documents of test; without a head that attends, the words that were named."""
    drawn = []
    for text, one in list(zip(table["text"], found, strict=True))[:DRAWN]:
        with torch.inference_mode():
            weights = model.attend(encoder.batch([text]).to(next(model.parameters()).device))
        named = [tag != "O" for tag in one.tags]
        shares = np.array(named, dtype=float) if weights is None else weights[0].cpu().numpy()
        drawn.append((one.words, shares, named))
    plots.words(drawn, out / "attention.png")
