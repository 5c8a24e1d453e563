"""Kind `recordings`: sounds and their texts -> tables train, val and test beside their samples, for recognisers.

A folder with a table of files and texts (Common Voice's TSV, LJ Speech's `|`, JSON lines), or Kaldi's
`wav.scp` and `text`. They are read as prediction reads them, without long silence. One that cannot be read is a row
without samples, which breaks a rule.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from inputs import sounds
from stages.dataset import Arrays, Prepared
from stages.errors import StageError
from stages.formats.kind import Kind, Request, Suited, TextOptions, trained_for
from stages.formats.manifests import of_kaldi, of_tables
from stages.sounds.tables import ARRAYS, PLACES, with_sound
from stages.sounds.tables import COLUMNS as SOUND_COLUMNS
from stages.splits import SPLITS

COLUMNS = {"id": "int64", "text": "string", "said": "string", "speaker": "string", "file": "string", **SOUND_COLUMNS}
COLUMNS |= {"unreadable": "string", "odd": "string"}  # why it cannot be read, and what prediction warns of; else ''
LOWEST_RATE = 8000
Samples = NDArray[np.int16]


@dataclass(frozen=True)
class Found:
    """The sound of a file, and what is to be said about it."""

    wave: NDArray[np.float32]
    rate: int
    unreadable: str = ""
    odd: str = ""


@dataclass(frozen=True)
class RecordingOptions(TextOptions):
    """Options of `recordings`."""

    sample_rate: int = 0  # to which all are resampled; 0: 16,000 where all files have as many, else 8,000
    lowercase: bool = True
    punctuation: bool = False  # whether marks are characters to be recognised


def read(request: Request) -> Prepared:
    """A table and the samples of each split; with a translation, `text` is it and `said` the words that are spoken."""
    rows = of_kaldi(request) or of_tables(request)
    options = request.options
    files = [Path(file) for file in rows.table["file"]]
    found = [_found(file) for file in files]
    rates = {one.rate for one in found if not one.unreadable}
    if not rates:
        raise StageError(f"none of {len(found)} recordings in {request.path} can be read: {found[0].unreadable}")
    rate = options.sample_rate or (16_000 if min(rates) >= 16_000 else LOWEST_RATE)
    waves = [_resampled(one, rate) for one in found]
    said = [_written(text, options) for text in rows.table["said"]]
    is_translated = "translation" in rows.table
    texts = [" ".join(text.split()) for text in rows.table["translation"]] if is_translated else said
    speakers = list(rows.table["speaker"])
    is_grouped = len(set(speakers)) >= 3 and "" not in speakers
    contents = [f"{text}\0{len(wave)}" for text, wave in zip(said, waves, strict=True)]
    split = request.assign(rows.splits, contents, groups=speakers if is_grouped else None)
    frame = pd.DataFrame({"text": texts, "said": said, "speaker": speakers})
    frame["file"] = [_short(file, request.path) for file in files]
    frame["unreadable"], frame["odd"] = [one.unreadable for one in found], [one.odd for one in found]
    frame["text"] = frame["text"].mask(frame["text"] == "")
    tables: dict[str, pd.DataFrame] = {}
    arrays: dict[str, Arrays] = {}
    for name in SPLITS:
        chosen = [place for place, one in enumerate(split.splits) if one == name]
        part = frame.iloc[chosen].reset_index(drop=True).assign(id=range(len(chosen)))
        if chosen:
            tables[name], arrays[name] = with_sound(part, [waves[place] for place in chosen])
        else:
            tables[name] = part.assign(**dict.fromkeys(SOUND_COLUMNS, 0))
            arrays[name] = {"samples": np.zeros(0, np.int16)}
        tables[name] = tables[name][list(COLUMNS)]
    characters = sorted(set("".join(said)))
    minutes = sum(map(len, waves)) / rate / 60
    notes = [
        *rows.notes,
        f"sound: {', '.join(map(str, sorted(rates)))} samples a second, read at {rate}; {minutes:.1f} minutes",
        *split.notes,
        f"speakers: {len(set(speakers) - {''})}" + (", kept together" if is_grouped else ""),
        f"{len(characters)} characters: {''.join(characters)}",
    ]
    facts = {"samples_a_second": rate, "characters": characters, "is_translated": is_translated}
    return Prepared(tables, facts, arrays, notes)


def _short(file: Path, base: Path) -> str:
    return str(file.relative_to(base) if file.is_relative_to(base) else file)


def _written(text: str, options: RecordingOptions) -> str:
    """A text in the characters that a recogniser is to write."""
    text = text.lower() if options.lowercase else text
    if not options.punctuation:
        text = re.sub(r"[^\w\s'\u2019]|_", " ", text)
    return " ".join(text.split())


def _found(file: Path) -> Found:
    """The pieces of a recording one after the other: what is left out between them is silence."""
    try:
        pieces = list(sounds.pieces(file, str(file)))
    except ValueError as error:
        return Found(np.zeros(0, np.float32), LOWEST_RATE, unreadable=str(error))
    odd = dict.fromkeys(note for piece in pieces for note in piece.notes)
    return Found(np.concatenate([piece.samples for piece in pieces]), pieces[0].rate, odd="; ".join(odd))


def _resampled(found: Found, rate: int) -> Samples:
    from scipy.signal import resample_poly

    wave = found.wave
    if found.rate != rate and len(wave):
        ratio = Fraction(rate, found.rate).limit_denominator(1000)
        wave = resample_poly(wave, ratio.numerator, ratio.denominator).astype(np.float32)
    return np.clip(np.round(wave * 32767), -32768, 32767).astype(np.int16)


def suited(prepared: Prepared) -> Suited:
    """The rate of the recordings, and about 2,000 updates."""
    rows = len(prepared.tables["train"])
    batch_size = 8 if rows < 500 else 12
    epochs, why = trained_for(rows, batch_size, 2000, epochs=(5, 60))
    model = {"sample_rate": prepared.facts["samples_a_second"]}
    training = {"epochs": epochs, "batch_size": batch_size}
    return Suited({"seeds": 1, "model": model, "training": training, "variants": {"lstm": {}}}, why)


KIND = Kind(
    name="recordings",
    about="sounds and their texts: a table of files and texts, or Kaldi's wav.scp and text",
    roles={
        "file": "the recording",
        "text": "what is said",
        "speaker": "who says it",
        "translation": "its translation",
        "split": "train, val or test",
    },
    options=RecordingOptions,
    columns=COLUMNS,
    read=read,
    like="ctc-speech",
    suited=suited,
    arrays=ARRAYS,
    places=(*PLACES, "file"),
)
