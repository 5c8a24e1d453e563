"""What data sets of translated sentences share: how pairs are drawn and read, and what must hold of their tables."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import isnan
from random import Random
from typing import TYPE_CHECKING

import pandas as pd

from stages.dataset import Suite
from stages.errors import StageError
from stages.texts.rules import SPLITS, Sizes, text_lines

if TYPE_CHECKING:  # great_expectations takes seconds to import, so only `validate` does
    from great_expectations.expectations.expectation import Expectation

_NEITHER_LETTER_NOR_DIGIT = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class PairSizes(Sizes):
    """How many pairs a built-in source makes for each split."""

    @staticmethod
    def fewest() -> int:
        return 1


def key(sentence: str) -> str:
    """What two sentences share that differ in case, punctuation and blanks alone."""
    return _NEITHER_LETTER_NOR_DIGIT.sub("", sentence.casefold())


def draw_pairs(
    sizes: Sizes,
    draw: Callable[[Random], tuple[str, str]],
    kept_for: Callable[[str], str],
    units: Callable[[str], Iterable[str]],
) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """The pairs of each split, no two of them with one source.

    A combination of words that is kept for a split occurs there and nowhere else. What is new is the combination:
    `units` (words or characters) that train lacks do not occur in val and test.
    """
    seen: set[str] = set()
    known: set[str] = set()
    for split in SPLITS:
        rng = Random(f"{sizes.seed}/{split}")
        pairs: list[tuple[str, str]] = []
        for _ in range(10_000 + 100 * sizes.rows(split)):
            if len(pairs) == sizes.rows(split):
                break
            source, target = draw(rng)
            if key(source) in seen or kept_for(source) != split:
                continue
            found = {*units(source), *units(target)}
            if split == "train":
                known |= found
            elif not found <= known:
                continue
            seen.add(key(source))
            pairs.append((source, target))
        if len(pairs) < sizes.rows(split):
            raise StageError(f"{split}: the grammar gave {len(pairs)} of {sizes.rows(split)} pairs; ask for fewer")
        yield split, pairs


def cells(content: bytes, name: str, count: int) -> Iterator[list[str]]:
    """The cells of each line of a file, `count` of them, with tabs between."""
    for number, line in enumerate(text_lines(content, name), start=1):
        parts = line.split("\t")
        if len(parts) != count:
            raise StageError(f"{name}, line {number}: {len(parts)} cells between tabs, expected {count}")
        yield parts


# -- what must hold


def checked_pairs(tables: Mapping[str, pd.DataFrame], split: str, target: str = "target") -> pd.DataFrame:
    """The split's table with a column for each rule that needs computing; '' is how such a column says: no error.

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


def pair_rules(split: str, rows: int, *, published: bool, longest: int, leaks: int = 0) -> "list[Expectation]":
    """The rules for a table that `checked_pairs` made.

    `longest` is a number of words, `leaks` how many sources known from publication were struck out of `also_in`.
    """
    import great_expectations.expectations as gxe

    found: list[Expectation] = [
        gxe.ExpectTableRowCountToEqual(
            value=rows, description=f"there are {rows} pairs, {'as published' if published else 'as params.yaml asks'}"
        ),
        gxe.ExpectColumnValuesToBeUnique(column="id", description="no id is repeated"),
        gxe.ExpectColumnValuesToNotMatchRegex(
            column="pair",
            regex=r"\ufffd|\ufeff|Ã|â€|å|^\s|\s$|\s\s",
            description="no text is wrongly decoded or padded",
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="source_words", min_value=1, max_value=longest, description=f"a source has 1 to {longest} words"
        ),
    ]
    if split != "train":
        found.append(
            gxe.ExpectColumnValuesToBeInSet(
                column="also_in",
                value_set=[""],
                description="no source is also in an earlier split, be it with other case or punctuation"
                + (f", but for {leaks} known" if leaks else ""),
            )
        )
    return found


def drawn_rules(split: str) -> "list[Expectation]":
    """What more must hold of drawn pairs; column `kept_for` says which split their combinations are kept for."""
    import great_expectations.expectations as gxe

    says = "no combination of words is kept for another split" if split == "train" else "a combination of words is new"
    return [
        gxe.ExpectColumnValuesToBeInSet(column="kept_for", value_set=[split], description=says),
        gxe.ExpectColumnValuesToBeUnique(column="source", description="no source is repeated"),
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
    import great_expectations.expectations as gxe

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
            gxe.ExpectColumnValuesToBeBetween(
                column="source_longer",
                min_value=least.source_longer,
                description=f"at least {least.source_longer:.0%} of sources have more words than the target {unit}s",
            ),
            gxe.ExpectColumnValuesToBeBetween(
                column="target_longer",
                min_value=least.target_longer,
                description=f"at least {least.target_longer:.0%} of targets have more {unit}s than the source words",
            ),
            gxe.ExpectColumnValuesToBeBetween(
                column="correlation",
                min_value=least.correlation,
                description="long sources have long targets: the columns belong together",
            ),
        ],
    )


def units_suite(
    tables: Mapping[str, pd.DataFrame], units: Callable[[str], Iterable[str]], unit: str, fewest: int, mostly: float
) -> Suite:
    """A row per word or character of any target: there are enough of them, and `mostly` all occur in train."""
    import great_expectations.expectations as gxe

    found = {split: {each for text in table["target"] for each in units(text)} for split, table in tables.items()}
    every = sorted(set().union(*found.values()))
    rows = pd.DataFrame({"id": range(len(every)), unit: every})
    rows["lacking_in_train"] = ["" if each in found["train"] else "lacking" for each in every]
    return Suite(
        f"{unit}s",
        rows,
        [
            gxe.ExpectTableRowCountToBeBetween(
                min_value=fewest, description=f"there are at least {fewest} different {unit}s"
            ),
            gxe.ExpectColumnValuesToBeInSet(
                column="lacking_in_train",
                value_set=[""],
                mostly=mostly,
                description=f"every {unit} occurs in train"
                if mostly == 1
                else f"{mostly:.0%} of {unit}s occur in train",
            ),
        ],
    )
