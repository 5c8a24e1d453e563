"""Rules for any data set of translated sentences."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import isnan

import pandas as pd

from stages.dataset import Suite
from stages.rules.vocabulary import (
    Rule,
    among,
    at_least,
    between,
    never_matches,
    no_error,
    row_count,
    row_count_at_least,
    unique,
)
from stages.texts.pairs import key
from stages.texts.sizes import SPLITS


def checked_pairs(tables: Mapping[str, pd.DataFrame], split: str, target: str = "target") -> pd.DataFrame:
    """The split's table with a column for each rule that needs computing; '' means no error.

    `target` is the column with the target as its file has it.
    """
    rows = tables[split].copy()
    rows["pair"] = rows["source"] + "\t" + rows[target]
    rows["source_words"] = rows["source"].str.split().map(len)
    rows["also_in"] = ""
    keys = rows["source"].map(key)
    for earlier in SPLITS[: SPLITS.index(split)]:
        rows.loc[keys.isin(set(tables[earlier]["source"].map(key))), "also_in"] = earlier
    return rows


def pair_rules(split: str, rows: int, *, published: bool, longest: int, leaks: int = 0) -> list[Rule]:
    """The rules for a table that `checked_pairs` made.

    `longest` is a number of words, `leaks` how many sources known from publication were struck out of `also_in`.
    """
    found: list[Rule] = [
        row_count(rows, f"there are {rows} pairs, {'as published' if published else 'as params.yaml asks'}"),
        unique("id", "no id is repeated"),
        never_matches("pair", r"\ufffd|\ufeff|Ã|â€|å|^\s|\s$|\s\s", "no text is wrongly decoded or padded"),
        between("source_words", 1, longest, f"a source has 1 to {longest} words"),
    ]
    if split != "train":
        found.append(
            no_error(
                "also_in",
                "no source is also in an earlier split, be it with other case or punctuation"
                + (f", but for {leaks} known" if leaks else ""),
            )
        )
    return found


def drawn_rules(split: str) -> list[Rule]:
    """More rules for drawn pairs; column `kept_for` is the split that their combinations are kept for."""
    description = (
        "no combination of words is kept for another split" if split == "train" else "a combination of words is new"
    )
    return [
        among("kept_for", [split], description),
        unique("source", "no source is repeated"),
    ]


@dataclass(frozen=True)
class Lengths:
    """How the lengths of sources and targets relate, at the least."""

    unit: str  # of a target: word, character
    source_longer: float  # share of pairs
    target_longer: float
    correlation: float


def lengths_suite(tables: Mapping[str, pd.DataFrame], count: Callable[[str], int], least: Lengths) -> Suite:
    """A row per split: in how many pairs which side is longer. A shifted column leaves no relation between them."""
    unit = least.unit
    rows = []
    for number, (split, table) in enumerate(tables.items()):
        words, units = table["source"].str.split().map(len), table["target"].map(count)
        together = float(words.corr(units)) if len(table) > 1 else 0.0
        shares = float((words > units).mean()), float((units > words).mean())
        rows.append((number, split, *shares, 0.0 if isnan(together) else together))
    return Suite(
        "lengths",
        pd.DataFrame(rows, columns=["id", "split", "source_longer", "target_longer", "correlation"]),
        [
            at_least(
                "source_longer",
                least.source_longer,
                f"at least {least.source_longer:.0%} of sources have more words than the target {unit}s",
            ),
            at_least(
                "target_longer",
                least.target_longer,
                f"at least {least.target_longer:.0%} of targets have more {unit}s than the source words",
            ),
            at_least("correlation", least.correlation, "long sources have long targets: the columns belong together"),
        ],
    )


def units_suite(
    tables: Mapping[str, pd.DataFrame], units: Callable[[str], Iterable[str]], unit: str, fewest: int, mostly: float
) -> Suite:
    """A row per word or character of any target: there are enough of them, and `mostly` all occur in train."""
    found = {split: {each for text in table["target"] for each in units(text)} for split, table in tables.items()}
    every = sorted(set().union(*found.values()))
    rows = pd.DataFrame({"id": range(len(every)), unit: every})
    rows["lacking_in_train"] = ["" if each in found["train"] else "lacking" for each in every]
    return Suite(
        f"{unit}s",
        rows,
        [
            row_count_at_least(fewest, f"there are at least {fewest} different {unit}s"),
            no_error(
                "lacking_in_train",
                f"every {unit} occurs in train" if mostly == 1 else f"{mostly:.0%} of {unit}s occur in train",
                mostly=mostly,
            ),
        ],
    )
