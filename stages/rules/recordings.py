"""Rules for any table of recordings: whole clips at the places in their rows, loud enough, and none repeated."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan, sqrt

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stages.dataset import Arrays, Suite
from stages.rules.vocabulary import Rule, at_least, at_most, between, no_error, row_count, unique
from stages.sounds.tables import COLUMNS, measure
from stages.sounds.waves import RATE

MEASURED = list(COLUMNS)[2:]


@dataclass(frozen=True)
class Sounds:
    """The expected clips of one table."""

    seconds: tuple[float, float]  # the shortest and the longest
    a_character: tuple[float, float]  # seconds
    loudness: tuple[float, float]  # dB under full scale
    dynamics: float  # dB, at least, from the quiet tenth of a clip to its loudness
    offset: float  # of the mean, at most, in percent of full scale
    full_scale: int = 0  # samples of a clip, at most


def checked_sounds(tables: Mapping[str, pd.DataFrame], arrays: Mapping[str, Arrays], name: str) -> pd.DataFrame:
    """The table with a column for each rule that needs computing; '' means no error."""
    rows = tables[name].copy()
    samples = arrays[name]["samples"]
    clips = [clip_of(samples, *place) for place in zip(rows["start"], rows["length"], strict=True)]
    rows["place_error"] = _place_errors(rows, len(samples))
    measured = [measure(clip) for clip in clips]
    rows["measured_error"] = [
        "" if np.allclose(values, found, atol=0.02) else f"measured {found}"
        for values, found in zip(rows[MEASURED].itertuples(index=False), measured, strict=True)
    ]
    rows["seconds"] = rows["length"] / RATE
    rows["characters"] = rows["text"].str.len()
    rows["seconds_a_character"] = rows["seconds"] / rows["characters"]
    rows["dynamics_db"] = rows["loudness_db"] - rows["noise_db"]
    rows["offset_percent"] = [abs(float(clip.mean())) / 327.68 if len(clip) else 0.0 for clip in clips]
    rows["full_scale"] = [int((np.abs(clip.astype(np.int64)) >= 32767).sum()) for clip in clips]
    rows["same_as"] = _same(clips, name, tables, arrays)
    return rows


def _place_errors(rows: pd.DataFrame, samples: int) -> list[str]:
    """For each row, whether its clip starts where that of the row before ends; unless that row was set aside."""
    found, before, end = [], -1, 0
    for number, start, length in zip(rows["id"], rows["start"], rows["length"], strict=True):
        follows = start == end if number == before + 1 else start >= end
        before, end = number, start + length
        error = "" if follows else "not after the clip before"
        found.append(error if length > 0 and end <= samples else f"ends at {end} of {samples} samples")
    if found and before == len(rows) - 1 and end != samples:
        found[-1] = f"ends at {end} of {samples} samples"
    return found


def clip_of(samples: NDArray[np.int16], start: int, length: int) -> NDArray[np.int16]:
    """A row's samples; a wrong place is cut to the samples that exist."""
    return samples[max(start, 0) : max(start + length, 0)]


def _same(
    clips: Sequence[NDArray[np.int16]], name: str, tables: Mapping[str, pd.DataFrame], arrays: Mapping[str, Arrays]
) -> list[str]:
    """For each clip, where it was before: an earlier table, or an earlier row of its own."""
    seen: dict[bytes, str] = {}
    for earlier in list(tables)[: list(tables).index(name)]:
        places = zip(tables[earlier]["start"], tables[earlier]["length"], strict=True)
        seen |= {_digest(clip_of(arrays[earlier]["samples"], *place)): earlier for place in places}
    found = []
    for number, clip in enumerate(clips):
        found.append(seen.get(_digest(clip), ""))
        seen.setdefault(_digest(clip), f"row {number}")
    return found


def _digest(clip: NDArray[np.int16]) -> bytes:
    return hashlib.sha256(clip.tobytes()).digest()


