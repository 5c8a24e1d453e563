"""A profile: how many cells of each column fall into each of a few bins. It holds counts, no rows.

The profile of the version that was accepted last is kept in git, in `stages/datasets/<data set>/profiles/`;
`python -m stages accept <data set>` writes it. A column of numbers is binned by the deciles of the accepted version,
one with few different values (labels, say) by those that are not rare. A text is measured twice: by its length, and by
how many of its words are among the most frequent ones.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from itertools import accumulate, chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from stages.errors import StageError
from stages.files import write_bytes

DATASETS = Path("stages/datasets")
OWN = Path("stages/own_rules/profiles")  # of users' own data


VERSION = 1


LENGTHS = ("words per text", "characters per text")


KINDS = ("numbers", "values", *LENGTHS, "frequent words", "frequent characters")  # of measures


FEW_NUMBERS = 20  # different ones in a column; more are binned by deciles


FEW_TEXTS = 50  # different ones, and each in ten rows on average; else they are read as texts


RARE = 0.01  # share of the rows; a value with less counts among the others


FREQUENT_WORDS = 200  # at most


FREQUENT_SHARE = 0.9  # of all words: no more words are taken than make it up


FREQUENT_LEAST = 10  # times that a word occurs: another sample of the same texts may well lack a rarer one


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
    """The measures of the accepted version of a data set."""

    dataset: str
    source: str
    options: dict[str, Any] | None  # of the built-in source
    rows: dict[str, int]
    measures: list[Measure]


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


def path_of(dataset: str, source: str) -> Path:
    """The path of the profile of a data set's source."""
    if source == "own":
        return OWN / f"{dataset}.json"
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
    try:
        content = json.loads(path.read_bytes())
        if not isinstance(content, dict):
            raise ValueError(f"it holds a {type(content).__name__}")
        if (version := content.pop("version", None)) != VERSION:
            raise ValueError(f"version {version}, expected {VERSION}")
        profile = Profile(**{**content, "measures": [Measure(**entry) for entry in content["measures"]]})
        for measure in profile.measures:
            if measure.kind not in KINDS or len(measure.counts) != len(measure.again([])):
                raise ValueError(f"{measure.kind} of {measure.column}, {len(measure.counts)} counts")
    except (ValueError, TypeError, LookupError) as error:
        raise StageError(
            f"{path} is a damaged profile ({error}): data cannot be compared with the accepted version. Take the file "
            f"from git or a backup again (`git checkout -- {path}`). A new profile would accept any data."
        ) from error
    return profile
