"""Translation: tables of pairs and their languages. Tables have the columns id, source and target."""

import pandas as pd

from pipelines.seq2seq.pairs import Languages, Pair
from pipelines.seq2seq.texts import Writing
from pipelines.seq2seq.translation.model import TranslatorParams


def turned(table: pd.DataFrame) -> pd.DataFrame:
    """The other direction: source and target exchanged."""
    return table.assign(source=table["target"], target=table["source"])


def languages_of(train: pd.DataFrame, params: TranslatorParams) -> Languages:
    """The writing of both sides of the training texts."""
    units = (params.source_units, params.target_units)
    read, written = units[::-1] if params.reverse else units
    least, subwords = params.least_count, params.subwords
    return Languages(
        Writing.of(list(train["source"]), read, lower=params.lower_source, least=least, subwords=subwords),
        Writing.of(list(train["target"]), written, least=least, subwords=subwords),
    )


def whole_length(pair: Pair) -> int:
    """Symbols of both sides."""
    return len(pair[0]) + len(pair[1])
