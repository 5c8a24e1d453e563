"""Records of the ledgers as Markdown tables, and under each table where its figures come from."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from params import Source, listed
from pipelines import settings, task
from pipelines.reporting.ledger import NAME, Ledger, Record, Title

NUMBER = re.compile(r"[-+]?[\d,]*\.?\d+(e[-+]?\d+)?( (±|to) .*)?$")
FRACTION = re.compile(r"\d[\d,]*\.(\d+)")  # a number with decimals, within a cell such as `95.80 ± 0.03`
NONE = "\N{EN DASH}"


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
        column, is_reversed = table.sort.removeprefix("-"), table.sort.startswith("-")
        rows.sort(key=lambda row: _place(row.get(column, ""), is_reversed))
    cells = [[_formatted(row.get(column, ""), table.formats.get(column)) for column in table.columns] for row in rows]
    return [*_markdown(list(table.columns.values()), cells), "", _origin(table, records)]


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


def _place(text: str, is_reversed: bool) -> tuple[bool, float]:
    """What orders cells: by the number that each begins with; cells without one come last, in either direction."""
    number = re.match(r"[-+]?[\d.]+(e[-+]?\d+)?", text.replace(",", ""))
    value = float(number[0]) if number else 0.0
    return number is None, -value if is_reversed else value


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


def _origin(table: Table, records: Sequence[Record]) -> str:
    """Under a table: how often, how long, where, by what code and by which command its figures were measured."""
    parts = [_repeated(table, records), _lasted(table, records)]
    for values in ([r.machine for r in records], [r.commit and f"commit {r.commit}" for r in records]):
        parts += [" and ".join(dict.fromkeys(value for value in values if value))]
    commands = dict.fromkeys(f"`{record.command}`" for record in records if record.command)
    return "*" + "; ".join([part for part in [*parts, *commands] if part]) + "*"


def _repeated(table: Table, records: Sequence[Record]) -> str:
    """Over how many seeds. The rows of a file are of one run, in which a seed may mean something else."""
    counts = sorted({record.seeds for record in records})
    if table.file:
        return "" if counts == [1] else "of the first seed"
    if "seeds" in table.columns or (counts == [1] and "variant" not in table.columns):
        return ""
    return f"{' to '.join(map(str, counts))} {'seed' if counts == [1] else 'seeds'} each"


def _lasted(table: Table, records: Sequence[Record]) -> str:
    seconds = sorted(round(record.seconds) for record in records if record.seconds)
    if not seconds or "seconds" in table.columns:
        return ""
    shortest, longest = seconds[0], max(1, seconds[-1])
    duration = (
        f"up to {longest} s" if not shortest else " to ".join(dict.fromkeys(map(str, (shortest, longest)))) + " s"
    )
    runs = "a run" if len(records) == 1 else "runs"
    return f"from {runs} of {duration}" if table.file else f"{duration} a run"


# -- the quoted results of all pipelines


def overview(recorded: Ledger) -> list[str]:
    """A row for each pipeline: the result that it is quoted by, on built-in and on published data."""
    rows = []
    for name, title in recorded.titles.items():
        family = name.partition("-")[0]
        builtin = _quoted(name, "builtin", title, recorded.records)
        public = _quoted(name, "public", title, recorded.records) if title.public else NONE
        if title.public_metric:
            values = f"{builtin} / {title.public_metric}: {public}"
        else:
            values = " / ".join(_to_the_same_decimals(builtin, public))
        data = f"{title.builtin} / {title.public or NONE}"
        page = f"[{name}](pipelines/{family}/README.md#{title.section})"
        rows.append([title.task, data, f"{title.metric}: {values}", page])
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
        return NONE
    loaded = settings.load_pipeline(pipeline)
    by = task.find(loaded.family, loaded.task).comparison.chosen_by
    judged = [record for record in candidates if by.name in record.figures]
    judged.sort(key=lambda record: _place(record.figures[by.name], not by.lower_is_better))
    return str([*judged, *candidates][0].figures[title.figure])


def _to_the_same_decimals(*cells: str) -> list[str]:
    """Each number that has decimals is rounded to the fewest of them; whole numbers stay."""
    fewest = min((len(decimals) for cell in cells for decimals in FRACTION.findall(cell)), default=0)
    return [FRACTION.sub(lambda number: f"{float(number[0].replace(',', '')):,.{fewest}f}", cell) for cell in cells]
