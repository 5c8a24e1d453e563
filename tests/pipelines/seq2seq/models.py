"""Tiny encoder-decoders in float64 with weights that are not small, so that no mistake hides behind a zero."""

from collections.abc import Sequence

import torch
from torch import nn

from pipelines.seq2seq.attention import Kind
from pipelines.seq2seq.encoders import SymbolEncoder
from pipelines.seq2seq.model import Batch, DecoderParams, Seq2Seq
from pipelines.seq2seq.symbols import collate_sources, collate_targets

SYMBOLS = 7  # the special ones among them
HIDDEN = 10  # divides into Clockwork's five modules


def tiny(
    kind: Kind,
    *,
    cell: str = "lstm",
    num_layers: int = 1,
    input_feeding: bool = False,
    tied: bool = False,
    embedding_size: int = HIDDEN,
    symbols: int = SYMBOLS,
    seed: int = 0,
) -> Seq2Seq:
    torch.manual_seed(seed)
    encoder = SymbolEncoder(SYMBOLS, 4, cell=cell, hidden_size=HIDDEN, num_layers=1, bidirectional=True, dropout=0.0)
    params = DecoderParams(
        cell=cell,
        hidden_size=HIDDEN,
        num_layers=num_layers,
        embedding_size=embedding_size,
        attention=kind,
        input_feeding=input_feeding,
        tied=tied,
        dropout=0.0,
    )
    model = Seq2Seq(encoder, params, symbols).double().eval()
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.5)
    return model


def batch_of(sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]) -> Batch:
    return Batch(*collate_sources(sources), collate_targets(targets))
