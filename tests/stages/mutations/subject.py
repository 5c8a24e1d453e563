"""What is mutated: a data set as `read` gives it, and what each of its columns is."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd

from params import Source
from stages.dataset import Arrays, Dataset, Prepared
from stages.download import download
from stages.manifest import MANIFEST, RAW
from stages.settings import Setting

Role = Literal[
    "id",  # counts the rows
    "text",  # words, or what is written for them
    "label",  # the name of a class, one of a few
    "tags",  # a name for each word of a text, with blanks between
    "number",  # a quantity in a unit
    "count",  # a whole number of things: words, samples
    "key",  # what rows belong together: only whether two are equal matters
    "place",  # where in an array the row's part starts
    "measured",  # computed from the row's part of an array
    "split",  # train or test, where a table holds both
]
TEXTS: tuple[Role, ...] = ("text", "tags")
SPLITS = ("train", "val", "test")


class Names(Protocol):
    """Names of classes, as they stand in one column or several: a wrong list of names changes them in all."""

    @property
    def where(self) -> str:
        """The columns."""

    def found(self, rows: pd.DataFrame) -> list[Any]:
        """The names that occur, the most frequent first."""

    def renamed(self, rows: pd.DataFrame, new: Mapping[Any, Any]) -> pd.DataFrame:
        """The rows with other names."""


class Parts(Protocol):
    """What each row of a table has in the arrays beside it: its picture, its sound."""

    def take(self, rows: pd.DataFrame, arrays: Arrays, /) -> list[np.ndarray]:
        """A part for each row."""

    def put(self, rows: pd.DataFrame, parts: Sequence[np.ndarray], arrays: Arrays, /) -> tuple[pd.DataFrame, Arrays]:
        """The rows with other parts, and with what the data set measures of these: as its reader would have it."""


@dataclass(frozen=True)
class Cells:
    """A name is a cell, or the cells of several columns together: a class by its number and its word."""

    columns: tuple[str, ...]

    @property
    def where(self) -> str:
        return "+".join(self.columns)

    def found(self, rows: pd.DataFrame) -> list[Any]:
        return _by_frequency(rows[list(self.columns)].itertuples(index=False, name=None))

    def renamed(self, rows: pd.DataFrame, new: Mapping[Any, Any]) -> pd.DataFrame:
        names = [new.get(name, name) for name in rows[list(self.columns)].itertuples(index=False, name=None)]
        cells = pd.DataFrame(names, columns=list(self.columns), index=rows.index)
        return rows.assign(**{column: cells[column].astype(rows[column].dtype) for column in self.columns})


@dataclass(frozen=True)
class Within:
    """A name is a part of a cell: a tag among the tags of a sentence."""

    columns: Mapping[str, str]  # column -> regular expression of a name

    @property
    def where(self) -> str:
        return "+".join(self.columns)

    def found(self, rows: pd.DataFrame) -> list[Any]:
        return _by_frequency(
            name
            for column, pattern in self.columns.items()
            for cell in rows[column]
            for name in re.findall(pattern, cell)
        )

    def renamed(self, rows: pd.DataFrame, new: Mapping[Any, Any]) -> pd.DataFrame:
        return rows.assign(
            **{
                column: rows[column].map(
                    lambda cell, name=pattern: re.sub(name, lambda it: new.get(it[0], it[0]), cell)
                )
                for column, pattern in self.columns.items()
            }
        )


def _by_frequency(names: Iterable[Any]) -> list[Any]:
    counts = Counter(names)
    return sorted(counts, key=lambda name: (-counts[name], name))


@dataclass(frozen=True)
class Roles:
    """What a mutation needs to know of a data set."""

    options: Mapping[str, Any]  # of the built-in source: as small as its rules allow
    columns: Mapping[str, Role]
    names: tuple[Names, ...] = ()  # of classes that are more, or less, than a `label` column
    together: tuple[tuple[str, ...], ...] = ()  # columns made of one another: they are also shuffled as one
    parts: Parts | None = None  # where arrays stand beside the tables
    shown: str = ""  # the column that says which class a part shows
    # What the rules do not see, `<source>/<mutation>/<where>` with * for any: and why that cannot be known.
    unseen: Mapping[str, str] = field(default_factory=dict)

    def having(self, *roles: Role) -> list[str]:
        """The columns of these roles."""
        return [column for column, role in self.columns.items() if role in roles]

    def all_names(self) -> list[Names]:
        return [*(Cells((column,)) for column in self.having("label")), *self.names]


@dataclass(frozen=True)
class Subject:
    """One source of a data set, raw and read."""

    dataset: Dataset[Any]
    source: Source
    roles: Roles
    raw: Mapping[str, bytes]

    @cached_property
    def options(self) -> Any:
        return self.dataset.origin.options(**self.roles.options)

    @cached_property
    def prepared(self) -> Prepared:
        return self.read(self.raw)

    def read(self, raw: Mapping[str, bytes]) -> Prepared:
        """What the data set's reader makes of raw files."""
        with TemporaryDirectory() as folder:
            for path, content in raw.items():
                (file := Path(folder, path)).parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
            return self.dataset.read(Path(folder))

    def cells(self) -> Iterator[tuple[str, pd.DataFrame, str]]:
        """Every column of every table, but for the ids: table, its rows, column."""
        for table, rows in self.prepared.tables.items():
            for column in self.dataset.columns:
                if self.roles.columns[column] != "id":
                    yield table, rows, column

    def cells_of(self, *roles: Role) -> Iterator[tuple[str, pd.DataFrame, str]]:
        return (cell for cell in self.cells() if self.roles.columns[cell[2]] in roles)

    def parts(self, table: str) -> list[np.ndarray]:
        """What each row of a table has in the arrays; nothing where there are none."""
        parts, prepared = self.roles.parts, self.prepared
        return parts.take(prepared.tables[table], prepared.arrays[table]) if parts else []

    def changed(self, table: str, rows: pd.DataFrame, parts: Sequence[np.ndarray] | None = None) -> Prepared:
        """All that was read, with other rows in one table, and with their parts, if the arrays change, too."""
        tables, arrays = self.prepared.tables, self.prepared.arrays
        if self.roles.parts and parts is not None:
            rows, changed = self.roles.parts.put(rows, parts, arrays[table])
            arrays = {**arrays, table: changed}
        return replace(self.prepared, tables={**tables, table: rows}, arrays=arrays)


