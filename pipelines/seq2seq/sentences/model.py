"""An auto-encoder's shape, and how it is built: a decoder that sees nothing of its source but one vector."""

from dataclasses import dataclass

import torch
from torch import Tensor

from pipelines.seq2seq.encoders import SymbolEncoder
from pipelines.seq2seq.model import DecoderParams, Seq2Seq
from pipelines.seq2seq.search import BeamParams
from pipelines.seq2seq.symbols import as_source

AT_ONCE = 256  # sentences


@dataclass(frozen=True)
class SentencesParams(DecoderParams, BeamParams):
    """The encoder, the decoder, and how sentences are searched for."""

    bidirectional: bool  # the encoder: the code is the last output of each direction
    least_count: int  # a word that training has more rarely is unknown

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.attention != "none":
            raise ValueError(
                f"attention is {self.attention!r}: an auto-encoder that looks back at its words needs no code; set it "
                "to none"
            )


def build_autoencoder(params: SentencesParams, symbols: int) -> Seq2Seq:
    encoder = SymbolEncoder(
        symbols,
        params.embedding_size,
        cell=params.cell,
        hidden_size=params.hidden_size,
        num_layers=params.num_layers,
        bidirectional=params.bidirectional,
        dropout=params.dropout,
    )
    model = Seq2Seq(encoder, params, symbols)
    encoder.embedding.weight = model.embedding.weight  # words that are read and written are the same
    return model


def codes_of(model: Seq2Seq, sentences: list[list[int]]) -> Tensor:
    """The code of each sentence (B, E)."""
    device = next(model.parameters()).device
    found = []
    with torch.inference_mode():
        for start in range(0, len(sentences), AT_ONCE):
            source, lengths = as_source(sentences[start : start + AT_ONCE])
            found.append(model.encode(source.to(device), lengths.to(device)).code.cpu())
    return torch.cat(found)
