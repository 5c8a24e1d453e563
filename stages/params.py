"""The sections `data` and `datasets` of params.yaml as frozen dataclasses; whatever is not known there is an error."""

import dataclasses
import types
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import yaml

from stages import datasets
from stages.dataset import Source
from stages.errors import StageError

FILE = Path("params.yaml")
Section = TypeVar("Section")


@dataclass(frozen=True)
class Drift:
    """Section `data.drift`: how far a column may be from the accepted profile, in stability index beyond chance."""

    warn: float = 0.1  # more is a warning
    stop: float | None = 0.25  # more is a failure; null: drift stops nothing

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
    mirror: str | None = None
    drift: dict[str, Any] = dataclasses.field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """Section `datasets.<name>` as written."""

    code: str  # its folder in stages/datasets/, for dvc.yaml to depend on
    builtin: dict[str, Any]
    source: Source | None = None
    quarantine: dict[str, Any] | None = None


@dataclass(frozen=True)
class Setting:
    """What params.yaml asks of one data set, with section `data` filled in."""

    source: Source
    mirror: str | None
    options: Any  # the data set's own dataclass, from `builtin`
    drift: Drift = Drift()
    quarantine: Quarantine | None = None  # none: a row that breaks a rule stops its data set


def load(name: str, file: Path = FILE) -> Setting:
    """The setting of data set `name`; a typo anywhere else in the two sections is an error too."""
    settings = load_all(file)
    if name not in settings:
        raise StageError(f"{file}: datasets has no entry {name!r}; it has: {_listed(settings)}")
    return settings[name]


def load_all(file: Path = FILE) -> dict[str, Setting]:
    """The settings of all data sets."""
    content = _read(file)
    data = section(Data, content.get("data"), "data", file)
    drift = section(Drift, data.drift, "data.drift", file)
    entries = content.get("datasets")
    if not isinstance(entries, dict):
        raise StageError(f"{file}: datasets must be a section with one entry per data set, found {entries!r}")
    settings = {}
    for key, value in entries.items():
        where = f"datasets.{key}"
        if key not in datasets.known():
            raise StageError(f"{file}: {where}: unknown data set; known: {_listed(datasets.known())}")
        entry = section(Entry, value, where, file)
        if entry.code != datasets.code_of(key):
            raise StageError(f"{file}: {where}.code must be {datasets.code_of(key)!r}, found {entry.code!r}")
        options = section(datasets.find(key).options, entry.builtin, f"{where}.builtin", file)
        aside = None
        if entry.quarantine is not None:
            aside = section(Quarantine, entry.quarantine, f"{where}.quarantine", file)
        settings[key] = Setting(entry.source or data.source, data.mirror, options, drift, aside)
    return settings


def section(kind: type[Section], found: object, where: str, file: Path) -> Section:
    """Turn the mapping `found` into the dataclass `kind`, checking keys and types; `kind` itself checks ranges."""
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    if not isinstance(found, dict):
        raise StageError(f"{file}: {where} must be a section with the keys {_listed(fields)}, found {found!r}")
    for key in found:
        if key not in fields:
            raise StageError(f"{file}: {where}.{key}: unknown key; known: {_listed(fields)}")
    hints = get_type_hints(kind)
    for key, field in fields.items():
        if key not in found:
            if field.default is field.default_factory is dataclasses.MISSING:
                raise StageError(f"{file}: {where}.{key} is missing; it must be {_says(hints[key])}")
        elif not _fits(found[key], hints[key]):
            raise StageError(f"{file}: {where}.{key} must be {_says(hints[key])}, found {found[key]!r}")
    try:
        return kind(**found)
    except ValueError as error:
        raise StageError(f"{file}: {where}: {error}") from error


def _read(file: Path) -> dict[Any, Any]:
    try:
        # The safe loader in C: the one in Python takes a quarter of a second, and every stage reads this file.
        content = yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)
    except FileNotFoundError:
        raise StageError(f"{file} does not exist in {Path.cwd()}: run from the project's root") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise StageError(f"{file} is not YAML: {error}") from error
    if not isinstance(content, dict):
        raise StageError(f"{file} must hold sections, found {content!r}")
    return content


def _fits(value: object, hint: Any) -> bool:
    """Whether a YAML value is of the type that a dataclass field names. True is not an int here, 1 is a float."""
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    if get_origin(hint) in (Union, types.UnionType):
        return any(_fits(value, choice) for choice in get_args(hint))
    plain = get_origin(hint) or hint
    return type(value) is plain or (plain is float and type(value) is int)


def _says(hint: Any) -> str:
    """The type of a field in words."""
    if get_origin(hint) is Literal:
        return " or ".join(get_args(hint))
    if get_origin(hint) in (Union, types.UnionType):
        return " or ".join(_says(choice) for choice in get_args(hint))
    words = {
        int: "a whole number",
        float: "a number",
        str: "a text",
        bool: "true or false",
        dict: "a section",
        list: "a list",
    }
    return words.get(get_origin(hint) or hint, "null")


def _listed(names: Iterable[object]) -> str:
    return ", ".join(str(name) for name in names)
