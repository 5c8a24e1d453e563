"""Mutations of tables: what a faulty reader could make of good raw files."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import combinations, product
from random import Random
from typing import Any

import pandas as pd

from stages.dataset import Prepared
from tests.stages.mutations.subject import SPLITS, TEXTS, Case, Mutation, Names, Subject

Change = Callable[[list[Any]], dict[Any, Any]]
INCH = 2.54
GROSS = 1000


def _cases_by_cell(subject: Subject, cells: Iterator[tuple[str, pd.DataFrame, str]], change: Any) -> Iterator[Case]:
    """A case for each of the columns; `change` makes new rows of a table's rows and a column."""
    for table, rows, column in cells:
        yield Case(f"{table}.{column}", partial(_by_cell, subject, table, rows, column, change))


def _by_cell(subject: Subject, table: str, rows: pd.DataFrame, column: str, change: Any) -> Prepared:
    return subject.changed(table, change(rows, column))


def _with(rows: pd.DataFrame, column: str, values: Any) -> pd.DataFrame:
    """The rows with other values in one column, of the type that it had."""
    return rows.assign(**{column: pd.Series(list(values), index=rows.index, dtype=rows[column].dtype)})


def _with_cell(rows: pd.DataFrame, row: int, column: str, value: Any) -> pd.DataFrame:
    values = rows[column].to_list()
    values[row] = value
    return _with(rows, column, values)


# -- columns


def column_dropped(subject: Subject) -> Iterator[Case]:
    return _cases_by_cell(subject, subject.cells(), lambda rows, column: rows.drop(columns=column))


def columns_exchanged(subject: Subject) -> Iterator[Case]:
    """Two columns of one type under each other's name."""
    for table, rows in subject.prepared.tables.items():
        columns = [column for column, role in subject.roles.columns.items() if role != "id"]
        for one, other in combinations(columns, 2):
            if subject.dataset.columns[one] == subject.dataset.columns[other]:
                exchanged = rows.assign(**{one: rows[other], other: rows[one]})
                yield Case(f"{table}.{one} and {other}", partial(subject.changed, table, exchanged))


def type_changed(subject: Subject) -> Iterator[Case]:
    numbers = subject.cells()
    cells = (cell for cell in numbers if subject.dataset.columns[cell[2]] != "string")
    return _cases_by_cell(subject, cells, lambda rows, column: rows.assign(**{column: rows[column].astype(str)}))


def hole(subject: Subject) -> Iterator[Case]:
    return _cases_by_cell(
        subject, subject.cells(), lambda rows, column: rows.assign(**{column: rows[column].where(rows.index != 1)})
    )


def emptied(subject: Subject) -> Iterator[Case]:
    cells = (cell for cell in subject.cells_of(*TEXTS, "label") if subject.dataset.columns[cell[2]] == "string")
    return _cases_by_cell(subject, cells, lambda rows, column: _with_cell(rows, _written(rows, column), column, ""))


