"""Translators of speech: straight from sound to text, or by way of a transcript.

Shapes: B recordings, S frames, S' steps of an encoder, T symbols written with STOP, L symbols heard.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pipelines.nn.ctc import Span, greedy
from pipelines.nn.words import by_length
from pipelines.seq2seq.encoders import FrameEncoder, SymbolEncoder
from pipelines.seq2seq.model import Batch, DecoderParams, Seq2Seq
from pipelines.seq2seq.outputs import outputs
from pipelines.seq2seq.search import BeamParams, Hypothesis
from pipelines.seq2seq.speech_translation.data import as_frames
from pipelines.seq2seq.speech_translation.recogniser import Recogniser
from pipelines.seq2seq.symbols import Symbols, as_source, stopped
from pipelines.seq2seq.texts import Units, Writing
from pipelines.sound.acoustics import FeatureParams, MaskParams

AT_ONCE = 128  # recordings that are read in one batch


@dataclass(frozen=True, kw_only=True)
class SpeechTranslatorParams(FeatureParams, MaskParams, DecoderParams, BeamParams):
    """What a frame is and what training hides of it; the decoder; how translations are searched for."""

    language: str  # of translations; BLEU parts words by it
    target_units: Units = "words"  # words | characters | subwords
    speeds: tuple[float, ...] = (1.0,)  # at which training plays recordings; 1.0 as they are
    frames_a_step: int = 4  # frames that the encoder's first layer reads as one step
    encoder_layers: int = 2  # each above the first halves the steps
    bidirectional: bool = True  # the encoder; the decoder never is
    cascade: bool = False  # True: what was said is written down first, by a recogniser trained on transcripts
    sampling: float = 0.0  # share of steps that read the decoder's own words in the last epoch; 0: teacher forcing

    def __post_init__(self) -> None:
        FeatureParams.__post_init__(self)
        BeamParams.__post_init__(self)
        if not self.speeds or not all(0.5 <= speed <= 2 for speed in self.speeds):
            raise ValueError(f"speeds is {list(self.speeds)}: at least one is needed, each from 0.5 to 2")
        if not 0 <= self.sampling <= 1:
            raise ValueError(f"sampling is {self.sampling:g}: expected a share from 0 to 1")

    @property
    def frames_of_a_place(self) -> int:
        """Frames that one output of the encoder stands for."""
        return int(self.frames_a_step * 2 ** (self.encoder_layers - 1))


class Direct(nn.Module):
    """Sound to text: a pyramidal encoder over frames, and a decoder that attends to it.

    Weiss et al. (2017), Sequence-to-sequence models can directly translate foreign speech, section 3.
    """

    def __init__(self, params: SpeechTranslatorParams, writing: Writing) -> None:
        super().__init__()
        self.params, self.writing = params, writing
        self.network = Seq2Seq(_frame_encoder(params), params, len(writing.symbols))

    def translations(
        self, features: Sequence[Tensor], search: BeamParams, *, wanted: int = 1
    ) -> list[list[Hypothesis]]:
        """The best translations of each recording (S, F), in their order."""
        return outputs(self.network, list(features), as_frames, most_words, search, wanted=wanted)

    def attention(self, features: Tensor, symbols: Sequence[int]) -> Tensor:
        """Where one recording (S, F) is looked at while `symbols` and STOP are written: (T, S'), rows sum to 1."""
        batch = Batch(*as_frames([features]), stopped([symbols])).to(device_of(self))
        with torch.inference_mode():
            return self.network.attend(batch)[0].cpu()


class Cascade(nn.Module):
    """Sound to a transcript by a recogniser, and the transcript to text by a translator of its own."""

    def __init__(self, params: SpeechTranslatorParams, writing: Writing, said: Symbols) -> None:
        super().__init__()
        self.params, self.writing, self.said = params, writing, said
        self.recogniser = Recogniser(_frame_encoder(params), len(said))
        encoder = SymbolEncoder(
            len(said),
            params.embedding_size,
            cell=params.cell,
            hidden_size=params.hidden_size,
            num_layers=1,
            bidirectional=params.bidirectional,
            dropout=params.dropout,
        )
        self.network = Seq2Seq(encoder, params, len(writing.symbols))

    def numbers_said(self, texts: Iterable[str]) -> list[list[int]]:
        """Transcripts as the recogniser and the translator know them."""
        return [self.said.numbers(text) for text in texts]

    def heard(self, features: Sequence[Tensor], recogniser: Recogniser | None = None) -> list[list[Span]]:
        """What was said in each recording (S, F), in their order; `recogniser` in place of the cascade's own."""
        recogniser = recogniser or self.recogniser
        found: list[list[Span]] = [[]] * len(features)
        with torch.inference_mode():
            for chosen in by_length(map(len, features), AT_ONCE):
                frames, lengths = as_frames([features[index] for index in chosen])
                log_probs, steps = recogniser(frames.to(device_of(self)), lengths.to(device_of(self)))
                for index, spans in zip(chosen, greedy(log_probs, steps), strict=True):
                    found[index] = spans
        return found

    def transcripts(self, features: Sequence[Tensor], recogniser: Recogniser | None = None) -> list[str]:
        """The same as texts."""
        found = self.heard(features, recogniser)
        return ["".join(self.said.sequence(one.label for one in spoken)) for spoken in found]

    def translations(
        self, features: Sequence[Tensor], search: BeamParams, *, wanted: int = 1
    ) -> list[list[Hypothesis]]:
        """The best translations of each recording's likeliest transcript, in their order."""
        sources = [[one.label for one in spoken] for spoken in self.heard(features)]
        return outputs(self.network, sources, as_source, most_words_of_text, search, wanted=wanted)

    def attention(self, features: Tensor, symbols: Sequence[int]) -> Tensor:
        """As of `Direct`: what a symbol of the transcript is given, its steps of the sound share; (T, S')."""
        spoken = self.heard([features])[0]
        steps = -(-len(features) // self.params.frames_of_a_place)
        where = torch.zeros(max(1, len(spoken)), steps)  # (L, S')
        for place, one in enumerate(spoken):
            where[place, one.start : one.end] = 1 / (one.end - one.start)
        batch = Batch(*as_source([[one.label for one in spoken]]), stopped([symbols])).to(device_of(self))
        with torch.inference_mode():
            return self.network.attend(batch)[0].cpu() @ where


Translator = Direct | Cascade


def build_translator(params: SpeechTranslatorParams, writing: Writing, said: Symbols | None) -> Translator:
    """`said` are the symbols of transcripts; a direct translator knows none."""
    return Direct(params, writing) if said is None else Cascade(params, writing, said)


def most_words(features: Tensor) -> int:
    """The most symbols that the translation of a recording (S, F) may have."""
    return 20 + len(features) // 5  # 20 a second at frames of 10 ms: three times as many as anybody says


def most_words_of_text(source: Sequence[int]) -> int:
    """The same for a transcript."""
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
        frames_a_step=params.frames_a_step,
    )
