"""A kind of data that people have: the contract that every module of `stages/formats/` fills in with its `KIND`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from inputs.options import TableOptions
from stages.dataset import Prepared
from stages.errors import StageError
from stages.splits import SPLITS, Assigned, SplitParams, assign

Columns = Mapping[str, str | int]  # role -> the column's name, or its number from 1


@dataclass(frozen=True)
class Request:
    """An entry of section `own`: what its reader needs to know."""

    name: str
    kind: str
    path: Path
    columns: Columns
    options: Any  # the kind's own dataclass
    splits: SplitParams

    def assign(
        self,
        given: list[str],
        contents: list[str],
        *,
        groups: list[str] | None = None,
        classes: list[str] | None = None,
    ) -> Assigned:
        """The split of each row (stages/splits.py)."""
        if not given:
            raise StageError(f"{self.path} has no rows")
        try:
            return assign(given, contents, self.splits, groups=groups, classes=classes)
        except ValueError as error:
            raise StageError(f"{self.path}: {error}") from None


@dataclass(frozen=True)
class Suited:
    """Settings for a pipeline that fit the size of the data, and why."""

    settings: Mapping[str, Any]  # parts of a pipeline's section: training, model, variants
    why: str


@dataclass(frozen=True)
class Kind:
    """One kind of data, from files of any layout that is known to tables."""

    name: str
    about: str  # the files that it reads, in a line
    roles: Mapping[str, str]  # what a user may name as a column: role -> what it holds
    options: type  # a frozen dataclass of defaults
    columns: Mapping[str, str]  # of every table, as `Dataset` has them
    read: Callable[[Request], Prepared]
    like: str  # the pipeline whose settings fit
    suited: Callable[[Prepared], Suited]
    arrays: Mapping[str, str] = field(default_factory=dict)
    places: tuple[str, ...] = ()
    answers: bool = True  # whether a model comes of it, else a report


@dataclass(frozen=True)
class TextOptions:
    """How a table or text file is read where what was found in it is wrong; '' is what was found."""

    separator: str = ""  # of columns: one character, or `tab`
    encoding: str = ""
    decimal: Literal["", ".", ","] = ""
    header: bool | None = None  # whether the first line has the names of the columns
    header_line: int | None = None  # the line that has them

    @property
    def table(self) -> TableOptions:
        """The same for the reader of tables."""
        separator = "\t" if self.separator == "tab" else self.separator or None
        return TableOptions(separator, self.decimal or None, self.encoding or None, self.header, self.header_line)


def by_split(rows: pd.DataFrame, splits: list[str], order: list[str]) -> dict[str, pd.DataFrame]:
    """A table for each split, with the columns `order`, the first of which numbers the rows of all splits together."""
    numbered = rows.assign(**{order[0]: range(len(rows))})[order]
    chosen = pd.Series(splits, index=numbered.index)
    return {split: numbered[chosen == split].reset_index(drop=True) for split in SPLITS}


def trained_for(rows: int, batch_size: int, updates: int, *, epochs: tuple[int, int]) -> tuple[int, str]:
    """How many epochs come to about so many updates of the weights, within limits, and that in words."""
    each = max(1, -(-rows // batch_size))
    chosen = min(max(round(updates / each), epochs[0]), epochs[1])
    return chosen, f"{rows:,} rows of train: {chosen} epochs of {each:,} batches"
