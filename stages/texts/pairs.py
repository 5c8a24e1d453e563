"""Pairs of translated sentences: how they are drawn, and how their files are read."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from random import Random

from stages.errors import StageError
from stages.texts.lines import text_lines
from stages.texts.sizes import SPLITS, Sizes

_NEITHER_LETTER_NOR_DIGIT = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class PairSizes(Sizes):
    """How many pairs a built-in source makes for each split."""

    FEWEST = 1


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
