"""A parser's settings."""

from dataclasses import dataclass

from pipelines.seq2seq.text_model import TextParams


@dataclass(frozen=True)
class ParserParams(TextParams):
    """The model that writes trees, and the grammar to compare it with."""

    beam_size: int = 1
    length_penalty: float = 0.0
    history: int = 1  # sisters that a rule of the PCFG remembers
