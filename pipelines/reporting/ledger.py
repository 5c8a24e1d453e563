"""The ledgers: figures of finished runs, committed, so that documents can be written and checked without `data/`.

A page of results has its ledger beside it: `pipelines/rnn/README.md` shows what `pipelines/rnn/results.json` records. A
record holds the runs of one variant, over their seeds. Its figures are texts, as a table prints them: `95.80 ± 0.03` is
the mean and the standard deviation over seeds.
"""

import csv
import json
import os
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from params import Source, parse
from pipelines import task
from pipelines.files import write_atomically

NAME = "results.json"
Rows = list[dict[str, str]]  # a table: a mapping of column to cell for each row


@dataclass(frozen=True)
class Title:
    """What a pipeline is called where results of all are listed."""

    task: str
    metric: str  # with its unit
    figure: str  # the figure of a record that `metric` names
    builtin: str  # the data
    public: str
    section: str  # of the family's page: the heading as GitHub links to it


@dataclass(frozen=True)
class Record:
    """What the runs of one variant came to, and what is needed to repeat them."""

    pipeline: str  # or the program, where it is no pipeline
    data: Source = "builtin"
    variant: str = ""
    settings: tuple[str, ...] = ()  # those that differ from params.yaml, as `-S` takes them
    seeds: int = 1
    figures: Mapping[str, Any] = field(default_factory=dict)  # texts
    tables: Mapping[str, Any] = field(default_factory=dict)  # Rows of the first seed's CSV files, by the file's name
    seconds: float | None = None  # of a run, mean over seeds
    machine: str = ""
    commit: str = ""
    command: str = ""

    @property
    def identity(self) -> tuple[str, ...]:
        """A record takes the place of an older one with the same identity."""
        return (self.pipeline, self.data, self.variant, *self.settings)


@dataclass(frozen=True)
class Ledger:
    pipelines: Mapping[str, Any] = field(default_factory=dict)  # name -> Title
    records: tuple[Record, ...] = ()

    @property
    def titles(self) -> dict[str, Title]:
        return {name: parse(Title, values, name) for name, values in self.pipelines.items()}

    def extended(self, records: Iterable[Record]) -> "Ledger":
        """With `records`, each in the place of the one that it renews, or at the end."""
        known = {record.identity: record for record in self.records}
        return Ledger(self.pipelines, tuple((known | {record.identity: record for record in records}).values()))


def read(file: Path) -> Ledger:
    """Raises ValueError that names the file and what is wrong in it."""
    try:
        return parse(Ledger, json.loads(file.read_text(encoding="utf-8")), str(file))
    except json.JSONDecodeError as error:
        raise ValueError(f"{file} is not JSON: {error}") from error


def write(ledger: Ledger, file: Path) -> None:
    """A record a line, so that a difference between two commits names the records that changed."""

    def block(lines: list[str]) -> str:
        return "".join(f"\n  {line}," for line in lines).removesuffix(",") + "\n "

    titles = [f"{json.dumps(name)}: {_json(values)}" for name, values in ledger.pipelines.items()]
    defaults = asdict(Record(""))
    records = [
        _json({key: value for key, value in asdict(record).items() if value != defaults[key]})
        for record in ledger.records
    ]
    text = f'{{\n "pipelines": {{{block(titles)}}},\n "records": [{block(records)}]\n}}\n'
    write_atomically(file, text.encode())


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def of_runs(folders: Sequence[Path], tables: Callable[[str, Path], dict[str, Rows]]) -> list[Record]:
    """The records of finished runs, those of a variant's seeds as one.

    `tables(pipeline, folder)` gives what is recorded of the tables in a run's folder. Raises ValueError that names the
    folder that holds no finished run.
    """
    groups: dict[tuple[str, ...], list[Path]] = {}
    for folder in folders:
        made = _read_run(folder)
        key = (made["params"]["pipeline"], made["tags"]["data.source"], made["params"]["variant"])
        groups.setdefault(key, []).append(folder)
    return [_record(runs, tables) for runs in groups.values()]


def _record(folders: Sequence[Path], tables: Callable[[str, Path], dict[str, Rows]]) -> Record:
    made = [_read_run(folder) for folder in folders]
    first, tags = made[0]["params"], made[0]["tags"]
    figures = [json.loads((folder / "metrics.json").read_text(encoding="utf-8")) for folder in folders]
    digits = _decimals(first["family"], first["task"])
    names = [name for name in figures[0] if name != "best_epoch"]
    return Record(
        pipeline=first["pipeline"],
        data=tags["data.source"],
        variant=first["variant"],
        seeds=len(folders),
        figures={name: figure([row[name] for row in figures], digits.get(name)) for name in names},
        tables=tables(first["pipeline"], folders[0]),
        seconds=round(statistics.mean(run["seconds"] for run in made), 1),
        machine=tags.get("machine") or machine(tags["device"]),
        commit=tags["git.commit"][:7] + (" with changes" if tags["git.dirty"] == "true" else ""),
        command=_command(tags, first),
    )


def _command(tags: Mapping[str, str], params: Mapping[str, Any]) -> str:
    if not tags.get("stage"):
        return f"python -m pipelines standalone {params['pipeline']} {params['variant']}"
    return "make repro" if tags["data.source"] == "builtin" else f"make repro DATA={tags['data.source']}"


def _read_run(folder: Path) -> dict[str, Any]:
    path = folder / "run.json"
    made: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if not made.get("finished"):
        raise ValueError(
            f"{folder} holds no finished run: expected a folder like data/models/rnn-slots/rnn-slots-gru-s0"
        )
    return made


def _decimals(family: str, name: str) -> dict[str, int]:
    """Digits after the point by which a task's comparison prints its figures."""
    return {figure.name: figure.decimals for figure in task.find(family, name).comparison.figures}


def figure(values: Sequence[float], decimals: int | None) -> str:
    """The mean of `values` over seeds, ± their standard deviation; None: four digits, and whole numbers whole."""

    def text(value: float) -> str:
        if decimals is not None:
            return f"{value:,.{decimals}f}"
        return f"{value:,.0f}" if float(value).is_integer() else f"{value:.4g}"

    spread = f" ± {text(statistics.stdev(values))}" if len(values) > 1 else ""
    return text(statistics.mean(values)) + spread


def rows(file: Path) -> Rows:
    """A CSV file of a run, each cell as it is written there."""
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def machine(device: str) -> str:
    """The kind of this machine, as far as it decides the last digits of a result."""
    if device == "cuda":
        import torch

        return f"one {torch.cuda.get_device_name()}"
    flags = Path("/proc/cpuinfo").read_text(encoding="utf-8").split() if Path("/proc/cpuinfo").is_file() else []
    kind = next(
        (name for name, flag in (("AVX-512", "avx512f"), ("AVX2", "avx2")) if flag in flags), "another processor"
    )
    return f"{os.cpu_count()} cores, {kind}"


def differences(recorded: Ledger, found: Iterable[Record]) -> tuple[list[str], int]:
    """A line for each figure and table in which `found` differs from what is recorded, and how many were compared."""
    known = {record.identity: record for record in recorded.records}
    lines, compared = [], 0
    for record in found:
        old = known.get(record.identity)
        if old is None:
            lines.append(f"{' '.join(record.identity)}: not recorded")
            continue
        for old_part, part in ((old.figures, record.figures), (old.tables, record.tables)):
            for name, value in part.items():
                compared += 1
                if old_part.get(name) != value:
                    shown = f"{old_part.get(name)} recorded, {value} here" if isinstance(value, str) else "other rows"
                    lines.append(f"{' '.join(record.identity)} {name}: {shown}")
    return lines, compared