@dataclass(frozen=True)
class Case:
    """One way to break one data set: where, and the broken data; making it may raise a StageError, as `read` does."""

    where: str
    make: Callable[[], Prepared]


@dataclass(frozen=True)
class Mutation:
    """A kind of error; it applies to every data set for which it has a case."""

    name: str
    says: str
    needs: str  # what a data set must have for it
    cases: Callable[[Subject], Iterator[Case]]


def builtin(dataset: Dataset[Any], roles: Roles) -> Subject:
    """The built-in source at its small size."""
    return Subject(dataset, "builtin", roles, dict(dataset.origin.make(dataset.origin.options(**roles.options))))


def public(dataset: Dataset[Any], roles: Roles) -> Subject:
    """The published data, from the mirror that DATA_MIRROR names."""
    with TemporaryDirectory() as folder, chdir(folder):
        download(dataset.origin, Setting("public", None, dataset.origin.options(**roles.options)))
        found = RAW / dataset.name
        raw = {
            str(path.relative_to(found)): path.read_bytes()
            for path in sorted(found.rglob("*"))
            if path.is_file() and path.name != MANIFEST
        }
    return Subject(dataset, "public", roles, raw)


SUBJECTS: Mapping[str, Callable[[Dataset[Any], Roles], Subject]] = {"builtin": builtin, "public": public}
