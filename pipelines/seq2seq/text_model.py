"""A model from symbols to symbols: its settings, and how it is built, saved and loaded."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from params import parse
from pipelines.seq2seq.encoders import SymbolEncoder
from pipelines.seq2seq.model import DecoderParams, Seq2Seq
from pipelines.seq2seq.pairs import Languages
from pipelines.seq2seq.search import BeamParams


@dataclass(frozen=True)
class TextParams(DecoderParams, BeamParams):
    """The shapes of encoder and decoder, and how outputs are searched for."""

    bidirectional: bool = True  # the encoder; the decoder never is
    min_count: int = 1  # a symbol that training has more rarely is unknown


Params = TypeVar("Params", bound=TextParams)


def build_text_model(params: TextParams, languages: Languages) -> Seq2Seq:
    encoder = SymbolEncoder(
        len(languages.source.symbols),
        params.embedding_size,
        cell=params.cell,
        hidden_size=params.hidden_size,
        num_layers=params.num_layers,
        bidirectional=params.bidirectional,
        dropout=params.dropout,
    )
    return Seq2Seq(encoder, params, len(languages.target.symbols))


def state_of(model: Seq2Seq, params: TextParams, languages: Languages) -> dict[str, Any]:
    """All that decoding needs, as the state of a checkpoint."""
    return {"weights": model.state_dict(), "params": vars(params), "languages": languages.state()}


def from_state(
    state: Mapping[str, Any],
    kind: type[Params],
    build: Callable[[Params, Languages], Seq2Seq] = build_text_model,
) -> tuple[Seq2Seq, Languages, Params]:
    """The model of a state that `state_of` made, ready to decode."""
    params = parse(kind, state["params"], "params of a saved model")
    languages = Languages.from_state(state["languages"])
    model = build(params, languages)
    model.load_state_dict(state["weights"])
    return model.eval(), languages, params
