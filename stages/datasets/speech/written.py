"""What follows from a text alone: its figures, whether it doubles a character, whether training had its words."""

import re
from itertools import pairwise

import pandas as pd

from stages.sounds.digits import CHINESE, ENGLISH

ALPHABETS = {"English": re.compile(r"[a-z]+('s)?( [a-z]+('s)?)*"), "Mandarin": re.compile("[\u4e00-\u9fff]+")}


def digits_of(text: str, language: str, kind: str) -> str:
    """A string of digits as figures; '' for what is none."""
    if kind != "digits":
        return ""
    words, names = (text.split(), list(ENGLISH)) if language == "English" else (list(text), list(CHINESE))
    return "".join(str(names.index(word)) if word in names else "?" for word in words)


def doubled(text: str) -> bool:
    """Whether two neighbouring characters are the same: what a network must put a blank between."""
    return any(one == other for one, other in pairwise(text))


def new_words(table: pd.DataFrame, train: pd.DataFrame) -> list[bool]:
    """For each row, whether train never shows one of its words; a Mandarin phrase is one word, digits are known."""
    known = {
        part for text, language in zip(train["text"], train["language"], strict=True) for part in parts(text, language)
    }
    return [
        kind != "digits" and not known.issuperset(parts(text, language))
        for text, language, kind in zip(table["text"], table["language"], table["kind"], strict=True)
    ]


def parts(text: str, language: str) -> list[str]:
    """The words of a text, without the 's of an owner."""
    return [word.removesuffix("'s") for word in text.split()] if language == "English" else [text]
