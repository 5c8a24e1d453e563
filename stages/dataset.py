"""A data set: the contract that every folder in `stages/datasets/` fills in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic

import numpy as np
import pandas as pd

from params import Source
from stages.origin import Options, Origin

if TYPE_CHECKING:  # a runtime import would be a circle
    from stages.rules.vocabulary import Rule

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Prepared:
    """The result of `read`: a table per split, and facts about the data that no single row holds."""

    tables: dict[str, pd.DataFrame]
    facts: dict[str, Any]  # JSON
    arrays: dict[str, Arrays] = field(default_factory=dict)  # by table: numbers that no table holds well
    notes: list[str] = field(default_factory=list)  # how the files were read, for people


@dataclass(frozen=True)
class RuleContext(Generic[Options]):
    """What `rules` may look at: the prepared data, and what params.yaml asks for."""

    source: Source
    options: Options
    tables: dict[str, pd.DataFrame]
    facts: dict[str, Any]
    arrays: dict[str, Arrays] = field(default_factory=dict)


@dataclass(frozen=True)
class Suite:
    """Rules for one table.

    `rows` may carry columns that were computed for a rule (`iob_error` must be empty, say), and it may be a table
    derived from the prepared ones (a row per label, say). It has a column `id`.
    """

    table: str
    rows: pd.DataFrame
    rules: "list[Rule]"


@dataclass(frozen=True)
class Dataset(Generic[Options]):
    """One data set, from published bytes or built-in maker to validated tables."""

    origin: Origin[Options]
    columns: Mapping[str, str]  # of every prepared table: name -> Arrow type; `id` is one of them
    read: Callable[[Path], Prepared]  # raw files of either source -> tables
    rules: Callable[[RuleContext[Options]], list[Suite]]
    # Beside each table, in <table>.safetensors: samples of sound, pixels. name -> numpy dtype; a data set of text has
    # none. A row of the table has the place of its own part.
    arrays: Mapping[str, str] = field(default_factory=dict)
    # Columns that number or locate, as an offset does: their values grow with the rows, which is no drift.
    places: tuple[str, ...] = ()
    # The manifest of files that no download brings: a user's own. None: that in data/raw.
    manifest: Callable[[], dict[str, Any]] | None = None

    @property
    def name(self) -> str:
        return self.origin.name

    def profiled(self, tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
        """The tables without the columns that say nothing about the data."""
        return {name: table.drop(columns=[*self.places], errors="ignore") for name, table in tables.items()}
