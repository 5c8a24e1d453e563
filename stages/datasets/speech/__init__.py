"""Data set `speech`: sound to characters. Built-in: synthesised speech; public: spoken digits.

A row is an utterance: `text` is what to write for it, in the characters of its `language` (English words spelled, with
blanks; Mandarin without), `doubled` says whether two neighbouring characters of it are the same, `new_words` whether
training never heard one of its words (of Mandarin: the phrase). `digits` repeats a string of digits as figures. The
sound is `samples[start : start + length]` of the table's array, at 8000 samples a second.

Built-in, tables `train`, `val`, `test`: connected English digits, English words and Mandarin phrases, spoken by
espeak-ng (stages/sounds/synthesis.py) with 168 voices at several levels of loudness and noise. A voice is a timbre with
a pitch, a rate and a length of the vocal tract. Those of val and test are not heard in training, but their timbres
are. Three in ten of the nouns and phrases there are new to training, too; in training three in ten nouns are made-up
names, which it alone has. Each phrase that doubling changes stands beside its plain form, said by the same voice.

Public, tables `isolated-*` and `connected-*`: the Free Spoken Digit Dataset one by one, and as strings of three to
seven joined from it (stages/sounds/digits.py says how, and what the splits are). Training on speakers other than the
one that is tested is a choice of rows by `speaker`; `takes` are the recordings that a row is made of.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from stages.dataset import Arrays, Dataset, Origin, Prepared
from stages.datasets.speech.rules import CONNECTED, published_cells, rules
from stages.datasets.speech.utterances import SpeechOptions, cells_of, utterances
from stages.datasets.speech.written import digits_of, doubled, new_words
from stages.sounds import clips, digits
from stages.sounds.clips import Clip, clip_files, read_clips
from stages.sounds.recording import record
from stages.sounds.waves import RATE, Samples
from stages.texts.rules import SPLITS

COLUMNS = {
    "id": "int64",
    "text": "string",
    "language": "string",
    "kind": "string",  # digits, words, phrases
    "digits": "string",
    "speaker": "string",
    "takes": "string",
    "doubled": "bool",
    "new_words": "bool",
    **clips.COLUMNS,
}
ROW = ("text", "language", "kind", "speaker")  # of the raw built-in rows


def make(options: SpeechOptions) -> Iterator[tuple[str, bytes]]:
    """Clips and rows of each split."""
    for split, drawn in utterances(options).items():
        cells = [{name: cells_of(said)[name] for name in ROW} for said in drawn]
        found = [Clip(row, record(said)) for row, said in zip(cells, drawn, strict=True)]
        yield from clip_files(split, found)


def read(folder: Path) -> Prepared:
    """Parse either source."""
    if (folder / digits.ARCHIVE.path).is_file():
        return _read_published(folder)
    tables: dict[str, pd.DataFrame] = {}
    arrays: dict[str, Arrays] = {}
    for split in SPLITS:
        found = read_clips(folder, split, ROW)
        rows = pd.DataFrame([clip.row for clip in found], columns=list(ROW))
        tables[split], arrays[split] = _table(rows.assign(takes=""), [clip.samples for clip in found])
    for table in tables.values():
        table["new_words"] = new_words(table, tables["train"])
    return Prepared(tables, _facts(tables), arrays)


def _read_published(folder: Path) -> Prepared:
    takes = digits.read_takes(folder)
    tables: dict[str, pd.DataFrame] = {}
    arrays: dict[str, Arrays] = {}
    for split in SPLITS:
        for name, joints in (
            (f"isolated-{split}", digits.isolated(split)),
            (f"connected-{split}", digits.connected(split, CONNECTED[split])),
        ):
            rows = pd.DataFrame([published_cells(joint) for joint in joints])
            tables[name], arrays[name] = _table(rows, [digits.join(joint, takes) for joint in joints])
    return Prepared(tables, _facts(tables), arrays)


def _table(rows: pd.DataFrame, sounds: list[Samples]) -> tuple[pd.DataFrame, Arrays]:
    rows = rows.assign(
        id=range(len(rows)),
        digits=[digits_of(*row) for row in zip(rows["text"], rows["language"], rows["kind"], strict=True)],
        doubled=[doubled(text) for text in rows["text"]],
        new_words=False,
    )
    table, arrays = clips.with_sound(rows, sounds)
    return table[list(COLUMNS)], arrays


def _facts(tables: dict[str, pd.DataFrame]) -> dict[str, Any]:
    return {
        "samples_a_second": RATE,
        "minutes": {name: round(int(table["length"].sum()) / RATE / 60, 1) for name, table in tables.items()},
        "speakers": {name: int(table["speaker"].nunique()) for name, table in tables.items()},
        "doubled": {name: int(table["doubled"].sum()) for name, table in tables.items()},
        "new_words": {name: int(table["new_words"].sum()) for name, table in tables.items()},
    }


DATASET: Dataset[SpeechOptions] = Dataset(
    name="speech",
    options=SpeechOptions,
    origins={
        "builtin": Origin(
            "written by stages/datasets/speech/, spoken by espeak-ng (GPL-3.0, the separate package espeakng-loader)",
            "Apache-2.0, as this project; espeak-ng's licence does not cover the sound it makes",
        ),
        "public": Origin(f"{digits.WHERE}; connected strings are joined from its recordings here", digits.LICENCE),
    },
    public=(digits.ARCHIVE,),
    make=make,
    columns=COLUMNS,
    read=read,
    rules=rules,
    arrays=clips.ARRAYS,
    places=clips.PLACES,
)
