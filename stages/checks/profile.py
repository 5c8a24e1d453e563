"""Drift: the prepared tables against the profile of the version that was last accepted.

A profile holds counts, no rows: of each column, how many cells fall into each of a few bins. It is kept in git, in
`stages/datasets/<data set>/profiles/<source>.json`; `python -m stages accept <data set>` writes it. A column of numbers
is binned by the deciles of the accepted version, one with few different values (labels, say) by those that are not
rare, and a text is measured twice: by its length, and by how many of its words are among the most frequent ones.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from itertools import accumulate, chain
from math import log, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from stages.dataset import Suite
from stages.errors import StageError
from stages.files import read_json, write_bytes
from stages.settings import Drift

DATASETS = Path("stages/datasets")
VERSION = 1
TABLE = "drift"  # what the derived table is called whose rules are about drift

LENGTHS = ("words per text", "characters per text")
KINDS = ("numbers", "values", *LENGTHS, "frequent words", "frequent characters")  # what a column is measured by
FEW_NUMBERS = 20  # different ones in a column; more are binned by deciles
FEW_TEXTS = 50  # different ones, and each in ten rows on average; else they are read as texts
RARE = 0.01  # share of the rows; a value with less counts among the others
FREQUENT_WORDS = 200  # at most
FREQUENT_SHARE = 0.9  # of all words: no more words are taken than make it up
FREQUENT_LEAST = 10  # times that a word occurs: another sample of the same texts may well lack a rarer one
NORMAL_999 = 3.0902  # of 1000 draws from the standard normal distribution 999 are below it

Cells = Iterable[Any]


@dataclass(frozen=True)
class Measure:
    """One column of one table, measured: how many of its cells, or of the words in them, each bin holds."""

    table: str
    column: str
    kind: str
    bins: list[Any]  # edges, values or words
    counts: list[int]

    def again(self, cells: Cells) -> list[int]:
        """The counts of other cells over the same bins."""
        return count(self.kind, self.bins, cells)


@dataclass(frozen=True)
class Profile:
    """What the accepted version of a data set was like."""

    dataset: str
    source: str
    options: dict[str, Any] | None  # of the built-in source
    rows: dict[str, int]
    measures: list[Measure]


# -- counting


def count(kind: str, bins: list[Any], cells: Cells) -> list[int]:
    """How many of the cells, or of the words in them, each bin holds; what is in no bin is counted last."""
    if kind == "numbers":
        return _in_intervals(list(cells), bins)
    if kind in LENGTHS:
        return _in_intervals([len(parts) for parts in _parts(kind, cells)], bins)
    found = Counter(map(str, cells) if kind == "values" else chain.from_iterable(_parts(kind, cells)))
    known = [found[name] for name in bins]
    others = found.total() - sum(known)
    return [*known, others] if kind == "values" else [sum(known), others]


def _parts(kind: str, cells: Cells) -> list[list[str]]:
    """The words of each text, or its characters where a language puts no blanks between words."""
    return [list(text) if "characters" in kind else text.split() for text in cells]


def _in_intervals(numbers: list[float], edges: list[float]) -> list[int]:
    """How many are below the first edge, then from edge to edge (the upper one included), then above the last."""
    values = np.asarray(numbers, dtype=float)
    places = np.searchsorted(edges, values, side="left")
    places[values == edges[0]] = 1
    return [int(number) for number in np.bincount(places, minlength=len(edges) + 1)]


# -- how far apart two counts are


def stability_index(counts: list[int], accepted: list[int]) -> float:
    """The population stability index of two counts over the same bins: the sum of (p - q) ln(p / q).

    p and q are a bin's shares. It is 0 for equal shares and symmetric; by habit less than 0.1 is no change and more
    than 0.25 a large one (N. Siddiqi, Credit Risk Scorecards, 2006). Half a case more in every bin keeps it finite
    where a bin is empty on one side; a bin that is empty on both sides does not count.
    """
    bins = [pair for pair in zip(counts, accepted, strict=True) if any(pair)]
    now, before = (sum(side) + len(bins) / 2 for side in zip(*bins, strict=True)) if bins else (1.0, 1.0)
    shares = [((found + 0.5) / now, (known + 0.5) / before) for found, known in bins]
    return sum((p - q) * log(p / q) for p, q in shares)


def by_chance(bins: int, rows: int, accepted: int) -> float:
    """What the stability index of two samples of one population stays below in 999 of 1000 cases.

    Without drift it is about (1/n + 1/m) times a chi-square of bins - 1 degrees of freedom (B. Yurdakul, J. Naranjo:
    Statistical properties of the population stability index, Journal of Risk Model Validation, 2020). So its mean is
    (bins - 1) (1/n + 1/m): 0.11 for twelve bins and two tables of 200 rows, a change by habit, and nothing but noise.
    The quantile is Wilson and Hilferty's: the cube root of a chi-square is about normal.
    """
    freedom = max(bins - 1, 1)
    spread = 2 / (9 * freedom)
    quantile = freedom * (1 - spread + NORMAL_999 * sqrt(spread)) ** 3
    return float(quantile * (1 / max(rows, 1) + 1 / max(accepted, 1)))


# -- a profile


def make_profile(tables: Mapping[str, pd.DataFrame], card: Mapping[str, Any]) -> Profile:
    """The profile of the tables that `card` describes."""
    measures = []
    for column in dict.fromkeys(str(column) for table in tables.values() for column in table):
        if column != "id":
            cells = {name: table[column] for name, table in tables.items() if column in table}
            measures += [_measure(name, column, kind, cells[name]) for kind in _kinds(cells) for name in cells]
    rows = {name: len(table) for name, table in tables.items()}
    return Profile(card["dataset"], card["source"], card["options"], rows, measures)


def _kinds(cells: Mapping[str, "pd.Series[Any]"]) -> list[str]:
    """How a column is measured, by what all tables together have in it."""
    whole = pd.concat(list(cells.values()))
    different = whole.nunique()
    if pd.api.types.is_numeric_dtype(whole) and not pd.api.types.is_bool_dtype(whole):
        return ["numbers" if different > FEW_NUMBERS else "values"]
    if different <= min(FEW_TEXTS, len(whole) / 10) or pd.api.types.is_bool_dtype(whole):
        return ["values"]
    with_blanks = whole.str.contains(" ", regex=False).mean()
    unit = "words" if with_blanks >= 0.5 else "characters"
    return [f"{unit} per text", f"frequent {unit}"]


def _measure(table: str, column: str, kind: str, cells: "pd.Series[Any]") -> Measure:
    bins: list[Any]
    if kind == "numbers":
        bins = _deciles(list(cells))
    elif kind in LENGTHS:
        bins = _deciles([len(parts) for parts in _parts(kind, cells)])
    elif kind == "values":
        bins = [value for value, number in _by_frequency(map(str, cells)) if number >= RARE * len(cells)]
    else:
        bins = _frequent(chain.from_iterable(_parts(kind, cells)))
    return Measure(table, column, kind, bins, count(kind, bins, cells))


def _deciles(numbers: list[float]) -> list[float]:
    """The smallest, the deciles and the largest, each once: numbers that occur, so that nothing depends on rounding."""
    edges: list[float] = np.unique(np.quantile(numbers, np.arange(11) / 10, method="inverted_cdf")).tolist()
    return edges if len(edges) > 1 else edges * 2


def _by_frequency(names: Iterable[str]) -> list[tuple[str, int]]:
    """Names and how often each occurs, the most frequent first, equally frequent ones by the alphabet."""
    return sorted(Counter(names).items(), key=lambda entry: (-entry[1], entry[0]))


def _frequent(words: Iterable[str]) -> list[str]:
    found = _by_frequency(words)
    enough = FREQUENT_SHARE * sum(number for _, number in found)
    fewer = sum(covered < enough for covered in accumulate(number for _, number in found))
    return [word for word, number in found[: min(fewer + 1, FREQUENT_WORDS)] if number >= FREQUENT_LEAST]


# -- its file


def path_of(dataset: str, source: str) -> Path:
    """Where the profile of a data set's source stands."""
    return DATASETS / dataset / "profiles" / f"{source}.json"


