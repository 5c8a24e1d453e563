"""How good translations are: BLEU, over all and over the length of the source; and the attention behind them."""

import html
import itertools
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from pipelines.files import write_atomically
from pipelines.reporting import metrics, plots
from pipelines.seq2seq.model import Seq2Seq
from pipelines.seq2seq.pairs import Languages, batch_of
from pipelines.seq2seq.search import Hypothesis
from pipelines.seq2seq.tokenizer import WORD
from pipelines.task import Row

LENGTH_BOUNDS = (0, 4, 6, 8, 10, 12, 15, 20, np.inf)  # symbols of a source: the ends of the groups
MIN_GROUP_SIZE = 10  # sentences, below which a group's BLEU is not reported
DRAWN_SENTENCES = 8  # whose attention is drawn

PAGE = """<!doctype html><meta charset="utf-8"><title>Attention</title>
<style>body{font:14px sans-serif}table{border-collapse:collapse;margin:1em 0 2em}td,th{padding:2px 6px;
font-weight:normal;text-align:center}</style>
"""


def write_evaluation(
    out: Path, model: Seq2Seq, languages: Languages, table: pd.DataFrame, found: Sequence[Hypothesis], *, language: str
) -> Row:
    """Writes the translations of `table` with all that is reported of them; returns their figures."""
    translated = [languages.target.decode(hypothesis.symbols) for hypothesis in found]
    lengths = table["source"].map(lambda text: len(languages.source.split(text))).to_numpy()
    predicted = table.assign(translation=translated, length=lengths, cut=[hypothesis.is_cut for hypothesis in found])
    predicted.to_csv(out / "predictions.csv", index=False)
    groups = by_length(predicted, language)
    plots.bars_over(groups["bleu"], groups["sentences"], "symbols of the source", "BLEU (test)", out / "lengths.png")
    references = list(table["target"])
    whole = {"bleu": metrics.bleu(references, translated, language), "chrf": metrics.chrf(references, translated)}
    written = {"signature": metrics.bleu_signature(language), "bleu": round(whole["bleu"], 4)}
    written |= {"tokenised": metrics.tokenised_bleu(_tokenised(table["target"]), _tokenised(translated))}
    written |= {"by_length": groups.round(4).to_dict("index")}
    write_atomically(out / "bleu.json", json.dumps(written, indent=2, ensure_ascii=False).encode())
    _draw_attention(out / "attention.html", model, languages, predicted, found)
    short, long = thirds(predicted)
    return {
        **whole,
        "bleu_short": _bleu(short, language),
        "bleu_long": _bleu(long, language),
        "exact": 100 * float((predicted["translation"] == predicted["target"]).mean()),
        "cut": 100 * float(predicted["cut"].mean()),
    }


def by_length(predicted: pd.DataFrame, language: str) -> pd.DataFrame:
    """BLEU and the number of sentences in each group of lengths, without groups that are too small."""
    names = [
        f"{int(low) + 1}-{int(high)}" if np.isfinite(high) else f"{int(low) + 1}+"
        for low, high in itertools.pairwise(LENGTH_BOUNDS)
    ]
    group = pd.cut(predicted["length"], list(LENGTH_BOUNDS), labels=names)
    rows = {
        str(name): {"bleu": _bleu(part, language), "sentences": len(part)}
        for name, part in predicted.groupby(group, observed=True)
        if len(part) >= MIN_GROUP_SIZE
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=["bleu", "sentences"])


def thirds(predicted: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The third of the rows with the shortest sources and that with the longest."""
    ordered = predicted.sort_values("length", kind="stable")
    size = max(1, len(ordered) // 3)
    return ordered[:size], ordered[-size:]


def _bleu(rows: pd.DataFrame, language: str) -> float:
    return metrics.bleu(list(rows["target"]), list(rows["translation"]), language)


def _tokenised(texts: Iterable[str]) -> list[str]:
    return [" ".join(WORD.findall(text)) for text in texts]


def _draw_attention(
    path: Path, model: Seq2Seq, languages: Languages, predicted: pd.DataFrame, found: Sequence[Hypothesis]
) -> None:
    """A page with the attention of some sentences, one table each, as a browser has fonts for all scripts.

    Columns are source symbols, rows the symbols of the translation, and attention is a shade of blue.
    """
    chosen = predicted.reset_index(drop=True).sort_values("length", kind="stable").index
    places = chosen[np.linspace(0, len(chosen) - 1, min(DRAWN_SENTENCES, len(chosen))).astype(int)]
    parts = [PAGE]
    for place in places:
        source, symbols = predicted["source"].iloc[place], list(found[place].symbols)
        device = next(model.parameters()).device
        with torch.inference_mode():
            batch = batch_of([(languages.source.encode(source), symbols)]).to(device)
            weights = model.attend(batch)[0].cpu().numpy()
        read = languages.source.split(source)
        written = [*languages.target.symbols.decode(symbols), "(stop)"]
        parts.append(attention_table(read, written, weights))
    write_atomically(path, "".join(parts).encode())


def attention_table(read: Sequence[str], written: Sequence[str], weights: np.ndarray) -> str:
    """The weights (written, read) as an HTML table."""
    lines = ["<table><tr><th></th>", *(f"<th>{html.escape(word)}</th>" for word in read), "</tr>\n"]
    for symbol, row in zip(written, weights, strict=True):
        cells = [
            f'<td style="background:rgba(51,115,204,{weight:.3f})" title="{weight:.3f}"></td>'
            for weight in row[: len(read)]
        ]
        lines += [f"<tr><th>{html.escape(symbol)}</th>", *cells, "</tr>\n"]
    return "".join([*lines, "</table>\n"])
