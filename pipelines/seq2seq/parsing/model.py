"""A parser's settings."""

from dataclasses import dataclass

from pipelines.seq2seq.text_model import TextParams


@dataclass(frozen=True)
class ParserParams(TextParams):
    """The model that writes trees, and the grammar to compare it with."""

    history: int  # sisters that a rule of the PCFG remembers
