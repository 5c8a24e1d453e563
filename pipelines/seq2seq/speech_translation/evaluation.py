"""How good translations of speech are: BLEU, over all and over the length of the sound; and their attention."""

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
from pipelines.sound.recordings import Recordings
from pipelines.task import Row

GROUPS = 5  # of recordings, by length
MIN_GROUP_SIZE = 10  # recordings


def write_evaluation(
    out: Path, model: Translator, split: Recordings, features: Sequence[Tensor], found: Sequence[Hypothesis]
) -> Row:
    """Writes the translations `found` of a split with all that is reported of them; returns their figures."""
    params = model.params
    texts = [model.tokenizer.decode(hypothesis.symbols) for hypothesis in found]
    predicted = split.rows[["id", "text", "speaker"]].assign(
        translation=texts,
        seconds=[round(len(waveform) / params.sample_rate, 3) for waveform in split.waveforms],
        cut=[hypothesis.is_cut for hypothesis in found],
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
    references = list(predicted["text"])
    whole = {"bleu": metrics.bleu(references, texts, params.language), "chrf": metrics.chrf(references, texts)}
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
    groups = min(GROUPS, max(1, len(predicted) // MIN_GROUP_SIZE))
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
    return metrics.bleu(list(rows["text"]), list(rows["translation"]), language)
