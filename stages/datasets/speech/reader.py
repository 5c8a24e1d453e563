"""Raw files of either source to tables."""

from pathlib import Path
from typing import Any

import pandas as pd

from stages.dataset import Arrays, Prepared
from stages.datasets.speech.origin import ROW
from stages.datasets.speech.written import digits_of, doubled, new_words
from stages.sounds import digits
from stages.sounds.clips import read_clips
from stages.sounds.tables import COLUMNS as SOUND_COLUMNS
from stages.sounds.tables import with_sound
from stages.sounds.waves import RATE, Samples
from stages.texts.sizes import SPLITS

CONNECTED = {"train": 1500, "val": 150, "test": 300}  # strings joined from the published digits


def published_cells(joint: digits.Joint) -> dict[str, str]:
    """The row of published digits, without the columns that follow from the text and the sound."""
    return {
        "text": " ".join(digits.ENGLISH[int(digit)] for digit in joint.digits),
        "language": "English",
        "kind": "digits",
        "speaker": joint.speaker,
        "takes": " ".join(map(str, joint.takes)),
    }


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
    **SOUND_COLUMNS,
}


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
    table, arrays = with_sound(rows, sounds)
    return table[list(COLUMNS)], arrays


def _facts(tables: dict[str, pd.DataFrame]) -> dict[str, Any]:
    return {
        "samples_a_second": RATE,
        "minutes": {name: round(int(table["length"].sum()) / RATE / 60, 1) for name, table in tables.items()},
        "speakers": {name: int(table["speaker"].nunique()) for name, table in tables.items()},
        "doubled": {name: int(table["doubled"].sum()) for name, table in tables.items()},
        "new_words": {name: int(table["new_words"].sum()) for name, table in tables.items()},
    }
