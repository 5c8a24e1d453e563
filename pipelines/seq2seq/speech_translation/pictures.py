"""A picture of a speech translator's attention."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from torch import Tensor

from pipelines.reporting.plots import over_time
from pipelines.seq2seq.search import Hypothesis
from pipelines.seq2seq.speech_translation.model import Translator

NUMERALS = dict(zip("零一二三四五六七八九", "0123456789", strict=True))  # matplotlib's own font has none of them


def draw_attention(
    path: Path, model: Translator, predicted: pd.DataFrame, features: Sequence[Tensor], found: Sequence[Hypothesis]
) -> None:
    """The spectrogram of a recording of median length, and below it the attention of each symbol to it."""
    order = predicted["seconds"].to_numpy().argsort(kind="stable")
    index = int(order[len(order) // 2])
    symbols = found[index].symbols
    weights = model.attention(features[index], symbols)  # (T, S')
    params = model.params
    names = [shown(symbol) for symbol in model.tokenizer.symbols.decode(symbols)]
    each = np.repeat(weights.numpy(), params.frames_of_a_place, axis=1)[:, : len(features[index])]
    over_time(features[index].numpy(), each, [*names, "(stop)"], params.hop / params.sample_rate, path)


def shown(symbol: str) -> str:
    """A symbol in letters that the font has: numerals as digits, other ideographs by their number."""
    if symbol in NUMERALS:
        return NUMERALS[symbol]
    return symbol if symbol.isascii() else " ".join(f"U+{ord(character):04X}" for character in symbol)
