"""Translators of speech: straight from sound to text, or by way of a transcript.

Shapes: B recordings, S frames, S' output steps of an encoder, T target symbols with STOP, L symbols of a transcript.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pipelines.nn.ctc import Span, greedy
from pipelines.nn.words import by_length
from pipelines.seq2seq.decoding import decode
from pipelines.seq2seq.encoders import FrameEncoder, SymbolEncoder
from pipelines.seq2seq.model import Batch, DecoderParams, Seq2Seq
from pipelines.seq2seq.search import BeamParams, Hypothesis
from pipelines.seq2seq.speech_translation.data import collate_frames
from pipelines.seq2seq.speech_translation.recogniser import Recogniser
from pipelines.seq2seq.symbols import Symbols, collate_sources, collate_targets
from pipelines.seq2seq.tokenizer import Tokenizer, Units
from pipelines.sound.acoustics import FeatureParams, MaskParams

BATCH_SIZE = 128  # recordings


@dataclass(frozen=True, kw_only=True)
class SpeechTranslatorParams(FeatureParams, MaskParams, DecoderParams, BeamParams):
    """What a frame is and what training hides of it; the decoder; how translations are searched for."""

    language: str  # of translations; BLEU parts words by it
    target_units: Units = "words"  # words | characters | subwords
    speeds: tuple[float, ...] = (1.0,)  # at which training plays recordings; 1.0 as they are
    frames_per_step: int = 4  # frames that the encoder's first layer reads as one step
    encoder_layers: int = 2  # each above the first halves the steps
    bidirectional: bool = True  # the encoder; the decoder never is
    cascade: bool = False  # True: what was said is written down first, by a recogniser trained on transcripts
    scheduled_sampling: float = 0.0  # share of steps that read the decoder's own words in the last epoch

    def __post_init__(self) -> None:
        FeatureParams.__post_init__(self)
        BeamParams.__post_init__(self)
        if not self.speeds or not all(0.5 <= speed <= 2 for speed in self.speeds):
            raise ValueError(f"speeds is {list(self.speeds)}: at least one is needed, each from 0.5 to 2")
        if not 0 <= self.scheduled_sampling <= 1:
            raise ValueError(f"scheduled_sampling is {self.scheduled_sampling:g}: expected a share from 0 to 1")

    @property
    def frames_of_a_place(self) -> int:
        """Frames per output of the encoder."""
        return int(self.frames_per_step * 2 ** (self.encoder_layers - 1))


class Direct(nn.Module):
    """Sound to text: a pyramidal encoder over frames, and a decoder that attends to it.

    Weiss et al. (2017), Sequence-to-sequence models can directly translate foreign speech, section 3.
    """

    def __init__(self, params: SpeechTranslatorParams, tokenizer: Tokenizer) -> None:
        super().__init__()
        self.params, self.tokenizer = params, tokenizer
        self.network = Seq2Seq(_frame_encoder(params), params, len(tokenizer.symbols))

    def translations(
        self, features: Sequence[Tensor], search: BeamParams, *, n_best: int = 1
    ) -> list[list[Hypothesis]]:
        """The `n_best` best translations of each recording (S, F), in their order."""
        return decode(self.network, list(features), collate_frames, max_symbols_of_sound, search, n_best=n_best)

    def attention(self, features: Tensor, symbols: Sequence[int]) -> Tensor:
        """Attention to one recording (S, F) at each of `symbols` and STOP: (T, S'), rows sum to 1."""
        batch = Batch(*collate_frames([features]), collate_targets([symbols])).to(device_of(self))
        with torch.inference_mode():
            return self.network.attend(batch)[0].cpu()


class Cascade(nn.Module):
    """Sound to a transcript by a recogniser, and the transcript to text by a translator of its own."""

    def __init__(self, params: SpeechTranslatorParams, tokenizer: Tokenizer, spoken: Symbols) -> None:
        """`spoken` are the symbols of transcripts."""
        super().__init__()
        self.params, self.tokenizer, self.spoken = params, tokenizer, spoken
        self.recogniser = Recogniser(_frame_encoder(params), len(spoken))
        encoder = SymbolEncoder(
            len(spoken),
            params.embedding_size,
            cell=params.cell,
            hidden_size=params.hidden_size,
            num_layers=1,
            bidirectional=params.bidirectional,
            dropout=params.dropout,
        )
        self.network = Seq2Seq(encoder, params, len(tokenizer.symbols))

    def encode_transcripts(self, texts: Iterable[str]) -> list[list[int]]:
        """Transcripts as numbers of their symbols."""
        return [self.spoken.encode(text) for text in texts]

    def recognise(self, features: Sequence[Tensor], recogniser: Recogniser | None = None) -> list[list[Span]]:
        """The transcript of each recording (S, F) with its steps, in their order.

        `recogniser` takes the place of the cascade's own.
        """
        recogniser = recogniser or self.recogniser
        found: list[list[Span]] = [[]] * len(features)
        with torch.inference_mode():
            for chosen in by_length(map(len, features), BATCH_SIZE):
                frames, lengths = collate_frames([features[index] for index in chosen])
                log_probs, steps = recogniser(frames.to(device_of(self)), lengths.to(device_of(self)))
                for index, spans in zip(chosen, greedy(log_probs, steps), strict=True):
                    found[index] = spans
        return found

    def transcripts(self, features: Sequence[Tensor], recogniser: Recogniser | None = None) -> list[str]:
        """The transcripts as texts."""
        found = self.recognise(features, recogniser)
        return ["".join(self.spoken.decode(span.label for span in spans)) for spans in found]

    def translations(
        self, features: Sequence[Tensor], search: BeamParams, *, n_best: int = 1
    ) -> list[list[Hypothesis]]:
        """The `n_best` best translations of each recording's most probable transcript, in their order."""
        sources = [[span.label for span in spans] for spans in self.recognise(features)]
        return decode(self.network, sources, collate_sources, max_symbols_of_transcript, search, n_best=n_best)

    def attention(self, features: Tensor, symbols: Sequence[int]) -> Tensor:
        """As of `Direct`: the attention to a symbol of the transcript is spread over its steps of the sound."""
        spans = self.recognise([features])[0]
        steps = -(-len(features) // self.params.frames_of_a_place)
        shares = torch.zeros(max(1, len(spans)), steps)  # (L, S')
        for place, span in enumerate(spans):
            shares[place, span.start : span.end] = 1 / (span.end - span.start)
        source = collate_sources([[span.label for span in spans]])
        batch = Batch(*source, collate_targets([symbols])).to(device_of(self))
        with torch.inference_mode():
            return self.network.attend(batch)[0].cpu() @ shares


Translator = Direct | Cascade


def build_translator(params: SpeechTranslatorParams, tokenizer: Tokenizer, spoken: Symbols | None) -> Translator:
    """A cascade where `spoken`, the symbols of transcripts, are given; else a direct translator."""
    return Direct(params, tokenizer) if spoken is None else Cascade(params, tokenizer, spoken)


def max_symbols_of_sound(features: Tensor) -> int:
    """The most symbols that the translation of a recording (S, F) may have."""
    return 20 + len(features) // 5  # 20 a second at frames of 10 ms: three times as many as people speak


def max_symbols_of_transcript(source: Sequence[int]) -> int:
    """The most symbols that the translation of a transcript may have."""
    return 20 + 4 * len(source)


def device_of(model: nn.Module) -> torch.device:
    return next(model.parameters()).device


def _frame_encoder(params: SpeechTranslatorParams) -> FrameEncoder:
    return FrameEncoder(
        params.size,
        cell=params.cell,
        hidden_size=params.hidden_size,
        num_layers=params.encoder_layers,
        bidirectional=params.bidirectional,
        dropout=params.dropout,
        frames_per_step=params.frames_per_step,
    )
