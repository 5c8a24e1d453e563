"""One run of an auto-encoder, from tables to weights, figures and pictures. Knows neither MLflow nor Prefect."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from pipelines import checkpoint, plots
from pipelines.cells import build_cell
from pipelines.params import Run, parse
from pipelines.seq2seq.model import Batch, Seq2Seq
from pipelines.seq2seq.outputs import outputs
from pipelines.seq2seq.search import GREEDY, BeamParams
from pipelines.seq2seq.sentences.data import bags, batches_of_epoch, swapped_pairs
from pipelines.seq2seq.sentences.model import SentencesParams, build_autoencoder, codes_of
from pipelines.seq2seq.symbols import as_source
from pipelines.seq2seq.texts import Writing
from pipelines.tables import load_splits
from pipelines.training import Log, Row, TrainingParams, choose_device, fit, write_results

KNOWN = 1000  # sentences of training that a model compares a new one with
SHOWN = 40  # pairs in the picture, sentences in the table of neighbours


def settings(run: Run) -> tuple[SentencesParams, TrainingParams]:
    """What params.yaml says of a run, checked. Raises ValueError for an unknown key, cell or size."""
    model = parse(SentencesParams, run.model, f"model of {run.name}")
    build_cell(model.cell, 1, model.hidden_size)
    return model, parse(TrainingParams, run.training, f"training of {run.name}")


def train(run: Run, tables: Path, out: Path, log: Log) -> Row:
    """Trains on `tables` and fills the folder `out`; returns the run's figures.

    Written: `model.safetensors`, `history.csv`, `metrics.json`, and of the test split `predictions.csv`,
    `neighbours.csv` and `pairs.png`. The epoch is chosen on val; test is read once, at the end. A
    `checkpoint.safetensors` in `out` is resumed from and then removed.
    """
    params, training = settings(run)
    splits = load_splits(tables)
    device = choose_device(run.device)
    torch.manual_seed(run.seed)
    writing = Writing.of(list(splits["train"]["text"]), "words", least=params.least_count)
    model = build_autoencoder(params, len(writing.symbols)).to(device)
    sentences = {split: [writing.numbers(text) for text in table["text"]] for split, table in splits.items()}

    def batches(epoch: int) -> list[Batch]:
        rng = np.random.default_rng((run.seed, epoch))
        return [batch.to(device) for batch in batches_of_epoch(sentences["train"], training.batch_size, rng)]

    def loss(model: nn.Module, batch: Batch) -> Tensor:
        assert isinstance(model, Seq2Seq)
        return model.loss(batch, training.label_smoothing)

    def validate(model: nn.Module) -> Row:
        assert isinstance(model, Seq2Seq)
        found = written_again(model, sentences["val"], GREEDY)
        return {"val_exact": _percent(said == read for said, read in zip(found, sentences["val"], strict=True))}

    fitted = fit(
        model,
        training,
        batches=batches,
        loss=loss,
        validate=validate,
        monitor="val_exact",
        log=log,
        resume_from=out / "checkpoint.safetensors",
    )
    known = list(splits["train"]["text"][:KNOWN])
    checkpoint.save(
        out / "model.safetensors",
        {
            "weights": model.state_dict(),
            "params": vars(params),
            "writing": writing.state(),
            "known": known,
            "codes": codes_of(model, [writing.numbers(text) for text in known]),
        },
    )
    figures = _evaluate(out, model, params, splits["test"], sentences["test"])
    return write_results(out, model, fitted, {f"test_{name}": value for name, value in figures.items()})


def written_again(model: Seq2Seq, sentences: list[list[int]], params: BeamParams) -> list[list[int]]:
    """What the decoder makes of each sentence's code, in the order of `sentences`."""
    found = outputs(model, sentences, as_source, lambda sentence: 2 * len(sentence) + 5, params)
    return [list(hypotheses[0].symbols) for hypotheses in found]


def load_autoencoder(path: Path) -> tuple[Seq2Seq, Writing, SentencesParams, list[str], Tensor]:
    """The auto-encoder saved at `path`, ready to answer, and the known sentences with their codes."""
    state = checkpoint.load(path)
    params = parse(SentencesParams, state["params"], f"params in {path}")
    writing = Writing.from_state(state["writing"])
    model = build_autoencoder(params, len(writing.symbols))
    model.load_state_dict(state["weights"])
    return model.eval(), writing, params, state["known"], state["codes"]


def nearest(codes: Tensor, known: Tensor) -> Tensor:
    """The places in `known` (M, E) by their angle to each of codes (B, E), nearest first: (B, M)."""
    cosines = nn.functional.normalize(codes, dim=1) @ nn.functional.normalize(known, dim=1).T
    return cosines.argsort(dim=1, descending=True, stable=True)


def _evaluate(
    out: Path, model: Seq2Seq, params: SentencesParams, table: pd.DataFrame, sentences: list[list[int]]
) -> Row:
    """Writes predictions, neighbours and the picture of pairs; returns the figures, in percent."""
    said = written_again(model, sentences, params)
    exact = [one == read for one, read in zip(said, sentences, strict=True)]
    words = [
        sum(a == b for a, b in zip(one, read, strict=False)) / max(len(one), len(read))
        for one, read in zip(said, sentences, strict=True)
    ]
    texts = table["text"].reset_index(drop=True)
    codes, counts = codes_of(model, sentences), bags(sentences, model.embedding.num_embeddings)
    pairs = swapped_pairs(table)
    table.assign(exact=exact).to_csv(out / "predictions.csv", index=False)
    rows = []
    for place, by_code, by_bag in zip(range(SHOWN), nearest(codes, codes), nearest(counts, counts), strict=False):
        others = [next(int(other) for other in ordered if int(other) != place) for ordered in (by_code, by_bag)]
        rows.append((texts[place], *(texts[other] for other in others)))
    pd.DataFrame(rows, columns=["sentence", "nearest code", "nearest bag"]).to_csv(out / "neighbours.csv", index=False)
    plots.pairs(codes.double().numpy(), pairs[:SHOWN], out / "pairs.png")
    return {
        "exact": _percent(exact),
        "words": 100 * float(np.mean(words)),
        "pairs_apart": _percent(exact[a] and exact[b] and not torch.equal(codes[a], codes[b]) for a, b in pairs),
        "pairs_alike": _percent(torch.equal(counts[a], counts[b]) for a, b in pairs),
    }


def _percent(right: Iterable[bool]) -> float:
    values = list(right)
    return 100 * sum(values) / len(values) if values else 0.0
