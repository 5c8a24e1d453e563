"""The sections `data` and `datasets` of params.yaml as frozen dataclasses. What is left out has the defaults here."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import params
from params import Source, parse
from stages import datasets
from stages.errors import StageError


@dataclass(frozen=True)
class Drift:
    """Section `data.drift`: how far a column may be from the accepted profile, in stability index beyond chance."""

    warn: float = 0.1  # above it: a warning. By convention less is no change
    stop: float | None = 0.25  # above it: a failure, by convention a large change; null: drift never fails a data set

    def __post_init__(self) -> None:
        if not 0 < self.warn <= (self.warn if self.stop is None else self.stop):
            raise ValueError(f"0 < warn <= stop must hold, found warn {self.warn} and stop {self.stop}")


@dataclass(frozen=True)
class Quarantine:
    """Section `datasets.<name>.quarantine`: rows that break a rule are set aside, up to a share of their table."""

    limit: float

    def __post_init__(self) -> None:
        if not 0 < self.limit < 1:
            raise ValueError(f"limit is a share of a table's rows, between 0 and 1, found {self.limit}")


@dataclass(frozen=True)
class Data:
    """Section `data`: what holds for all data sets."""

    source: Source
    mirror: str | None = None  # a folder or base address that is tried before the public ones
    drift: Drift = Drift()


@dataclass(frozen=True)
class Entry:
    """Section `datasets.<name>`."""

    builtin: Mapping[str, Any]  # the options of the built-in maker
    source: Source | None = None  # null: `data.source`
    quarantine: Quarantine | None = None  # null: a row that breaks a rule fails its data set


@dataclass(frozen=True)
class Setting:
    """The settings of one data set, with section `data` filled in."""

    source: Source
    mirror: str | None
    options: Any  # the data set's own dataclass, from `builtin`; of own data the entry
    drift: Drift = Drift()
    quarantine: Quarantine | None = None


def load(name: str, file: Path = params.FILE) -> Setting:
    """The settings of the data set `name`."""
    try:
        content = params.read(file)
        source = params.source_of(name, content)
        if source == "own":
            raise ValueError(f"{name} is data of your own, which stay where they are: there is nothing to download")
        data = parse(Data, content["data"], "data")
        entry = parse(Entry, content["datasets"][name], f"datasets.{name}")
        options = parse(datasets.origin(name).options, entry.builtin, f"datasets.{name}.builtin")
    except ValueError as error:
        raise StageError(str(error)) from error
    return Setting(source, data.mirror, options, data.drift, entry.quarantine)


def load_all(file: Path = params.FILE) -> dict[str, Setting]:
    """The settings of all data sets of params.yaml."""
    try:
        names = list(params.read(file)["datasets"])
    except ValueError as error:
        raise StageError(str(error)) from error
    return {name: load(name, file) for name in names}