def write_profile(profile: Profile) -> Path:
    """Record a profile as that of the accepted version; a line per measure, for git to compare."""
    path = path_of(profile.dataset, profile.source)
    head = {"version": VERSION, **asdict(profile)}
    measures = ",\n".join(json.dumps(measure, ensure_ascii=False) for measure in head.pop("measures"))
    start = json.dumps(head, indent=1, ensure_ascii=False).removesuffix("\n}")
    write_bytes(path, f'{start},\n "measures": [\n{measures}\n ]\n}}\n'.encode())
    return path


def read_profile(dataset: str, source: str) -> Profile | None:
    """The profile of the accepted version; none where no version was accepted yet."""
    path = path_of(dataset, source)
    if not path.exists():
        return None
    command = f"python -m stages accept {dataset}"
    content = read_json(path, command)
    try:
        if (version := content.pop("version", None)) != VERSION:
            raise ValueError(f"version {version}, expected {VERSION}")
        profile = Profile(**{**content, "measures": [Measure(**entry) for entry in content["measures"]]})
        for measure in profile.measures:
            if measure.kind not in KINDS or len(measure.counts) != len(measure.again([])):
                raise ValueError(f"{measure.kind} of {measure.column}, {len(measure.counts)} counts")
    except (ValueError, TypeError, KeyError, LookupError) as error:
        raise StageError(
            f"{path} is no profile ({error}). Take it from git again, or remove it and run `{command}` after validate."
        ) from error
    return profile


