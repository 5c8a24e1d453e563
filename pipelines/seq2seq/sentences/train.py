"""One run of an auto-encoder, from tables to weights, figures and pictures. It uses neither MLflow nor Prefect."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from pipelines.nn.training import (
    CHECKPOINT,
    TrainingParams,
    choose_device,
    drawn_each_epoch,
    fit,
    write_results,
)
from pipelines.reporting import plots
from pipelines.seq2seq.learning import checked_settings
from pipelines.seq2seq.model import Seq2Seq
from pipelines.seq2seq.pairs import Languages, batches_of_epoch
from pipelines.seq2seq.sentences.data import bags, swapped_pairs
from pipelines.seq2seq.sentences.inference import codes_of, nearest, reconstruct, save_autoencoder
from pipelines.seq2seq.sentences.model import SentencesParams, build_autoencoder
from pipelines.seq2seq.tokenizer import Tokenizer
from pipelines.settings import Run
from pipelines.tables import load_splits
from pipelines.task import Log, Row

KNOWN_SENTENCES = 1000  # of training, which are saved with the model as neighbours of new ones
SHOWN = 40  # pairs in the picture, sentences in the table of neighbours


def settings(run: Run) -> tuple[SentencesParams, TrainingParams]:
    """The settings of a run, checked. Raises ValueError for an unknown key, cell or size."""
    return checked_settings(run, SentencesParams)


def train(run: Run, tables: Path, out: Path, log: Log) -> Row:
    """Trains on `tables` and fills the folder `out`; returns the run's figures.

    Written: `model.safetensors`, `history.csv`, `metrics.json`, and of the test split `predictions.csv`,
    `neighbours.csv` and `pairs.png`. The epoch is chosen on val; test is read once, at the end. A
    `checkpoint.safetensors` in `out` is resumed from and then removed.
    """
    params, training = settings(run)
    splits = load_splits(tables)
    torch.manual_seed(run.seed)
    tokenizer = Tokenizer.of(splits["train"]["text"], "words", min_count=params.min_count)
    languages = Languages(tokenizer, tokenizer)
    device = choose_device(run.device)
    model = build_autoencoder(params, languages).to(device)
    sentences = {split: [tokenizer.encode(text) for text in splits[split]["text"]] for split in ("train", "val")}
    pairs = [(sentence, sentence) for sentence in sentences["train"]]

    def validate(model: Seq2Seq) -> Row:
        found = reconstruct(model, sentences["val"], params)
        return {"val_exact": _percent(output == read for output, read in zip(found, sentences["val"], strict=True))}

    fitted = fit(
        model,
        training,
        batches=drawn_each_epoch(run.seed, device, lambda rng: batches_of_epoch(pairs, training.batch_size, rng)),
        loss=lambda model, batch: model.loss(batch, training.label_smoothing),
        validate=validate,
        monitor="val_exact",
        log=log,
        resume_from=out / CHECKPOINT,
    )
    known = list(splits["train"]["text"][:KNOWN_SENTENCES])
    codes = codes_of(model, sentences["train"][:KNOWN_SENTENCES])
    save_autoencoder(out / "model.safetensors", model, params, languages, known=known, codes=codes)
    figures = _evaluate(out, model, tokenizer, params, splits["test"])
    return write_results(out, model, fitted, {f"test_{name}": value for name, value in figures.items()})


def _evaluate(
    out: Path,
    model: Seq2Seq,
    tokenizer: Tokenizer,
    params: SentencesParams,
    table: pd.DataFrame,
) -> Row:
    """Writes predictions, neighbours and the picture of pairs; returns the figures, in percent.

    Where there are no pairs, the figures of pairs are 100.
    """
    sentences = [tokenizer.encode(text) for text in table["text"]]
    outputs = reconstruct(model, sentences, params)
    exact = [one == read for one, read in zip(outputs, sentences, strict=True)]
    words = [
        sum(a == b for a, b in zip(one, read, strict=False)) / max(len(one), len(read))
        for one, read in zip(outputs, sentences, strict=True)
    ]
    texts = table["text"].reset_index(drop=True)
    codes, counts = codes_of(model, sentences), bags(sentences, model.embedding.num_embeddings)
    pairs = swapped_pairs(table)
    table.assign(written=[tokenizer.decode(one) for one in outputs], exact=exact).to_csv(
        out / "predictions.csv", index=False
    )
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
    return 100 * sum(values) / len(values) if values else 100.0