def sound_rules(count: int, basis: str, sounds: Sounds) -> list[Rule]:
    """The rules for a table that `checked_sounds` made; `basis` is where `count` comes from."""
    (shortest, longest), (fast, slow), (quiet, loud) = sounds.seconds, sounds.a_character, sounds.loudness
    return [
        row_count(count, f"there are {count} clips, {basis}"),
        unique("id", "no id is repeated"),
        no_error("place_error", "each clip starts where the one before ends, the first at 0, the last at the end"),
        no_error("measured_error", "loudness, peak and noise are those of the clip"),
        no_error("same_as", "no clip is there twice, nor in an earlier table"),
        between("seconds", shortest, longest, f"a clip lasts {shortest:g} to {longest:g} seconds"),
        between("seconds_a_character", fast, slow, f"a character takes {fast:g} to {slow:g} seconds"),
        between("loudness_db", quiet, loud, f"a clip is {-loud:g} to {-quiet:g} dB under full scale"),
        at_least(
            "dynamics_db",
            sounds.dynamics,
            f"a clip is {sounds.dynamics:g} dB louder than its quiet tenth: no steady noise",
        ),
        at_most("offset_percent", sounds.offset, f"a clip's mean is within {sounds.offset:g}% of full scale"),
        at_most(
            "full_scale",
            sounds.full_scale,
            f"at most {sounds.full_scale} samples of a clip are at full scale: it is not clipped",
        ),
    ]


def cell_errors(rows: pd.DataFrame, drawn: Sequence[Mapping[str, str]]) -> list[str]:
    """For each row, the cells that are not those drawn for its id."""
    found = []
    for row in rows.to_dict("records"):
        cells = drawn[row["id"]] if 0 <= row["id"] < len(drawn) else {"id": "none"}
        found.append("; ".join(f"{name}: drawn {cell!r}" for name, cell in cells.items() if row[name] != cell))
    return found


# -- what all rows together show

A_FEW = 5  # clips: of a speaker with fewer the usual length is hardly known


@dataclass(frozen=True)
class Pace:
    """Clips of one kind: how closely their duration follows the number of characters that are said."""

    table: str
    kind: str
    rows: pd.DataFrame
    usual: pd.Series  # samples of a clip, by speaker

    def correlation(self) -> float:
        # In units of a speaker's usual clip: slow speakers make long clips of short texts.
        duration = self.rows["length"] / self.rows["speaker"].map(self.usual)
        found = float(duration.corr(self.rows["characters"])) if len(self.rows) > 1 else 0.0
        return 0.0 if isnan(found) else found


def paces(table: str, rows: pd.DataFrame, kinds: pd.Series) -> list[Pace]:
    """One for each of the `kinds` of rows of a table that `checked_sounds` made."""
    clips = rows.groupby("speaker")["length"].agg(["sum", "count"])
    usual = (clips["sum"] + A_FEW * rows["length"].mean()) / (clips["count"] + A_FEW)
    return [Pace(table, kind, rows[kinds == kind], usual) for kind in sorted(set(kinds))]


def pace_suite(found: Sequence[Pace], least: float) -> Suite:
    """A row per table and kind. Where sounds belong to other texts, nothing of the relation is left."""
    rows = []
    for number, pace in enumerate(found):
        correlation, expected = pace.correlation(), least - 2 / sqrt(len(pace.rows))  # less where chance may do more
        error = "" if correlation >= expected else f"at least {expected:.2f}"
        rows.append((number, pace.table, pace.kind, len(pace.rows), correlation, error))
    frame = pd.DataFrame(rows, columns=["id", "of", "said", "clips", "correlation", "expected"])
    description = "who says more characters takes longer: texts and sounds belong together"
    return Suite("pace", frame, [no_error("expected", description)])


def counts_suite(name: str, found: Mapping[tuple[str, str], int], expected: Mapping[tuple[str, str], range]) -> Suite:
    """A row per table and thing to be counted in it, a digit or a voice: none is missing, none is all there is."""
    rows: list[tuple[int, str, str, int, str]] = []
    for key in dict.fromkeys([*expected, *sorted(found)]):
        count, allowed = found.get(key, 0), expected.get(key, range(1))
        rows.append((len(rows), *key, count, "" if count in allowed else f"{allowed.start} to {allowed.stop - 1}"))
    frame = pd.DataFrame(rows, columns=["id", "of", name, "count", "expected"])
    return Suite(f"{name}s", frame, [no_error("expected", f"every {name} occurs in its tables, as often as it should")])
