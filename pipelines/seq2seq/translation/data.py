"""Translation: tables of pairs and their languages. Tables have the columns id, source and target."""

import pandas as pd

from pipelines.seq2seq.pairs import Languages, Pair
from pipelines.seq2seq.tokenizer import Tokenizer
from pipelines.seq2seq.translation.model import TranslatorParams


def reversed_direction(table: pd.DataFrame) -> pd.DataFrame:
    """The table for the other direction: source and target exchanged."""
    return table.assign(source=table["target"], target=table["source"])


def languages_of(train: pd.DataFrame, params: TranslatorParams) -> Languages:
    """The tokenizers of both sides of the training texts."""
    units = (params.source_units, params.target_units)
    of_source, of_target = units[::-1] if params.reverse else units
    min_count, subwords = params.min_count, params.subwords
    return Languages(
        Tokenizer.of(
            list(train["source"]), of_source, lower=params.lower_source, min_count=min_count, subwords=subwords
        ),
        Tokenizer.of(list(train["target"]), of_target, min_count=min_count, subwords=subwords),
    )


def pair_length(pair: Pair) -> int:
    """Symbols of both sides."""
    return len(pair[0]) + len(pair[1])
