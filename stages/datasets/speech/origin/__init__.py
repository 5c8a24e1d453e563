"""Utterances spoken by espeak-ng; public: the Free Spoken Digit Dataset."""

from collections.abc import Iterator

from stages.datasets.speech.origin.utterances import SpeechOptions, cells_of, utterances
from stages.origin import Origin, Provenance
from stages.sounds import digits
from stages.sounds.clips import Clip, clip_files
from stages.sounds.recording import record

ROW = ("text", "language", "kind", "speaker")  # of the raw built-in rows


def make(options: SpeechOptions) -> Iterator[tuple[str, bytes]]:
    """Clips and rows of each split."""
    for split, drawn in utterances(options).items():
        cells = [{name: cells_of(said)[name] for name in ROW} for said in drawn]
        found = [Clip(row, record(said)) for row, said in zip(cells, drawn, strict=True)]
        yield from clip_files(split, found)


ORIGIN = Origin(
    name="speech",
    options=SpeechOptions,
    sources={
        "builtin": Provenance(
            "written by stages/datasets/speech/, spoken by espeak-ng (GPL-3.0, the separate package espeakng-loader)",
            "Apache-2.0, as this project; espeak-ng's licence does not cover the sound it makes",
        ),
        "public": Provenance(f"{digits.WHERE}; connected strings are joined from its recordings here", digits.LICENCE),
    },
    public=(digits.ARCHIVE,),
    make=make,
)
