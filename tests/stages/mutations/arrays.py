"""Mutations of arrays: sounds, pictures and sequences that a faulty reader could make.

What a table measures of them is measured again, as a reader would have done: so only what the numbers say can tell.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from stages.dataset import Prepared
from tests.stages.mutations.subject import Case, Mutation, Subject
from tests.stages.mutations.tables import shuffled_order, split_groups

Change = Callable[[np.ndarray], np.ndarray]
LESS = 10


def _each(subject: Subject, change: Change) -> Iterator[Case]:
    """All parts of a table changed, a case for each table."""
    return _cases(subject, lambda parts: [change(part) for part in parts])


def _one(subject: Subject, change: Change) -> Iterator[Case]:
    """One part of a table changed."""

    def changed(parts: list[np.ndarray]) -> list[np.ndarray]:
        place = len(parts) // 2
        return [*parts[:place], change(parts[place]), *parts[place + 1 :]]

    return _cases(subject, changed)


def _cases(subject: Subject, change: Callable[[list[np.ndarray]], list[np.ndarray]]) -> Iterator[Case]:
    if subject.roles.parts:
        for table in subject.prepared.tables:
            yield Case(table, partial(_changed, subject, table, change))


def _changed(subject: Subject, table: str, change: Callable[[list[np.ndarray]], list[np.ndarray]]) -> Prepared:
    return subject.changed(table, subject.prepared.tables[table], change(subject.parts(table)))


def all_zero(subject: Subject) -> Iterator[Case]:
    return _one(subject, np.zeros_like)


def cut_short(subject: Subject) -> Iterator[Case]:
    """A sound loses its second half; in a picture or a sequence, whose size is fixed, it becomes zero."""

    def half(part: np.ndarray) -> np.ndarray:
        if part.ndim == 1 and part.dtype == np.int16:
            return part[: len(part) // 2]
        return np.where(np.arange(len(part)).reshape(-1, *[1] * (part.ndim - 1)) < len(part) // 2, part, 0)

    return _one(subject, lambda part: half(part).astype(part.dtype))


def scaled(subject: Subject) -> Iterator[Case]:
    return _each(subject, lambda part: (part / LESS).astype(part.dtype))


def bytes_exchanged(subject: Subject) -> Iterator[Case]:
    return _each(subject, lambda part: part.byteswap())


def turned(subject: Subject) -> Iterator[Case]:
    """Pictures have rows and columns exchanged; what has one dimension runs backwards."""
    return _each(subject, lambda part: part.swapaxes(0, 1) if part.ndim > 1 else part[::-1])


def channels_exchanged(subject: Subject) -> Iterator[Case]:
    """Blue, green and red instead of red, green and blue."""
    for case in _each(subject, lambda part: part[..., ::-1]):
        if subject.parts(case.where)[0].ndim == 3:
            yield case


def moved(subject: Subject) -> Iterator[Case]:
    return _cases(subject, lambda parts: [parts[row] for row in shuffled_order(len(parts))])


def one_off(subject: Subject) -> Iterator[Case]:
    return _cases(subject, lambda parts: [parts[-1], *parts[:-1]])


def classes_exchanged(subject: Subject) -> Iterator[Case]:
    """A wrong list of names, where the rows were put in order by these: only the pictures tell."""
    for table in subject.prepared.tables:
        yield from _exchanged(subject, [table])


def classes_exchanged_everywhere(subject: Subject) -> Iterator[Case]:
    for splits in split_groups(subject):
        yield from _exchanged(subject, splits)


def _exchanged(subject: Subject, tables: list[str]) -> Iterator[Case]:
    """The parts of two classes that have as many rows as one another, in each of the tables and splits."""
    if subject.roles.shown:
        rows = pd.concat([subject.prepared.tables[table].assign(table=table) for table in tables])
        splits = ["table", *subject.roles.having("split")]
        counts: dict[Any, tuple[int, ...]] = {
            label: tuple(found.groupby(splits).size()) for label, found in rows.groupby(subject.roles.shown)
        }
        for one, other in combinations(counts, 2):
            if counts[one] == counts[other]:
                yield Case(f"{'+'.join(tables)}: {one} and {other}", partial(_with_others, subject, tables, one, other))
                return


def _with_others(subject: Subject, tables: list[str], one: Any, other: Any) -> Prepared:
    changed = subject.prepared
    for table in tables:
        rows, parts = subject.prepared.tables[table], subject.parts(table)
        labels = rows[subject.roles.shown]
        for first, second in zip(np.flatnonzero(labels == one), np.flatnonzero(labels == other), strict=True):
            parts[first], parts[second] = parts[second], parts[first]
        moved = subject.changed(table, rows, parts)
        changed = replace(
            changed,
            tables={**changed.tables, table: moved.tables[table]},
            arrays={**changed.arrays, table: moved.arrays[table]},
        )
    return changed


_ARRAY = "an array beside the tables"
_SHOWN = "pictures or sequences of classes that are equally frequent"
MUTATIONS = (
    Mutation("all zero", "a picture is black, a sound is silent", _ARRAY, all_zero),
    Mutation("cut short", "a sound, picture or sequence lacks its second half", _ARRAY, cut_short),
    Mutation("scaled", f"all numbers of an array are divided by {LESS}", _ARRAY, scaled),
    Mutation("bytes exchanged", "numbers were read in the other byte order", _ARRAY, bytes_exchanged),
    Mutation("turned", "pictures lie on their side, sounds and sequences run backwards", _ARRAY, turned),
    Mutation("channels exchanged", "blue is red", "an array of colour pictures", channels_exchanged),
    Mutation("classes exchanged", "the pictures of two classes are in each other's rows", _SHOWN, classes_exchanged),
    Mutation("classes exchanged everywhere", "and in all splits alike", _SHOWN, classes_exchanged_everywhere),
    Mutation("parts shuffled", "sounds or pictures belong to other rows", _ARRAY, moved),
    Mutation("parts shifted", "sounds or pictures are one row off", _ARRAY, one_off),
)
