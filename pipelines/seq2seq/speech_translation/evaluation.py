"""What translations of speech are worth: BLEU, over all and over the length of the sound, and where they looked."""

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from torch import Tensor

from pipelines.files import write_atomically
from pipelines.reporting import metrics, plots
from pipelines.seq2seq.search import Hypothesis
from pipelines.seq2seq.speech_translation.model import Cascade, Translator
from pipelines.seq2seq.speech_translation.pictures import draw_attention
from pipelines.sound.recordings import Split
from pipelines.task import Row

GROUPS = 5  # of recordings, by length
FEWEST = 10  # recordings of a group, below which its BLEU says nothing


def write_evaluation(
    out: Path, model: Translator, split: Split, features: Sequence[Tensor], found: Sequence[Hypothesis]
) -> Row:
    """Writes what is known of the translations `found` of a split and returns their figures."""
    params = model.params
    texts = [model.writing.text(hypothesis.symbols) for hypothesis in found]
    predicted = split.rows[["id", "text", "speaker"]].assign(
        translation=texts,
        seconds=[round(len(waveform) / params.sample_rate, 3) for waveform in split.waveforms],
        cut=[hypothesis.cut for hypothesis in found],
    )
    figures: Row = {}
    if isinstance(model, Cascade):
        predicted["said"], predicted["recognised"] = split.rows["said"], model.transcripts(features)
        figures["cer"] = metrics.error_rates(list(predicted["said"]), list(predicted["recognised"]))["cer"]
    predicted.to_csv(out / "predictions.csv", index=False)
    groups = by_seconds(predicted, params.language)
    plots.bars_over(
        groups["bleu"], groups["recordings"], "seconds of the recording", "BLEU (test)", out / "lengths.png"
    )
    whole = metrics.bleu(list(predicted["text"]), texts, params.language)
    written = {"signature": metrics.bleu_signature(params.language), "bleu": round(whole["bleu"], 4)}
    written |= {"by_length": groups.round(4).to_dict("index")}
    write_atomically(out / "bleu.json", json.dumps(written, indent=2, ensure_ascii=False).encode())
    draw_attention(out / "attention.png", model, predicted, features, found)
    short, long = thirds(predicted)
    return {
        **whole,
        "bleu_short": _bleu(short, params.language),
        "bleu_long": _bleu(long, params.language),
        "exact": 100 * float((predicted["translation"] == predicted["text"]).mean()),
        "cut": 100 * float(predicted["cut"].mean()),
        **figures,
    }


def by_seconds(predicted: pd.DataFrame, language: str) -> pd.DataFrame:
    """BLEU and the number of recordings in groups of about the same size, from short to long; none is too small."""
    groups = min(GROUPS, max(1, len(predicted) // FEWEST))
    group = pd.qcut(predicted["seconds"].rank(method="first"), groups, labels=False)
    rows = {}
    for _, part in predicted.groupby(group):
        name = f"{part['seconds'].min():.1f}-{part['seconds'].max():.1f}"
        rows[name] = {"bleu": _bleu(part, language), "recordings": len(part)}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["bleu", "recordings"])


def thirds(predicted: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The third of the rows with the shortest recordings and that with the longest."""
    ordered = predicted.sort_values("seconds", kind="stable")
    size = max(1, len(ordered) // 3)
    return ordered[:size], ordered[-size:]


def _bleu(rows: pd.DataFrame, language: str) -> float:
    return metrics.bleu(list(rows["text"]), list(rows["translation"]), language)["bleu"]
