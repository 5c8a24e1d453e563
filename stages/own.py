"""A user's own data set: an entry of section `own` of params.yaml, its files where they are, and the rules of its kind.

stages/own_rules/ may hold more rules for it: `<name>.py` with a function `rules(context)`, which returns suites, and
Great Expectations' own suites as `<name>.json`, which are checked on every table.
"""

import importlib
import importlib.util
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import params
from params import listed, parse
from stages import formats
from stages.dataset import Dataset, Prepared, RuleContext, Suite
from stages.errors import StageError
from stages.files import sha256
from stages.formats.kind import Request
from stages.origin import Origin, Provenance
from stages.settings import Data, Quarantine, Setting
from stages.splits import SplitParams

RULES = Path("stages/own_rules")
NAME = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")  # it is part of file names and of DVC's stage names
LICENCE = "your own data: no licence is known"


@dataclass(frozen=True)
class Entry:
    """Section `own.<name>`."""

    kind: str  # stages/formats/
    path: str  # a file or a folder, absolute or from the project's root
    columns: Mapping[str, str | int] = field(default_factory=dict)  # role -> name or number; left out: found by name
    options: Mapping[str, Any] = field(default_factory=dict)  # the kind's own
    splits: SplitParams = field(default_factory=SplitParams)
    quarantine: Quarantine | None = None  # null: a row that breaks a rule fails its data set


def names(file: Path = params.FILE) -> list[str]:
    """The data sets in section `own`."""
    try:
        return list(params.read(file).get(params.OWN, {}))
    except ValueError as error:
        raise StageError(str(error)) from error


def load(name: str, file: Path = params.FILE) -> tuple[Dataset[Any], Setting]:
    """The data set `name` of section `own`, and its settings."""
    try:
        content = params.read(file)
        params.source_of(name, content)
        data = parse(Data, content["data"], "data")
        entry = parse(Entry, content[params.OWN][name], f"own.{name}")
    except ValueError as error:
        raise StageError(str(error)) from error
    request = request_of(name, entry, f"own.{name}")
    return dataset_of(request), Setting("own", None, request, data.drift, entry.quarantine)


def request_of(name: str, entry: Entry, where: str) -> Request:
    """An entry with the options of its kind, checked; `where` names it in messages."""
    if not NAME.fullmatch(name):
        raise StageError(f"{name!r} is no name for a data set: small letters, digits and dashes, a letter first")
    kind = formats.find(entry.kind)
    if unknown := [role for role in entry.columns if role not in kind.roles]:
        raise StageError(f"unknown column {unknown[0]!r} in {where}.columns: {kind.name} has {listed(kind.roles)}")
    try:
        options: Any = parse(kind.options, entry.options, f"{where}.options")
    except ValueError as error:
        raise StageError(str(error)) from error
    return Request(name, kind.name, Path(entry.path).expanduser(), entry.columns, options, entry.splits)


def dataset_of(request: Request) -> Dataset[Any]:
    """The data set that an entry asks for."""
    kind = formats.find(request.kind)
    rules_of_kind = importlib.import_module(f"stages.formats.rules.{formats.module_of(kind.name)}").rules

    def read(_folder: Path) -> Prepared:
        return kind.read(request)

    def rules(context: RuleContext[Any]) -> list[Suite]:
        return [*rules_of_kind(context), *_rules_of_user(request.name, context)]

    origin = Origin(request.name, Request, {"own": Provenance(str(request.path), LICENCE)}, public=())
    return Dataset(
        origin=origin,
        columns=kind.columns,
        read=read,
        rules=rules,
        arrays=kind.arrays,
        places=kind.places,
        manifest=lambda: _manifest(request),
    )


def _manifest(request: Request) -> dict[str, Any]:
    """What the manifest of downloaded files says, of files that stay where they are."""
    options = asdict(request)
    del options["name"], options["path"]
    return {
        "dataset": request.name,
        "source": "own",
        "where": str(request.path),
        "licence": LICENCE,
        "options": options,
        "files": {name: {"sha256": digest} for name, digest in _digests(request.path).items()},
    }


def _digests(path: Path) -> dict[str, str]:
    if not path.exists():
        raise StageError(f"{path} does not exist: correct the path of the data set in section own of params.yaml")
    files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
    base = path.parent if path.is_file() else path
    return {file.relative_to(base).as_posix(): sha256(file) for file in files}


def _rules_of_user(name: str, context: RuleContext[Any]) -> list[Suite]:
    from stages.formats.rules.every import suites_in

    found: list[Suite] = []
    code, written = RULES / f"{name}.py", RULES / f"{name}.json"
    if code.exists():
        spec = importlib.util.spec_from_file_location(f"own_rules_{name.replace('-', '_')}", code)
        assert spec is not None and spec.loader is not None  # noqa: S101, PT018  it is a Python file
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found += module.rules(context)
    if written.exists():
        found += suites_in(written, context)
    return found
