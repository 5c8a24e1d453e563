"""One run of a parser, from tables to weights, figures and pictures. It uses neither MLflow nor
Prefect.

Tables have the columns id, text (words with blanks between them) and linear (the tree, see trees.py).
"""

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
from pipelines.seq2seq.parsing.brackets import score
from pipelines.seq2seq.parsing.inference import save_parser, trees
from pipelines.seq2seq.parsing.model import ParserParams
from pipelines.seq2seq.parsing.pcfg import Grammar, linear, tree_of
from pipelines.seq2seq.parsing.trees import is_tree, with_words
from pipelines.seq2seq.search import GREEDY
from pipelines.seq2seq.text_model import build_text_model
from pipelines.seq2seq.tokenizer import Tokenizer
from pipelines.settings import Run
from pipelines.tables import load_splits
from pipelines.task import Log, Row

MAX_WORDS_DRAWN = 12  # of the sentence in the picture


def settings(run: Run) -> tuple[ParserParams, TrainingParams]:
    """The settings of a run, checked. Raises ValueError for an unknown key, cell or size."""
    return checked_settings(run, ParserParams)


def train(run: Run, tables: Path, out: Path, log: Log) -> Row:
    """Trains on `tables` and fills the folder `out`; returns the run's figures.

    Written: `model.safetensors`, `history.csv`, `metrics.json`, and of the test split `predictions.csv` and `tree.png`.
    The epoch is chosen on val; test is read once, at the end. A `checkpoint.safetensors` in `out` is resumed from and
    then removed.
    """
    params, training = settings(run)
    splits = load_splits(tables)
    torch.manual_seed(run.seed)
    texts, linear = splits["train"]["text"], splits["train"]["linear"]
    languages = Languages(Tokenizer.of(texts, "tokens", min_count=params.min_count), Tokenizer.of(linear, "tokens"))
    device = choose_device(run.device)
    model = build_text_model(params, languages).to(device)
    pairs = languages.pairs(texts, linear)

    def validate(model: Seq2Seq) -> Row:
        found = trees(model, languages, list(splits["val"]["text"].str.split()), GREEDY)
        return {"val_f1": score(list(splits["val"]["linear"].str.split()), found).f1}

    fitted = fit(
        model,
        training,
        batches=drawn_each_epoch(run.seed, device, lambda rng: batches_of_epoch(pairs, training.batch_size, rng)),
        loss=lambda model, batch: model.loss(batch, training.label_smoothing),
        validate=validate,
        monitor="val_f1",
        log=log,
        resume_from=out / CHECKPOINT,
    )
    save_parser(out / "model.safetensors", model, params, languages)
    figures = _evaluate(out, model, languages, params, splits["test"])
    figures["pcfg_f1"] = pcfg_f1(splits["train"], splits["test"], params.history)
    return write_results(out, model, fitted, figures)


def pcfg_f1(train: pd.DataFrame, test: pd.DataFrame, history: int) -> float:
    """Bracket F1 on test of the grammar counted on train."""
    rows = zip(train["linear"].str.split(), train["text"].str.split(), strict=True)
    grammar = Grammar([tree_of(symbols, words) for symbols, words in rows], history)
    found = []
    for words in test["text"].str.split():
        parsed = grammar.parse(words)
        found.append(linear(parsed[0]) if parsed else [])
    return score(list(test["linear"].str.split()), found).f1


def _evaluate(out: Path, model: Seq2Seq, languages: Languages, params: ParserParams, table: pd.DataFrame) -> Row:
    """Writes the trees of test, with the constraint and without, and draws one; returns their figures."""
    sentences, gold = list(table["text"].str.split()), list(table["linear"].str.split())
    found = trees(model, languages, sentences, params)
    free = trees(model, languages, sentences, params, is_free=True)
    whole = [is_tree(symbols, len(words)) for symbols, words in zip(free, sentences, strict=True)]
    table.assign(found=[" ".join(symbols) for symbols in found], free=[" ".join(symbols) for symbols in free]).to_csv(
        out / "predictions.csv", index=False
    )
    drawn = max(
        range(len(sentences)), key=lambda row: len(sentences[row]) if len(sentences[row]) <= MAX_WORDS_DRAWN else 0
    )
    plots.tree(with_words(found[drawn], sentences[drawn]), out / "tree.png")
    figures = score(gold, found)
    return {
        "test_f1": figures.f1,
        "test_exact": 100 * figures.exact / figures.sentences,
        "test_f1_free": score(gold, free).f1,
        "test_well_formed": 100 * float(np.mean(whole)),
    }
