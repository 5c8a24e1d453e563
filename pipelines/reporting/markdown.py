"""Records of the ledgers as Markdown tables, and under each table where its figures come from."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from params import Source, listed
from pipelines import settings, task
from pipelines.reporting.ledger import NAME, Ledger, Record, Title

NUMBER = re.compile(r"[-+]?[\d,]*\.?\d+(e[-+]?\d+)?( (±|to) .*)?$")


@dataclass(frozen=True)
class Table:
    """Which records a page shows, a row each; with `file`, the rows of the files by that name that their runs left."""

    pipelines: tuple[str, ...]
    columns: Mapping[str, Any]  # a figure, a column of `file`, or a field of a record -> its title with the unit
    data: Source = "builtin"
    variants: tuple[str, ...] = ()  # in this order; none: all, in the ledger's order
    settings: tuple[str, ...] = ()  # of records with exactly these
    file: str = ""
    where: Mapping[str, Any] = field(default_factory=dict)  # column of `file` -> the cells whose rows are shown
    sort: str = ""  # a column; with a minus, the largest first
    formats: Mapping[str, Any] = field(default_factory=dict)  # column -> .2f, say, where the ledger has more digits

    def shows(self, row: Mapping[str, str]) -> bool:
        """Whether a row of `file` is shown."""
        return all(row.get(column) in [str(cell) for cell in cells] for column, cells in self.where.items())


def of_records(table: Table, recorded: Ledger) -> list[str]:
    records = _selected(table, recorded)
    rows = [row for record in records for row in _rows(table, record, recorded)]
    if unknown := [column for column in table.columns if not any(row.get(column) for row in rows)]:
        raise ValueError(f"no {unknown[0]!r} in the records of {listed(table.pipelines)}")
    if table.sort:
        column = table.sort.removeprefix("-")
        rows.sort(key=lambda row: _value(row.get(column, "")), reverse=table.sort.startswith("-"))
    cells = [[_formatted(row.get(column, ""), table.formats.get(column)) for column in table.columns] for row in rows]
    return [*_markdown(list(table.columns.values()), cells), "", _origin(records, table.columns)]


def _selected(table: Table, recorded: Ledger) -> list[Record]:
    records = [
        record
        for record in recorded.records
        if record.pipeline in table.pipelines
        and record.data == table.data
        and set(record.settings) == set(table.settings)
        and (not table.variants or record.variant in table.variants)
        and (not table.file or table.file in record.tables)
    ]
    missing = set(table.variants) - {record.variant for record in records}
    if missing or not records:
        asked = [*table.pipelines, f"{table.data} data", *sorted(missing), *table.settings, *filter(None, [table.file])]
        raise ValueError(f"{NAME} has no record with {listed(asked)}: `results --record` writes them")
    return sorted(records, key=lambda record: table.variants.index(record.variant)) if table.variants else records


def _rows(table: Table, record: Record, recorded: Ledger) -> list[dict[str, str]]:
    title = recorded.titles.get(record.pipeline)
    common = {
        "pipeline": record.pipeline,
        "dataset": (title.public if record.data == "public" else title.builtin) if title else "",
        "variant": record.variant,
        "seeds": str(record.seeds),
        "seconds": f"{record.seconds:,.0f}" if record.seconds else "",
        "machine": record.machine,
    }
    if table.file:
        return [common | row for row in record.tables[table.file] if table.shows(row)]
    return [common | dict(record.figures)]


def _value(text: str) -> float:
    """The number that a cell begins with; cells without one come last."""
    found = re.match(r"[-+]?[\d.]+(e[-+]?\d+)?", text.replace(",", ""))
    return float(found[0]) if found else float("-inf")


def _formatted(text: str, form: str | None) -> str:
    """A number in the format `form`, but never with digits that the ledger does not have."""
    if form is None or not NUMBER.match(text):
        return text
    shorter = f"{float(text.replace(',', '')):{form}}"
    return min(shorter, text, key=len)


def _markdown(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table; columns of numbers are set to the right."""
    numeric = [all(NUMBER.match(row[k]) or not row[k] for row in rows) for k in range(len(titles))]
    lines = [titles, ["---:" if right else "---" for right in numeric], *rows]
    return [f"| {' | '.join(cells)} |" for cells in lines]


def _origin(records: Iterable[Record], columns: Iterable[str]) -> str:
    """Under a table: how often, how long, where, by what code and by which command its figures were measured."""
    records = list(records)
    parts = []
    if "seeds" not in columns and any(record.variant for record in records):
        counts = sorted({record.seeds for record in records})
        parts.append(f"{' to '.join(map(str, counts))} {'seed' if counts == [1] else 'seeds'} each")
    seconds = sorted({round(record.seconds) for record in records if record.seconds})
    if seconds and "seconds" not in columns:
        parts.append(f"{' to '.join(str(value) for value in dict.fromkeys((seconds[0], seconds[-1])))} s a run")
    for values in ([r.machine for r in records], [r.commit and f"commit {r.commit}" for r in records]):
        parts += [" and ".join(dict.fromkeys(value for value in values if value))]
    commands = dict.fromkeys(f"`{record.command}`" for record in records if record.command)
    return "*" + "; ".join([part for part in [*parts, *commands] if part]) + "*"


# -- the quoted results of all pipelines


def overview(recorded: Ledger) -> list[str]:
    """A row for each pipeline: the result that it is quoted by, on built-in and on published data."""
    rows = []
    for name, title in recorded.titles.items():
        family = name.partition("-")[0]
        results = {data: _quoted(name, data, title, recorded.records) for data in ("builtin", "public")}
        values = " / ".join(value for value in results.values() if value)
        data = " / ".join(part for part in (title.builtin, title.public) if part)
        rows.append(
            [title.task, data, f"{title.metric}: {values}", f"[{name}](pipelines/{family}/README.md#{title.section})"]
        )
    return _markdown(["task", "data: built-in / public", "result on test: built-in / public", "page"], rows)


def _quoted(pipeline: str, data: str, title: Title, records: Iterable[Record]) -> str:
    """The figure of the variant that is best on val; of the first record where no figure on val is recorded."""
    candidates = [
        record
        for record in records
        if record.pipeline == pipeline
        and record.data == data
        and not record.settings
        and title.figure in record.figures
    ]
    if not candidates:
        return ""
    loaded = settings.load_pipeline(pipeline)
    by = task.find(loaded.family, loaded.task).comparison.chosen_by
    judged = [record for record in candidates if by.name in record.figures]
    judged.sort(key=lambda record: _value(record.figures[by.name]), reverse=not by.lower_is_better)
    return str([*judged, *candidates][0].figures[title.figure])
