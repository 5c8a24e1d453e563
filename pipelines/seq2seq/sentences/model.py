"""An auto-encoder's settings, and how it is built: its decoder reads nothing of a source but one vector."""

from dataclasses import dataclass

from pipelines.seq2seq.attention import Kind
from pipelines.seq2seq.encoders import SymbolEncoder
from pipelines.seq2seq.model import Seq2Seq
from pipelines.seq2seq.pairs import Languages
from pipelines.seq2seq.text_model import TextParams, build_text_model


@dataclass(frozen=True)
class SentencesParams(TextParams):
    """The encoder, whose last output of each direction is the code, and the decoder."""

    attention: Kind = "none"  # with another there would be nothing to put into the code
    length_penalty: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.attention != "none":
            raise ValueError(
                f"attention is {self.attention!r}: an auto-encoder with attention needs no code; set it to none"
            )


def build_autoencoder(params: SentencesParams, languages: Languages) -> Seq2Seq:
    """Encoder and decoder have the same words, and share their embedding."""
    model = build_text_model(params, languages)
    assert isinstance(model.encoder, SymbolEncoder)
    model.encoder.embedding.weight = model.embedding.weight
    return model
