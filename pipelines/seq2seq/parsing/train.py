"""One run of a parser, from tables to weights, figures and pictures. Knows neither MLflow nor Prefect."""

from collections.abc import Sequence
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
from pipelines.seq2seq.parsing.brackets import score
from pipelines.seq2seq.parsing.constraint import TreeConstraint
from pipelines.seq2seq.parsing.data import Writing, batches_of_epoch
from pipelines.seq2seq.parsing.model import ParserParams, build_parser
from pipelines.seq2seq.parsing.pcfg import Grammar, linear, tree_of
from pipelines.seq2seq.parsing.trees import is_tree, with_words
from pipelines.seq2seq.search import GREEDY, BeamParams
from pipelines.seq2seq.symbols import Symbols, as_source
from pipelines.tables import load_splits
from pipelines.training import Log, Row, TrainingParams, choose_device, fit, write_results

DRAWN = 12  # words of the sentence in the picture, at most


def settings(run: Run) -> tuple[ParserParams, TrainingParams]:
    """What params.yaml says of a run, checked. Raises ValueError for an unknown key, cell or size."""
    model = parse(ParserParams, run.model, f"model of {run.name}")
    build_cell(model.cell, 1, model.hidden_size)
    return model, parse(TrainingParams, run.training, f"training of {run.name}")


def train(run: Run, tables: Path, out: Path, log: Log) -> Row:
    """Trains on `tables` and fills the folder `out`; returns the run's figures.

    Written: `model.safetensors`, `history.csv`, `metrics.json`, and of the test split `predictions.csv` and `tree.png`.
    The epoch is chosen on val; test is read once, at the end. A `checkpoint.safetensors` in `out` is resumed from and
    then removed.
    """
    params, training = settings(run)
    splits = load_splits(tables)
    device = choose_device(run.device)
    torch.manual_seed(run.seed)
    writing = Writing.of(splits["train"], params.least_count)
    model = build_parser(params, writing).to(device)
    pairs = writing.pairs(splits["train"])

    def batches(epoch: int) -> list[Batch]:
        rng = np.random.default_rng((run.seed, epoch))
        return [batch.to(device) for batch in batches_of_epoch(pairs, training.batch_size, rng)]

    def loss(model: nn.Module, batch: Batch) -> Tensor:
        assert isinstance(model, Seq2Seq)
        return model.loss(batch, training.label_smoothing)

    def validate(model: nn.Module) -> Row:
        assert isinstance(model, Seq2Seq)
        found = trees(model, writing, list(splits["val"]["text"].str.split()), GREEDY)
        return {"val_f1": score(list(splits["val"]["linear"].str.split()), found).f1}

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
    checkpoint.save(
        out / "model.safetensors",
        {
            "weights": model.state_dict(),
            "params": vars(params),
            "words": writing.words.names,
            "symbols": writing.symbols.names,
        },
    )
    figures = _evaluate(out, model, writing, params, splits["test"])
    figures["pcfg_f1"] = pcfg_f1(splits["train"], splits["test"], params.history)
    return write_results(out, model, fitted, figures)


def trees(
    model: Seq2Seq, writing: Writing, sentences: Sequence[list[str]], params: BeamParams, *, free: bool = False
) -> list[list[str]]:
    """The linear tree of each sentence, in their order; if `free`, whatever is likeliest, be it a tree or not."""
    sources = [writing.words.numbers(words) for words in sentences]
    names = writing.symbols.names
    built = None if free else lambda source: TreeConstraint(names, len(source), longest(source))
    found = outputs(model, sources, as_source, longest, params, constraint=built)
    return [writing.symbols.sequence(hypotheses[0].symbols) for hypotheses in found]


def longest(source: Sequence[int]) -> int:
    """The most symbols of a tree."""
    return 20 + 6 * len(source)


def pcfg_f1(train: pd.DataFrame, test: pd.DataFrame, history: int) -> float:
    """Bracket F1 on test of the grammar counted on train."""
    rows = zip(train["linear"].str.split(), train["text"].str.split(), strict=True)
    grammar = Grammar([tree_of(symbols, words) for symbols, words in rows], history)
    found = []
    for words in test["text"].str.split():
        parsed = grammar.parse(words)
        found.append(linear(parsed[0]) if parsed else [])
    return score(list(test["linear"].str.split()), found).f1


def load_parser(path: Path) -> tuple[Seq2Seq, Writing, ParserParams]:
    """The parser saved at `path`, ready to parse."""
    state = checkpoint.load(path)
    params = parse(ParserParams, state["params"], f"params in {path}")
    writing = Writing(Symbols(tuple(state["words"])), Symbols(tuple(state["symbols"])))
    model = build_parser(params, writing)
    model.load_state_dict(state["weights"])
    return model.eval(), writing, params


def _evaluate(out: Path, model: Seq2Seq, writing: Writing, params: ParserParams, table: pd.DataFrame) -> Row:
    """Writes the trees of test, with the constraint and without, and draws one; returns their figures."""
    sentences, gold = list(table["text"].str.split()), list(table["linear"].str.split())
    found = trees(model, writing, sentences, params)
    free = trees(model, writing, sentences, params, free=True)
    whole = [is_tree(symbols, len(words)) for symbols, words in zip(free, sentences, strict=True)]
    table.assign(found=[" ".join(symbols) for symbols in found], free=[" ".join(symbols) for symbols in free]).to_csv(
        out / "predictions.csv", index=False
    )
    drawn = max(range(len(sentences)), key=lambda row: len(sentences[row]) if len(sentences[row]) <= DRAWN else 0)
    plots.tree(with_words(found[drawn], sentences[drawn]), out / "tree.png")
    figures = score(gold, found)
    return {
        "test_f1": figures.f1,
        "test_exact": 100 * figures.exact / figures.sentences,
        "test_f1_free": score(gold, free).f1,
        "test_well_formed": 100 * float(np.mean(whole)),
    }
