"""Data set `speech_translation`: sound in one language to text in another.

A row is an utterance: `text` is its translation, in `language`. `said` is a transcript, there for a cascade to compare
with: who translates speech directly does without it. The sound is `samples[start : start + length]` of the table's
array, at 8000 samples a second. Tables: `train`, `val`, `test`.

Built-in: Cantonese to English. Sentences of a synchronous grammar (grammar.py), spoken by espeak-ng
(stages/sounds/synthesis.py) with the voices that the data set `speech` has, too: those of val and test are not heard in
training. Each sentence of val and test combines two words that training has in other sentences only.

Public: a proxy. Strings of English digits, joined from the Free Spoken Digit Dataset (stages/sounds/digits.py), are
translated to Chinese numerals: the sound is real, the task is a translation word by word and in order. `takes` are the
recordings that a row is joined from.
"""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from stages.dataset import Arrays, Dataset, Origin, Prepared
from stages.datasets.speech_translation.rules import CONNECTED, published_cells, rules
from stages.datasets.speech_translation.utterances import SpeechTranslationOptions, cells_of, utterances
from stages.sounds import clips, digits
from stages.sounds.clips import Clip, clip_files, read_clips
from stages.sounds.recording import record
from stages.sounds.waves import RATE, Samples
from stages.texts.rules import SPLITS

COLUMNS = {
    "id": "int64",
    "text": "string",
    "language": "string",
    "speaker": "string",
    "takes": "string",
    "said": "string",
    **clips.COLUMNS,
}
ROW = ("text", "language", "speaker", "said")  # of the raw built-in rows
PROXY = "a proxy: English digits to Chinese numerals, in place of sentences spoken in another language"


def make(options: SpeechTranslationOptions) -> Iterator[tuple[str, bytes]]:
    """Clips and rows of each split."""
    for split, drawn in utterances(options).items():
        cells = [{name: cells_of(said)[name] for name in ROW} for said in drawn]
        found = [Clip(row, record(said)) for row, said in zip(cells, drawn, strict=True)]
        yield from clip_files(split, found)


def read(folder: Path) -> Prepared:
    """Parse either source."""
    published = (folder / digits.ARCHIVE.path).is_file()
    takes = digits.read_takes(folder) if published else {}
    tables: dict[str, pd.DataFrame] = {}
    arrays: dict[str, Arrays] = {}
    for split in SPLITS:
        if published:
            joints = digits.connected(split, CONNECTED[split])
            rows = [published_cells(joint) for joint in joints]
            sounds = [digits.join(joint, takes) for joint in joints]
        else:
            found = read_clips(folder, split, ROW)
            rows = [{**clip.row, "takes": ""} for clip in found]
            sounds = [clip.samples for clip in found]
        tables[split], arrays[split] = _table(pd.DataFrame(rows), sounds)
    facts = {
        "samples_a_second": RATE,
        "minutes": {split: round(int(table["length"].sum()) / RATE / 60, 1) for split, table in tables.items()},
        "speakers": {split: int(table["speaker"].nunique()) for split, table in tables.items()},
        "task": PROXY if published else "Cantonese sentences to English",
    }
    return Prepared(tables, facts, arrays)


def _table(rows: pd.DataFrame, sounds: list[Samples]) -> tuple[pd.DataFrame, Arrays]:
    table, arrays = clips.with_sound(rows.assign(id=range(len(rows))), sounds)
    return table[list(COLUMNS)], arrays


DATASET: Dataset[SpeechTranslationOptions] = Dataset(
    name="speech_translation",
    options=SpeechTranslationOptions,
    origins={
        "builtin": Origin(
            "written by stages/datasets/speech_translation/, spoken by espeak-ng (GPL-3.0, the separate package "
            "espeakng-loader)",
            "Apache-2.0, as this project; espeak-ng's licence does not cover the sound it makes",
        ),
        "public": Origin(f"{PROXY}; {digits.WHERE}, strings joined from its recordings here", digits.LICENCE),
    },
    public=(digits.ARCHIVE,),
    make=make,
    columns=COLUMNS,
    read=read,
    rules=rules,
    arrays=clips.ARRAYS,
    places=clips.PLACES,
)
