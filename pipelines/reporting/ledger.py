"""The ledgers: figures of finished runs, committed, so that documents can be written and checked without `data/`.

A page of results has its ledger beside it: `pipelines/rnn/README.md` shows what `pipelines/rnn/results.json` records. A
record holds the runs of one variant, over their seeds. Its figures are texts, as a table prints them: `95.80 ± 0.03` is
the mean and the standard deviation over seeds.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from params import Source, parse
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
    public: str  # '': published data does not decide the figure, and none of it is listed
    section: str  # of the family's page: the heading as GitHub links to it
    public_metric: str = ""  # what the figure is on published data; '': the same


@dataclass(frozen=True)
class Record:
    """What the runs of one variant came to, and what is needed to repeat them."""

    pipeline: str  # or the program, where it is no pipeline
    data: Source = "builtin"
    variant: str = ""
    settings: tuple[str, ...] = ()  # those that differ from the variant's in params.yaml
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
        return (self.pipeline, self.data, self.variant, *sorted(self.settings))


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


def differences(recorded: Ledger, measured: Iterable[Record]) -> tuple[list[str], int]:
    """A line for each figure and table that is `measured` otherwise than recorded, and how many were compared."""
    known = {record.identity: record for record in recorded.records}
    lines, compared = [], 0
    for record in measured:
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
