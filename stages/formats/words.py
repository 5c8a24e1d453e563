"""Written text as words joined by blanks, which is what networks of words read: marks are words of their own.

Prediction parts marks from words that training does not have, so that typed text comes to the same words.
"""

import re
import unicodedata

_RUN = re.compile(r"((.)\2{0,2})", re.DOTALL)  # of one mark, three at most


def in_words(text: str) -> str:
    """The text with one blank between its words, and with marks parted from the ends of words."""
    return " ".join(part for word in text.split() for part in _parts(word))


def _parts(word: str) -> list[str]:
    if word.isalnum():
        return [word]
    marks = [unicodedata.category(character)[0] in "PS" for character in word]
    if all(marks):
        return [run for run, _ in _RUN.findall(word)]
    begin = marks.index(False)
    end = len(word) - marks[::-1].index(False)
    before, after = (_RUN.findall(part) for part in (word[:begin], word[end:]))
    return [*(run for run, _ in before), word[begin:end], *(run for run, _ in after)]
