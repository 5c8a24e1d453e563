"""A translator's shape, and how it is built."""

from dataclasses import dataclass

from pipelines.seq2seq.encoders import SymbolEncoder
from pipelines.seq2seq.model import DecoderParams, Seq2Seq
from pipelines.seq2seq.search import BeamParams
from pipelines.seq2seq.texts import Units
from pipelines.seq2seq.translation.data import Languages


@dataclass(frozen=True)
class TranslatorParams(DecoderParams, BeamParams):
    """The languages, the encoder and what training changes; the decoder; how translations are searched for."""

    languages: tuple[str, ...]  # of the columns source and target; BLEU parts words by them
    reverse: bool  # whether target is read and source written
    source_units: Units
    target_units: Units
    lower_source: bool  # read capitals as small letters
    least_count: int  # a symbol that training has more rarely is unknown
    subwords: int  # pieces of a language, where units are subwords
    bidirectional: bool  # the encoder; the decoder never is
    sampling: float  # share of steps that read the decoder's own words in the last epoch; 0: teacher forcing

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.languages) != 2:
            raise ValueError(f"languages is {list(self.languages)}: expected two, as in [en, zh]")
        if not 0 <= self.sampling <= 1:
            raise ValueError(f"sampling is {self.sampling:g}: expected a share from 0 to 1")

    @property
    def written(self) -> str:
        """The language of translations."""
        return self.languages[0 if self.reverse else 1]


def build_translator(params: TranslatorParams, languages: Languages) -> Seq2Seq:
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
