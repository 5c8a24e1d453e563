"""`python -m stages add NAME KIND PATH`: look at a user's own data, and write its entries into params.yaml.

`remove` takes them out again. The files stay where they are; with `--import` DVC brings them under data/own/.
"""

import argparse
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import params
from params import merge, parse
from stages import formats, own, own_entry
from stages.checks.expectations import Outcome, Runner
from stages.checks.result import complaint
from stages.dataset import Dataset, Prepared, RuleContext
from stages.errors import StageError
from stages.formats.kind import Kind, Request
from stages.own import Entry
from stages.rules.shape import shape_suites
from stages.splits import SPLITS, SplitParams

IMPORTED = Path("data/own")
SHOWN = 3  # rows
LONGEST = 120  # characters of a cell that is shown


def add(options: argparse.Namespace, file: Path = params.FILE) -> None:
    """Read the data, show them and what is odd about them, and write both entries."""
    content = params.read(file)
    name, kind = options.name, formats.find(options.kind)
    _check_name(name, content)
    family, key = _pipeline(options.like or kind.like, content)
    entry = _entry(options, kind)
    written = {key: value for key, value in _written(entry).items() if value not in ({}, None)}
    request = own.request_of(name, entry, name)
    dataset = own.dataset_of(request)
    prepared = kind.read(request)
    print(_looked(request, prepared))
    odd = _odd(dataset, request, prepared)
    print("\n".join(odd) if odd else "nothing is odd")
    suited = kind.suited(prepared)
    like = f"{family}-{key}"
    pipeline = (
        {"like": like, "dataset": name, **suited.settings} if like == kind.like else {"like": like, "dataset": name}
    )
    if options.dry_run:
        print(f"nothing was written: the pipeline would be like {like} ({suited.why})")
        return
    if options.is_imported:
        written["path"] = str(_imported(name, request.path))
    text = file.read_text(encoding="utf-8")
    if "own" not in _sections_of(text):
        text = text.replace("\npipelines:", "\nown: {}\n\npipelines:", 1)
    text = own_entry.added(text, ["own"], name, own_entry.content_lines(written))
    comments = {"training": suited.why} if "training" in pipeline else {}
    text = own_entry.added(text, ["pipelines", family], name, own_entry.content_lines(pipeline, comments))
    expected = merge(content, {"own": {name: written}, "pipelines": {family: {name: pipeline}}})
    own_entry.write(file, text, expected)
    print(f"added to {file}: own.{name} and pipelines.{family}.{name}, which is like {like} ({suited.why})")
    answers = f"`python -m pipelines predict {name} ...`" if kind.answers else "its report in data/reports/"
    print(f"next: `dvc repro {family}@{name}`, then {answers}")


def remove(name: str, file: Path = params.FILE) -> None:
    """Take the entries of a user's own data set out of params.yaml, with the tables made from it."""
    content = params.read(file)
    if name not in content.get(params.OWN, {}):
        known = ", ".join(content.get(params.OWN, {})) or "none"
        raise StageError(f"{name} is no data set in section own of {file}: it has {known}")
    text = own_entry.removed(file.read_text(encoding="utf-8"), ["own"], name)
    expected = {key: dict(value) for key, value in content.items()}
    del expected["own"][name]
    gone = [f"own.{name}"]
    for family, pipelines in content["pipelines"].items():
        for key, section in pipelines.items():
            if section["dataset"] == name:
                text = own_entry.removed(text, ["pipelines", family], key)
                expected["pipelines"][family] = {k: v for k, v in expected["pipelines"][family].items() if k != key}
                gone.append(f"pipelines.{family}.{key}")
    own_entry.write(file, text, expected)
    for folder in ("validated", "validation", "work/prepared"):
        shutil.rmtree(Path("data") / folder / name, ignore_errors=True)
    print(f"removed from {file}: {' and '.join(gone)}. Your files are where they were; trained models stay in MLflow")


def _check_name(name: str, content: Mapping[str, Mapping[str, Any]]) -> None:
    if name in content["datasets"]:
        raise StageError(f"{name} is a data set of this project already: give yours another name")
    if name in content.get(params.OWN, {}):
        raise StageError(f"{name} is there already: `python -m stages remove {name}` takes it out")
    for family, pipelines in content["pipelines"].items():
        if name in pipelines:
            raise StageError(f"pipelines.{family}.{name} is there already: give your data set another name")


