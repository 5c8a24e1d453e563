"""What a data set is: the contract that every module in `stages/datasets/` fills in."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
import pandas as pd

from params import Source

if TYPE_CHECKING:  # great_expectations takes seconds to import, so only `validate` does
    from great_expectations.expectations.expectation import Expectation


Options = TypeVar("Options")
Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class PublicFile:
    """A published file, known by its digest."""

    path: str  # below data/raw/<data set>/
    published: str  # below a mirror; `archive!member` where mirrors hold it in an archive
    url: str  # the public address, https
    sha256: str
    size: int


@dataclass(frozen=True)
class PublicArchive:
    """A published archive of which only the files inside are known: whoever packs them again gets other bytes.

    Of the members those that are wanted count, each by its path and digest; they are kept as one .zip, uncompressed,
    whose bytes depend on them alone.
    """

    path: str  # of that .zip, below data/raw/<data set>/
    published: str  # below a mirror
    url: str  # the public address, https
    wanted: Callable[[str], bool]  # by the path inside; what else an archive holds (code, pictures) is left out
    tree_sha256: str  # of the sorted lines `<sha256>  <path inside>\n`, one per wanted file
    files: int  # wanted files
    limit: int  # bytes of the archive: more is refused


@dataclass(frozen=True)
class Origin:
    """Where the data of one source come from, and on what terms; both go onto the data set's card."""

    where: str
    licence: str


@dataclass(frozen=True)
class Prepared:
    """What `read` makes of raw files: a table per split, and facts about the data that no single row holds."""

    tables: dict[str, pd.DataFrame]
    facts: dict[str, Any]  # JSON
    arrays: dict[str, Arrays] = field(default_factory=dict)  # of a table that has numbers no table holds well


@dataclass(frozen=True)
class Given(Generic[Options]):
    """What `rules` may look at: the prepared data, and what params.yaml asked for."""

    source: Source
    options: Options
    tables: dict[str, pd.DataFrame]
    facts: dict[str, Any]
    arrays: dict[str, Arrays] = field(default_factory=dict)


@dataclass(frozen=True)
class Suite:
    """Rules for one table. Each expectation's `description` is the rule in plain words.

    `rows` may carry columns computed for a rule that Great Expectations has no expectation for (`iob_error` must be
    empty, say), and it may be a table derived from the prepared ones (a row per label, say). It has a column `id`.
    """

    table: str
    rows: pd.DataFrame
    rules: "list[Expectation]"


@dataclass(frozen=True)
class Dataset(Generic[Options]):
    """One data set, from published bytes or built-in maker to validated tables."""

    name: str
    options: type[Options]  # the frozen dataclass of params.yaml's datasets.<name>.builtin
    origins: Mapping[Source, Origin]
    public: tuple[PublicFile | PublicArchive, ...]
    make: Callable[[Options], Iterator[tuple[str, bytes]]]  # raw files of the public layout: path, content
    columns: Mapping[str, str]  # of every prepared table: name -> Arrow type; `id` is one of them
    read: Callable[[Path], Prepared]
    rules: Callable[[Given[Options]], list[Suite]]
    # Beside each table, in <table>.safetensors: samples of sound, pixels. name -> numpy dtype; all data sets of text
    # have none. A row of the table says which part is its own.
    arrays: Mapping[str, str] = field(default_factory=dict)
    # Columns that number or locate, as an offset does: their values grow with the rows, which is no drift.
    places: tuple[str, ...] = ()

    def profiled(self, tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
        """The tables without what says nothing about the data."""
        return {name: table.drop(columns=[*self.places], errors="ignore") for name, table in tables.items()}
