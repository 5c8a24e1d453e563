"""What must hold of `translation`: whole pairs in their languages, one script, and splits that share no sentence."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from math import isnan
from typing import TYPE_CHECKING

import pandas as pd

from stages.dataset import Given, Suite
from stages.datasets.translation.grammar import kept_for

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

SPLITS = ("train", "val", "test")
ROWS = {"train": 21163, "val": 1145, "test": 1136}  # of the 23,444 published pairs, by the hash
TRADITIONAL = "機這個們來為說時會學習對過還沒麼嗎愛東車書長門問間開關聽語認識實寫覺親遠還邊從後當國無電見車馬鳥魚"
LONGEST = {"public": (32, 44), "builtin": (32, 64)}  # English words, Chinese characters


@dataclass(frozen=True)
class TranslationOptions:
    """params.yaml's `datasets.translation.builtin`: the seed, and how many pairs each split gets."""

    seed: int
    train: int
    val: int
    test: int

    def __post_init__(self) -> None:
        for split in SPLITS:
            if self.rows(split) < 1:
                raise ValueError(f"{split} must be at least 1, found {self.rows(split)}")

    def rows(self, split: str) -> int:
        return {"train": self.train, "val": self.val, "test": self.test}[split]


def key(english: str) -> str:
    """What two English sentences share that differ in case, punctuation and blanks alone."""
    return "".join(letter for letter in english.casefold() if letter.isalnum())


def rules(given: Given[TranslationOptions]) -> list[Suite]:
    """A suite per split, and one about the characters."""
    suites = [Suite(split, _checked(given.tables, split), _split_rules(given, split)) for split in given.tables]
    return [*suites, _lengths_suite(given), _characters_suite(given)]


def _checked(tables: Mapping[str, pd.DataFrame], split: str) -> pd.DataFrame:
    """The split's table with a column for each rule that needs computing; '' is how such a column says: no error."""
    rows = tables[split].copy()
    rows["pair"] = rows["source"] + "\t" + rows["target_as_written"]
    rows["words"] = rows["source"].str.split().map(len)
    rows["characters"] = rows["target"].str.len()
    rows["traditional"] = rows["target"].map(lambda text: "".join(sorted(set(text) & set(TRADITIONAL))))
    rows["length_change"] = (rows["target"].str.len() - rows["target_as_written"].str.len()).abs()
    rows["also_in"] = ""
    keys = rows["source"].map(key)
    for earlier in SPLITS[: SPLITS.index(split)]:
        rows.loc[keys.isin(set(tables[earlier]["source"].map(key))), "also_in"] = earlier
    rows["kept_for"] = rows["source"].map(kept_for)
    return rows


def _split_rules(given: Given[TranslationOptions], split: str) -> "list[Expectation]":
    import great_expectations.expectations as gxe

    builtin = given.source == "builtin"
    count = given.options.rows(split) if builtin else ROWS[split]
    words, characters = LONGEST[given.source]
    found: list[Expectation] = [
        gxe.ExpectTableRowCountToEqual(
            value=count, description=f"there are {count} pairs, {'as params.yaml asks' if builtin else 'as published'}"
        ),
        gxe.ExpectColumnValuesToBeUnique(column="id", description="no id is repeated"),
        gxe.ExpectColumnValuesToBeUnique(column="pair", description="no pair is repeated"),
        gxe.ExpectColumnValuesToMatchRegex(
            column="source",
            regex=r"^[^\u3400-\u9fff]*[A-Za-z][^\u3400-\u9fff]*$",
            description="the source has Latin letters and no Chinese character",
        ),
        gxe.ExpectColumnValuesToMatchRegex(
            column="target", regex=r"[\u3400-\u9fff]", description="the target has a Chinese character"
        ),
        gxe.ExpectColumnValuesToNotMatchRegex(
            column="pair", regex=r"\ufffd|Ã|â€|å|^\s|\s$|  ", description="no text is wrongly decoded or padded"
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="words", min_value=1, max_value=words, description=f"a source has 1 to {words} words"
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="characters",
            min_value=1,
            max_value=characters,
            description=f"a target has 1 to {characters} characters",
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="traditional", value_set=[""], description="the target has no traditional character"
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="length_change", min_value=0, max_value=0, description="the target is as long as it was written"
        ),
    ]
    if split != "train":
        found.append(
            gxe.ExpectColumnValuesToBeInSet(
                column="also_in",
                value_set=[""],
                description="no source is also in an earlier split, be it with other case or punctuation",
            )
        )
    if builtin:
        says = (
            "no combination of words is kept for another split" if split == "train" else "a combination of words is new"
        )
        found += [
            gxe.ExpectColumnValuesToBeInSet(column="kept_for", value_set=[split], description=says),
            gxe.ExpectColumnValuesToBeUnique(column="source", description="no source is repeated"),
        ]
    return found


def _lengths_suite(given: Given[TranslationOptions]) -> Suite:
    """A row per split: in how many pairs which side is longer. A shifted column leaves no relation between them."""
    import great_expectations.expectations as gxe

    rows = []
    for number, (split, table) in enumerate(given.tables.items()):
        words, characters = table["source"].str.split().map(len), table["target"].str.len()
        longer = float((words > characters).mean())
        together = float(words.corr(characters)) if len(table) > 1 else 0.0
        rows.append((number, split, longer, float((characters > words).mean()), 0.0 if isnan(together) else together))
    frame = pd.DataFrame(rows, columns=["id", "split", "source_longer", "target_longer", "correlation"])
    return Suite(
        "lengths",
        frame,
        [
            gxe.ExpectColumnValuesToBeBetween(
                column="source_longer",
                min_value=0.01,
                description="some sources have more words than the target characters",
            ),
            gxe.ExpectColumnValuesToBeBetween(
                column="target_longer",
                min_value=0.5,
                description="most targets have more characters than the source words",
            ),
            gxe.ExpectColumnValuesToBeBetween(
                column="correlation",
                min_value=0.35,
                description="long sources have long targets: the columns belong together",
            ),
        ],
    )


def _characters_suite(given: Given[TranslationOptions]) -> Suite:
    """A row per character of any target. Built-in, test must ask for new combinations of what train has shown."""
    import great_expectations.expectations as gxe

    found = {split: set(chain.from_iterable(table["target"])) for split, table in given.tables.items()}
    characters = sorted(set().union(*found.values()))
    rows = pd.DataFrame({"id": range(len(characters)), "character": characters})
    rows["lacking_in_train"] = ["" if character in found["train"] else "lacking" for character in characters]
    fewest, mostly = (100, 1.0) if given.source == "builtin" else (2500, 0.9)
    return Suite(
        "characters",
        rows,
        [
            gxe.ExpectTableRowCountToBeBetween(
                min_value=fewest, description=f"there are at least {fewest} different characters"
            ),
            gxe.ExpectColumnValuesToBeInSet(
                column="lacking_in_train",
                value_set=[""],
                mostly=mostly,
                description="every character occurs in train"
                if mostly == 1
                else f"{mostly:.0%} of characters occur in train",
            ),
        ],
    )
