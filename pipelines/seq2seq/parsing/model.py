"""A parser's shape, and how it is built."""

from dataclasses import dataclass

from pipelines.seq2seq.encoders import SymbolEncoder
from pipelines.seq2seq.model import DecoderParams, Seq2Seq
from pipelines.seq2seq.parsing.data import Writing
from pipelines.seq2seq.search import BeamParams


@dataclass(frozen=True)
class ParserParams(DecoderParams, BeamParams):
    """The encoder and what training changes; the decoder; how trees are searched for; the grammar to compare with."""

    bidirectional: bool  # the encoder
    least_count: int  # a word that training has more rarely is unknown
    history: int  # sisters that a rule of the PCFG remembers


def build_parser(params: ParserParams, writing: Writing) -> Seq2Seq:
    encoder = SymbolEncoder(
        len(writing.words),
        params.embedding_size,
        cell=params.cell,
        hidden_size=params.hidden_size,
        num_layers=params.num_layers,
        bidirectional=params.bidirectional,
        dropout=params.dropout,
    )
    return Seq2Seq(encoder, params, len(writing.symbols))
