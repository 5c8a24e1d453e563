"""Rules for any data set of texts: its size, alphabet and lengths, no repeats, no leaks between splits."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from stages.rules.vocabulary import Rule, between, matches, never_matches, no_error, row_count, total, unique
from stages.texts.sizes import SPLITS


@dataclass(frozen=True)
class Texts:
    """The expected texts of one split. Published exceptions are numbers, so that one more is caught."""

    unit: str  # what a text is: review, sentence
    rows: int
    published: bool  # or asked for in params.yaml
    letters: str  # the characters of a word, as in [...] of a regular expression
    longest: int  # words
    repeats: int = 0  # texts that an earlier row of the split has, too
    leaks: int = 0  # texts that an earlier split has, too
    tokens: int | None = None  # words of all texts, where that is published
    end: str = ""  # the last word of every text, where they have one in common


def checked_texts(tables: Mapping[str, pd.DataFrame], split: str) -> pd.DataFrame:
    """The split's table with a column for each rule that needs computing; '' means no error."""
    rows = tables[split].copy()
    rows["word_count"] = rows["text"].str.split().map(len)
    rows["repeated"] = rows["text"].duplicated().map({True: "repeated", False: ""})
    rows["also_in"] = ""
    for earlier in reversed(SPLITS[: SPLITS.index(split)]):
        rows.loc[rows["text"].isin(tables[earlier]["text"]), "also_in"] = earlier
    return rows


def text_rules(split: str, texts: Texts) -> list[Rule]:
    """The rules for a table that `checked_texts` made."""
    unit, units = texts.unit, f"{texts.unit}s"
    word = f"[{texts.letters}]+"
    found: list[Rule] = [
        row_count(
            texts.rows, f"there are {texts.rows} {units}, as {'published' if texts.published else 'params.yaml asks'}"
        ),
        unique("id", "no id is repeated"),
        matches(
            "text",
            rf"^{word}(?: {word})*$",
            f"a {unit} is words of [{texts.letters}] with one blank between them, and not empty",
        ),
        between("word_count", 1, texts.longest, f"a {unit} has 1 to {texts.longest} words"),
        no_error(
            "repeated",
            f"at most the {texts.repeats} repeats known from publication are there"
            if texts.repeats
            else f"no {unit} is repeated",
            mostly=(texts.rows - texts.repeats) / texts.rows,
        ),
    ]
    if split != "train":
        found.append(
            no_error(
                "also_in",
                f"at most the {texts.leaks} {units} known from publication are also in an earlier split"
                if texts.leaks
                else f"no {unit} is also in an earlier split",
                mostly=(texts.rows - texts.leaks) / texts.rows,
            )
        )
    if texts.end:
        found.append(matches("text", rf" {re.escape(texts.end)}$", f"the last word of a {unit} is `{texts.end}`"))
    if texts.tokens is not None:
        found.append(total("word_count", texts.tokens, f"the {units} have {texts.tokens} words in all, as published"))
    return found


def decoded_rule(column: str = "text") -> Rule:
    """For texts of any letters: none was read in another encoding than it was written in, or with its order mark."""
    return never_matches(column, "[ÃÂ]|â€|\ufffd|\ufeff", "no text is wrongly decoded")