def _pipeline(like: str, content: Mapping[str, Mapping[str, Any]]) -> tuple[str, str]:
    """Family and key of a pipeline of params.yaml."""
    known = {f"{family}-{key}": (family, key) for family, keys in content["pipelines"].items() for key in keys}
    if like not in known:
        raise StageError(f"there is no pipeline {like!r} to be like: choose from {', '.join(known)}")
    return known[like]


def _entry(options: argparse.Namespace, kind: Kind) -> Entry:
    drawn = {name: value for name in ("val", "test", "seed") if (value := getattr(options, name)) is not None}
    path = options.path.expanduser()
    here = Path.cwd()
    resolved = path.resolve()
    path = resolved.relative_to(here) if resolved.is_relative_to(here) else resolved
    columns = _pairs(options.column, "--column")
    values = {
        "kind": kind.name,
        "path": str(path),
        "columns": {role: int(name) if name.isdigit() else name for role, name in columns.items()},
        "options": {name: params.value_of(value) for name, value in _pairs(options.option, "--option").items()},
        "splits": drawn,
        "quarantine": None if options.quarantine is None else {"limit": options.quarantine},
    }
    try:
        return parse(Entry, values, options.name)
    except ValueError as error:
        raise StageError(str(error)) from error


def _pairs(arguments: list[str], option: str) -> dict[str, str]:
    if wrong := [argument for argument in arguments if "=" not in argument]:
        raise StageError(f"{option} {wrong[0]}: expected NAME=VALUE")
    return dict(argument.split("=", 1) for argument in arguments)


def _written(entry: Entry) -> dict[str, Any]:
    values = asdict(entry)
    usual = asdict(SplitParams())
    values["splits"] = {key: value for key, value in values["splits"].items() if value != usual[key]}
    return values


def _looked(request: Request, prepared: Prepared) -> str:
    """What was read: how, how much, and the first rows."""
    lines = [f"{request.path}:", *(f"  {note}" for note in prepared.notes)]
    lines.append("  rows: " + ", ".join(f"{name} {len(table):,}" for name, table in prepared.tables.items()))
    table = next((prepared.tables[split] for split in SPLITS if len(prepared.tables.get(split, ()))), None)
    if table is not None:
        for row in table.head(SHOWN).to_dict("records"):
            cells = "; ".join(f"{column}: {_short(value)}" for column, value in row.items() if column != "id")
            lines.append(f"  - {cells}")
    return "\n".join(lines)


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(text):,} characters)"


def _odd(dataset: Dataset[Any], request: Request, prepared: Prepared) -> list[str]:
    """The rules that do not hold, as validation will report them."""
    with tempfile.TemporaryDirectory() as folder:
        runner = Runner(Path(folder))
        outcomes = runner.run("shape", shape_suites(prepared.tables, dataset.columns), dataset.columns)
        if all(outcome.success for outcome in outcomes):
            context = RuleContext("own", request, prepared.tables, prepared.facts, dict(prepared.arrays))
            outcomes += runner.run("content", dataset.rules(context), dataset.columns)
    words = {"critical": "ERROR", "warning": "odd"}
    return [
        f"{words.get(outcome.severity, 'odd')}: {_in_short(outcome)}" for outcome in outcomes if not outcome.success
    ]


def _in_short(outcome: Outcome) -> str:
    """A rule that does not hold, and the first rows that break it."""
    return complaint(asdict(replace(outcome, rows=outcome.rows[:SHOWN]))).removeprefix("- ")


def _imported(name: str, path: Path) -> Path:
    target = IMPORTED / f"{name}{path.suffix if path.is_file() else ''}"  # its ending says how it is read
    target.parent.mkdir(parents=True, exist_ok=True)
    command = ["dvc", "import-url", str(path.resolve()), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StageError(f"`{' '.join(command)}` failed: {done.stderr.strip()}")
    return target


def _sections_of(text: str) -> set[str]:
    return {line.split(":")[0] for line in text.split("\n") if line and not line[0].isspace() and ":" in line}