# -- drift


def compare(profile: Profile, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """A row per measure: `drift` is its stability index, less what chance alone explains."""
    rows = []
    for measure in profile.measures:
        table = tables.get(measure.table)
        if table is not None and measure.column in table:
            counts = measure.again(table[measure.column])
            used = sum(map(any, zip(counts, measure.counts, strict=True)))
            index = stability_index(counts, measure.counts)
            chance = by_chance(used, len(table), profile.rows[measure.table])
            drift = round(max(0.0, index - chance), 4)
            rows.append((measure.table, measure.column, measure.kind, round(index, 4), round(chance, 4), drift))
    frame = pd.DataFrame(rows, columns=["table", "column", "measure", "stability_index", "by_chance", "drift"])
    frame.insert(0, "id", range(len(frame)))
    return frame


def differences(profile: Profile, tables: Mapping[str, pd.DataFrame], options: Mapping[str, Any] | None) -> list[str]:
    """What differs from the accepted version before any cell is looked at."""
    before, now = profile.options or {}, options or {}
    found = [
        f"{key} was {before.get(key)}, is {now.get(key)}"
        for key in dict.fromkeys([*before, *now])
        if before.get(key) != now.get(key)
    ]
    known = dict.fromkeys((measure.table, measure.column) for measure in profile.measures)
    columns = dict.fromkeys((name, column) for name, table in tables.items() for column in table if column != "id")
    found += [f"{column} of {table} is no longer there" for table, column in known if (table, column) not in columns]
    found += [f"{column} of {table} is new" for table, column in columns if (table, column) not in known]
    return found


def drift_suite(compared: pd.DataFrame, limits: Drift) -> Suite:
    """The rules about drift, on what `compare` found."""
    from stages.checks.library import FailureSeverity, gxe

    says = "no column has drifted from the accepted profile: its stability index, less chance, is at most"
    rules: list[Any] = [
        gxe.ExpectColumnValuesToBeBetween(
            column="drift",
            max_value=limits.warn,
            severity=FailureSeverity.WARNING,
            description=f"{says} {limits.warn:g}",
        )
    ]
    if limits.stop is not None:
        rules.append(
            gxe.ExpectColumnValuesToBeBetween(
                column="drift",
                max_value=limits.stop,
                severity=FailureSeverity.CRITICAL,
                description=f"{says} {limits.stop:g}",
            )
        )
    return Suite(TABLE, compared, rules)
