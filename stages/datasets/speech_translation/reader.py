"""Raw files of either source to tables."""

from pathlib import Path

import pandas as pd

from stages.dataset import Arrays, Prepared
from stages.datasets.speech_translation.origin import PROXY, ROW
from stages.sounds import digits
from stages.sounds.clips import read_clips
from stages.sounds.tables import COLUMNS as SOUND_COLUMNS
from stages.sounds.tables import with_sound
from stages.sounds.waves import RATE, Samples
from stages.texts.sizes import SPLITS

CONNECTED = {"train": 1500, "val": 150, "test": 300}  # strings joined from the published digits


def published_cells(joint: digits.Joint) -> dict[str, str]:
    """The row of a string of digits, without its sound: a numeral for each digit."""
    return {
        "text": "".join(digits.CHINESE[int(digit)] for digit in joint.digits),
        "language": "Chinese",
        "speaker": joint.speaker,
        "takes": " ".join(map(str, joint.takes)),
        "said": joint.digits,
    }


COLUMNS = {
    "id": "int64",
    "text": "string",
    "language": "string",
    "speaker": "string",
    "takes": "string",
    "said": "string",
    **SOUND_COLUMNS,
}


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
    table, arrays = with_sound(rows.assign(id=range(len(rows))), sounds)
    return table[list(COLUMNS)], arrays
