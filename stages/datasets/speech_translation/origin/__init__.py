"""Cantonese sentences spoken by espeak-ng, with their English; public: spoken digits."""

from collections.abc import Iterator

from stages.datasets.speech_translation.origin.utterances import SpeechTranslationOptions, cells_of, utterances
from stages.origin import Origin, Provenance
from stages.sounds import digits
from stages.sounds.clips import Clip, clip_files
from stages.sounds.recording import record

ROW = ("text", "language", "speaker", "said")  # of the raw built-in rows
PROXY = "a proxy: English digits to Chinese numerals, in place of sentences spoken in another language"


def make(options: SpeechTranslationOptions) -> Iterator[tuple[str, bytes]]:
    """Clips and rows of each split."""
    for split, drawn in utterances(options).items():
        cells = [{name: cells_of(said)[name] for name in ROW} for said in drawn]
        found = [Clip(row, record(said)) for row, said in zip(cells, drawn, strict=True)]
        yield from clip_files(split, found)


ORIGIN = Origin(
    name="speech_translation",
    options=SpeechTranslationOptions,
    sources={
        "builtin": Provenance(
            "written by stages/datasets/speech_translation/, spoken by espeak-ng (GPL-3.0, the separate package "
            "espeakng-loader)",
            "Apache-2.0, as this project; espeak-ng's licence does not cover the sound it makes",
        ),
        "public": Provenance(f"{PROXY}; {digits.WHERE}, strings joined from its recordings here", digits.LICENCE),
    },
    public=(digits.ARCHIVE,),
    make=make,
)
