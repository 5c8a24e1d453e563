"""Kind `recordings`: sounds and their texts -> tables train, val and test beside their samples, for recognisers.

A folder with a table of files and texts (Common Voice's TSV, LJ Speech's `|`, JSON lines), or Kaldi's
`wav.scp` and `text`.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stages.dataset import Arrays, Prepared
from stages.errors import StageError
from stages.formats.kind import Kind, Request, Suited, TextOptions, trained_for
from stages.formats.manifests import of_kaldi, of_tables
from stages.sounds.tables import ARRAYS, PLACES, with_sound
from stages.sounds.tables import COLUMNS as SOUND_COLUMNS
from stages.splits import SPLITS

COLUMNS = {"id": "int64", "text": "string", "said": "string", "speaker": "string", "file": "string", **SOUND_COLUMNS}
LOWEST_RATE = 8000
NAMED = 5
Samples = NDArray[np.int16]


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
    waves, rates = _sounds(files)
    rate = options.sample_rate or (16_000 if min(rates) >= 16_000 else LOWEST_RATE)
    sounds = [_resampled(wave, own, rate) for wave, own in zip(waves, rates, strict=True)]
    said = [_written(text, options) for text in rows.table["said"]]
    is_translated = "translation" in rows.table
    texts = [" ".join(text.split()) for text in rows.table["translation"]] if is_translated else said
    speakers = list(rows.table["speaker"])
    is_grouped = len(set(speakers)) >= 3 and "" not in speakers
    contents = [f"{text}\0{len(sound)}" for text, sound in zip(said, sounds, strict=True)]
    split = request.assign(rows.splits, contents, groups=speakers if is_grouped else None)
    frame = pd.DataFrame({"text": texts, "said": said, "speaker": speakers})
    frame["file"] = [_short(file, request.path) for file in files]
    frame["text"] = frame["text"].mask(frame["text"] == "")
    tables: dict[str, pd.DataFrame] = {}
    arrays: dict[str, Arrays] = {}
    for name in SPLITS:
        chosen = [place for place, one in enumerate(split.splits) if one == name]
        part = frame.iloc[chosen].reset_index(drop=True).assign(id=range(len(chosen)))
        if chosen:
            tables[name], arrays[name] = with_sound(part, [sounds[place] for place in chosen])
        else:
            tables[name] = part.assign(**dict.fromkeys(SOUND_COLUMNS, 0))
            arrays[name] = {"samples": np.zeros(0, np.int16)}
        tables[name] = tables[name][list(COLUMNS)]
    characters = sorted(set("".join(said)))
    minutes = sum(map(len, sounds)) / rate / 60
    notes = [
        *rows.notes,
        f"sound: {', '.join(map(str, sorted(set(rates))))} samples a second, read at {rate}; {minutes:.1f} minutes",
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


def _sounds(files: list[Path]) -> tuple[list[NDArray[np.float32]], list[int]]:
    """The samples of each file, channels as one, and their rates. Raises StageError that names broken files."""
    import soundfile

    waves: list[NDArray[np.float32]] = []
    rates: list[int] = []
    broken: list[str] = []
    for file in files:
        try:
            wave, rate = soundfile.read(file, dtype="float32", always_2d=True)
            if not len(wave) or not np.isfinite(wave).all():
                raise ValueError("it has no samples" if not len(wave) else "a sample is no number")
        except (OSError, RuntimeError, ValueError) as error:
            broken.append(f"{file} ({error})")
            continue
        waves.append(wave.mean(axis=1))
        rates.append(int(rate))
    if broken:
        shown = "; ".join(broken[:NAMED]) + (" ..." if len(broken) > NAMED else "")
        raise StageError(f"{len(broken)} of {len(files)} recordings cannot be read: {shown}")
    return waves, rates


def _resampled(wave: NDArray[np.float32], own: int, rate: int) -> Samples:
    from scipy.signal import resample_poly

    if own != rate:
        ratio = Fraction(rate, own).limit_denominator(1000)
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
