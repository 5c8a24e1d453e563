"""What must hold of any data set of texts: its size, its alphabet, its lengths, no repeats, no leaks between splits."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from stages.errors import StageError

if TYPE_CHECKING:  # great_expectations takes seconds to import, so only `validate` does
    from great_expectations.expectations.expectation import Expectation

SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Texts:
    """What one split's texts must be like. The published exceptions are numbers, so that one more is caught."""

    unit: str  # what a text is: review, sentence
    rows: int
    published: bool  # or asked for in params.yaml
    letters: str  # the characters of a word, as in [...] of a regular expression
    longest: int  # words
    repeats: int = 0  # texts that an earlier row of the split has, too
    leaks: int = 0  # texts that an earlier split has, too
    tokens: int | None = None  # words of all texts, where that is published
    end: str = ""  # the last word of every text, where they have one in common


@dataclass(frozen=True)
class Sizes:
    """How many texts a built-in source makes for each split: part of every such options dataclass."""

    seed: int
    train: int
    val: int
    test: int

    def __post_init__(self) -> None:
        for split in SPLITS:
            if self.rows(split) < self.fewest():
                raise ValueError(f"{split} must be at least {self.fewest()}, found {self.rows(split)}")

    def rows(self, split: str) -> int:
        return {"train": self.train, "val": self.val, "test": self.test}[split]

    @staticmethod
    def fewest() -> int:
        """The smallest split that can show what the data set is about."""
        return 20


def checked_texts(tables: Mapping[str, pd.DataFrame], split: str) -> pd.DataFrame:
    """The split's table with a column for each rule that needs computing; '' is how such a column says: no error."""
    rows = tables[split].copy()
    rows["word_count"] = rows["text"].str.split().map(len)
    rows["repeated"] = rows["text"].duplicated().map({True: "repeated", False: ""})
    rows["also_in"] = ""
    for earlier in reversed(SPLITS[: SPLITS.index(split)]):
        rows.loc[rows["text"].isin(tables[earlier]["text"]), "also_in"] = earlier
    return rows


def text_rules(split: str, texts: Texts) -> "list[Expectation]":
    """The rules for a table that `checked_texts` made."""
    import great_expectations.expectations as gxe

    unit, units = texts.unit, f"{texts.unit}s"
    word = f"[{texts.letters}]+"
    found: list[Expectation] = [
        gxe.ExpectTableRowCountToEqual(
            value=texts.rows,
            description=f"there are {texts.rows} {units}, as {'published' if texts.published else 'params.yaml asks'}",
        ),
        gxe.ExpectColumnValuesToBeUnique(column="id", description="no id is repeated"),
        gxe.ExpectColumnValuesToMatchRegex(
            column="text",
            regex=rf"^{word}(?: {word})*$",
            description=f"a {unit} is words of [{texts.letters}] with one blank between them, and not empty",
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="word_count",
            min_value=1,
            max_value=texts.longest,
            description=f"a {unit} has 1 to {texts.longest} words",
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="repeated",
            value_set=[""],
            mostly=(texts.rows - texts.repeats) / texts.rows,
            description=f"at most the {texts.repeats} repeats known from publication are there"
            if texts.repeats
            else f"no {unit} is repeated",
        ),
    ]
    if split != "train":
        found.append(
            gxe.ExpectColumnValuesToBeInSet(
                column="also_in",
                value_set=[""],
                mostly=(texts.rows - texts.leaks) / texts.rows,
                description=f"at most the {texts.leaks} {units} known from publication are also in an earlier split"
                if texts.leaks
                else f"no {unit} is also in an earlier split",
            )
        )
    if texts.end:
        found.append(
            gxe.ExpectColumnValuesToMatchRegex(
                column="text",
                regex=rf" {re.escape(texts.end)}$",
                description=f"the last word of a {unit} is `{texts.end}`",
            )
        )
    if texts.tokens is not None:
        found.append(
            gxe.ExpectColumnSumToBeBetween(
                column="word_count",
                min_value=texts.tokens,
                max_value=texts.tokens,
                description=f"the {units} have {texts.tokens} words in all, as published",
            )
        )
    return found


def decoded_rule() -> "Expectation":
    """For texts of any letters: none was read in another encoding than it was written in, or with its order mark."""
    import great_expectations.expectations as gxe

    return gxe.ExpectColumnValuesToNotMatchRegex(
        column="text", regex="[ÃÂ]|â€|\ufffd|\ufeff", description="no text is wrongly decoded"
    )


def read_lines(path: Path, *, ended: bool = True) -> list[str]:
    """The lines of a UTF-8 text file, whole to the last one."""
    return text_lines(path.read_bytes(), str(path), ended=ended)


def text_lines(content: bytes, name: str, *, ended: bool = True) -> list[str]:
    """The lines of a file's content; `name` says in messages which file. `ended`: the last line, too, has its end."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise StageError(f"{name} is not UTF-8 text: {error}. Download it again.") from error
    if ended and not text.endswith("\n"):
        raise StageError(f"{name}, line {text.count(chr(10)) + 1}: the last line is cut off. Download it again.")
    return text.removesuffix("\n").split("\n")