def _written(rows: pd.DataFrame, column: str) -> int:
    """The middle one of the rows that have something written there."""
    written = [row for row, text in enumerate(rows[column]) if text] or [0]
    return written[len(written) // 2]


# -- rows


def id_repeated(subject: Subject) -> Iterator[Case]:
    for table, rows in subject.prepared.tables.items():
        yield Case(table, partial(subject.changed, table, _with_cell(rows, 1, "id", rows["id"].iloc[0])))


def row_repeated(subject: Subject) -> Iterator[Case]:
    """A row in place of another one, so that their number holds."""
    for table, rows in subject.prepared.tables.items():
        place = len(rows) // 2
        yield Case(table, partial(_copied, subject, (table, 0), (table, place)))


def _copied(subject: Subject, source: tuple[str, int], target: tuple[str, int]) -> Prepared:
    """One row, told by table and number, and its part of the arrays in place of another; the id stays."""
    (from_table, number), (table, place) = source, target
    tables = subject.prepared.tables
    rows, row = tables[table], tables[from_table].iloc[number : number + 1].assign(id=tables[table]["id"].iloc[place])
    parts = subject.parts(table)
    if parts:
        parts[place] = subject.parts(from_table)[number]
    return subject.changed(table, pd.concat([rows.iloc[:place], row, rows.iloc[place + 1 :]], ignore_index=True), parts)


def row_lost(subject: Subject) -> Iterator[Case]:
    for table, rows in subject.prepared.tables.items():
        yield Case(table, partial(_without_last, subject, table, rows))


def _without_last(subject: Subject, table: str, rows: pd.DataFrame) -> Prepared:
    return subject.changed(table, rows.iloc[:-1], subject.parts(table)[:-1])


# -- splits


def split_groups(subject: Subject) -> list[list[str]]:
    """Tables that are splits of one another, train first: `train`, `val`, `test`, or `<name>-train` and so on."""
    groups: dict[str, list[str]] = {}
    for split in SPLITS:
        for table in subject.prepared.tables:
            name, _, end = table.rpartition("-")
            if end == split:
                groups.setdefault(name, []).append(table)
    return list(groups.values())


def _splits_within(subject: Subject) -> Iterator[tuple[str, pd.DataFrame, str]]:
    """Tables that hold several splits themselves, with the column that says which."""
    return (cell for cell in subject.cells_of("split") if len(set(cell[1][cell[2]])) > 1)


def leaked(subject: Subject) -> Iterator[Case]:
    """A row of a later split in place of one of train."""
    tables = subject.prepared.tables
    for train, *others in split_groups(subject):
        for table in others:
            yield Case(table, partial(_copied, subject, (table, 0), (train, len(tables[train]) // 3)))
    for table, rows, column in _splits_within(subject):
        yield Case(table, partial(_leaked_within, subject, table, rows, column))


def _leaked_within(subject: Subject, table: str, rows: pd.DataFrame, split: str) -> Prepared:
    """What was measured of the first case of test in place of what was measured of one of train, of the same class."""
    labels = subject.roles.having("label")[0]
    (key,) = subject.roles.having("key")[:1] or ["id"]
    first = rows[rows[split] == "test"].iloc[0]
    test = rows.index[rows[key] == first[key]]
    train = rows[(rows[split] == "train") & (rows[labels] == first[labels])]
    place = train.index[train[key] == train[key].iloc[0]]
    values, parts = rows.copy(), subject.parts(table)
    for column in subject.roles.having("number", "count"):
        values.loc[place, column] = rows.loc[test, column].to_list()
    for old, new in zip(place, test, strict=True):
        if parts:
            parts[old] = parts[new]
    return subject.changed(table, values, parts)


def splits_exchanged(subject: Subject) -> Iterator[Case]:
    tables, arrays = subject.prepared.tables, subject.prepared.arrays
    for splits in split_groups(subject):
        for one, other in combinations(splits, 2):
            exchanged = {**tables, one: tables[other], other: tables[one]}
            moved = {**arrays, one: arrays[other], other: arrays[one]} if arrays else {}
            yield Case(f"{one} and {other}", partial(Prepared, exchanged, subject.prepared.facts, moved))
    for table, rows, column in _splits_within(subject):
        turned = rows[column].map({"train": "test", "test": "train"}).fillna(rows[column])
        yield Case(table, partial(subject.changed, table, _with(rows, column, turned)))


# -- classes


def _by_names(subject: Subject, change: Change) -> Iterator[Case]:
    """A case for each kind of names and table with at least two; `change` gives the new names of the found ones."""
    for names in subject.roles.all_names():
        for table, rows in subject.prepared.tables.items():
            if len(found := names.found(rows)) > 1:
                yield Case(f"{table}.{names.where}", partial(_renamed, subject, [table], names, change(found)))


def _renamed(subject: Subject, chosen: list[str], names: Names, new: dict[Any, Any]) -> Prepared:
    tables = subject.prepared.tables
    return replace(subject.prepared, tables={**tables, **{each: names.renamed(tables[each], new) for each in chosen}})


def _exchange(found: list[Any]) -> dict[Any, Any]:
    """The two most frequent names."""
    return {found[0]: found[1], found[1]: found[0]}


def names_exchanged(subject: Subject) -> Iterator[Case]:
    return _by_names(subject, _exchange)


def names_exchanged_everywhere(subject: Subject) -> Iterator[Case]:
    """In all splits alike, where these are tables of their own."""
    for splits, names in product(split_groups(subject), subject.roles.all_names()):
        if len(found := names.found(pd.concat([subject.prepared.tables[split] for split in splits]))) > 1:
            yield Case(f"{splits[0]}.{names.where}", partial(_renamed, subject, splits, names, _exchange(found)))


def class_gone(subject: Subject) -> Iterator[Case]:
    return _by_names(subject, lambda found: {found[-1]: found[0]})


def one_class(subject: Subject) -> Iterator[Case]:
    return _by_names(subject, lambda found: dict.fromkeys(found, found[0]))


# -- alignment


def _moved(subject: Subject, order: Any) -> Iterator[Case]:
    """A case for each column, and group of columns, whose cells come to stand in other rows."""
    groups = [(column,) for column, role in subject.roles.columns.items() if role != "id"]
    for table, rows in subject.prepared.tables.items():
        for columns in [*groups, *subject.roles.together]:
            moved = rows.assign(
                **{column: _with(rows, column, rows[column].iloc[order(len(rows))])[column] for column in columns}
            )
            yield Case(f"{table}.{'+'.join(columns)}", partial(subject.changed, table, moved))


def shuffled(subject: Subject) -> Iterator[Case]:
    return _moved(subject, shuffled_order)


def shuffled_order(count: int) -> list[int]:
    rng = Random(count)
    return sorted(range(count), key=lambda _: rng.random())


def shifted(subject: Subject) -> Iterator[Case]:
    return _moved(subject, lambda count: [count - 1, *range(count - 1)])


def one_short(subject: Subject) -> Iterator[Case]:
    return _cases_by_cell(subject, subject.cells_of(*TEXTS), _one_short)


def _one_short(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """The last word of a text lost; where words have no blanks between them, its last character."""
    row = _written(rows, column)
    text = rows[column].iloc[row]
    return _with_cell(rows, row, column, text.rpartition(" ")[0] or text[:-1])


def off_by_one(subject: Subject) -> Iterator[Case]:
    return _cases_by_cell(
        subject,
        subject.cells_of("count", "place"),
        lambda rows, column: _with_cell(rows, len(rows) // 2, column, rows[column].iloc[len(rows) // 2] + 1),
    )


# -- texts and numbers


def decoded_wrongly(subject: Subject) -> Iterator[Case]:
    return _cases_by_cell(
        subject,
        subject.cells_of("text"),
        lambda rows, column: _with(rows, column, [text.encode().decode("latin-1") for text in rows[column]]),
    )


def unit_changed(subject: Subject) -> Iterator[Case]:
    return _cases_by_cell(subject, _quantities(subject), lambda rows, column: _with(rows, column, rows[column] * INCH))


def _quantities(subject: Subject) -> Iterator[tuple[str, pd.DataFrame, str]]:
    cells = subject.cells_of("number", "measured")
    return (cell for cell in cells if subject.dataset.columns[cell[2]] == "float64")


def gross_error(subject: Subject) -> Iterator[Case]:
    return _cases_by_cell(
        subject,
        _quantities(subject),
        lambda rows, column: _with_cell(rows, 3, column, (rows[column].iloc[3] or 1) * GROSS),
    )


_TABLE, _CLASSES, _SPLITS = "a table", "names of classes, two of them in a table", "splits"
MUTATIONS = (
    Mutation("column dropped", "a column is missing", _TABLE, column_dropped),
    Mutation("columns exchanged", "two columns have each other's name", "two columns of one type", columns_exchanged),
    Mutation("type changed", "numbers are text", "a column of numbers", type_changed),
    Mutation("hole", "a cell is empty (NaN)", _TABLE, hole),
    Mutation("emptied", "a text or name is ''", "a column of texts or names", emptied),
    Mutation("id repeated", "two rows have one id", _TABLE, id_repeated),
    Mutation("row repeated", "a row stands in place of another", _TABLE, row_repeated),
    Mutation("row lost", "the last row is missing", _TABLE, row_lost),
    Mutation("leaked", "a row of train is one of a later split", _SPLITS, leaked),
    Mutation("splits exchanged", "two splits have each other's rows", _SPLITS, splits_exchanged),
    Mutation("names exchanged", "two classes have each other's name in one table", _CLASSES, names_exchanged),
    Mutation("names exchanged everywhere", "and in all splits alike", _CLASSES, names_exchanged_everywhere),
    Mutation("class gone", "the rarest class has the name of the most frequent", _CLASSES, class_gone),
    Mutation("one class", "all have the name of the most frequent", _CLASSES, one_class),
    Mutation("shuffled", "a column belongs to other rows", "two columns", shuffled),
    Mutation("shifted", "a column is one row off", "two columns", shifted),
    Mutation("one short", "a text lacks its last word", "a column of texts", one_short),
    Mutation("off by one", "a row's count or place is one too many", "a column of counts", off_by_one),
    Mutation("decoded wrongly", "UTF-8 was read as Latin-1", "a column of texts", decoded_wrongly),
    Mutation("unit changed", f"all numbers are {INCH} times what they were", "a column of quantities", unit_changed),
    Mutation("gross error", f"one number is {GROSS} times what it was", "a column of quantities", gross_error),
)
