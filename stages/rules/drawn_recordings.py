"""Rules for built-in recordings: each row and its sound are those that the seed draws for its number."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stages.dataset import Suite
from stages.rules.recordings import cell_errors, clip_of, counts_suite
from stages.rules.vocabulary import Rule, no_error
from stages.sounds.recording import Room, Utterance
from stages.sounds.synthesis import SPLIT_OF_VOICE, VOICES
from stages.sounds.tables import decibels

LOUDNESS_ERROR, NOISE_ERROR = 0.5, 1.5  # dB


def checked_drawn(
    rows: pd.DataFrame,
    samples: NDArray[np.int16],
    split: str,
    utterances: Sequence[Utterance],
    cells: Sequence[Mapping[str, str]],
) -> pd.DataFrame:
    """The rows with a column for each rule that compares them with what was drawn; '' means no error."""
    return rows.assign(
        cell_error=cell_errors(rows, cells),
        room_error=_room_errors(rows, samples, [utterance.room for utterance in utterances]),
        voice_error=[
            "" if (owner := SPLIT_OF_VOICE.get(voice, "no split")) == split else f"of {owner}"
            for voice in rows["speaker"]
        ],
    )


def drawn_rules() -> list[Rule]:
    """The rules for a table that `checked_drawn` made."""
    return [
        no_error("cell_error", "text, language and voice are those that the seed draws for the row"),
        no_error("room_error", "a clip is as loud, and the silence around its words as quiet, as it was recorded"),
        no_error("voice_error", "no voice of another split speaks"),
    ]


def _room_errors(rows: pd.DataFrame, samples: NDArray[np.int16], rooms: Sequence[Room]) -> list[str]:
    """For each row, how its sound differs from its recording. Rooms change from row to row, which ties the two."""
    return [
        "; ".join(_not_recorded_so(clip_of(samples, start, length), rooms[number]))
        if 0 <= number < len(rooms)
        else "none"
        for number, start, length in zip(rows["id"], rows["start"], rows["length"], strict=True)
    ]


def _not_recorded_so(clip: NDArray[np.int16], room: Room) -> list[str]:
    whole = clip.astype(np.int64)
    words = len(whole) - room.before - room.after
    if words <= 0:
        return [f"{len(whole)} samples, no more than the silence"]
    parts = {
        "silence before": (whole[: room.before], room.noise_rms**2 * room.before, NOISE_ERROR),
        "silence after": (whole[-room.after :], room.noise_rms**2 * room.after, NOISE_ERROR),
        "loudness": (whole, room.words_rms**2 * words + room.noise_rms**2 * len(whole), LOUDNESS_ERROR),
    }
    found = []
    for name, (part, energy, error) in parts.items():
        level, drawn = decibels(int(part @ part), len(part)), decibels(energy, len(part))
        if abs(level - drawn) > error:
            found.append(f"{name} {level} dB, drawn {drawn}")
    return found


def voices_suite(tables: Mapping[str, pd.DataFrame]) -> Suite:
    """A row per split and voice: as they take turns, they speak about equally often."""
    found = Counter((split, voice) for split, table in tables.items() for voice in table["speaker"])
    expected: dict[tuple[str, str], range] = {}
    for split, table in tables.items():
        turns = len(table) // len(VOICES[split])
        expected |= {(split, voice.name): range(max(0, turns - 6), turns + 8) for voice in VOICES[split]}
    return counts_suite("voice", found, expected)
