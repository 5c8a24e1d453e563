"""Results in documents: tables that are written between markers, from the ledgers and from nothing else.

A marker is a comment that describes its table in YAML:

    <!-- table
    pipelines: [rnn-slots]
    data: public
    columns: {variant: variant, test_f1: test F1 (%)}
    -->
    ...
    <!-- end of table -->

The lines between the two comments are replaced. The ledger is the file `results.json` in the folder of the page. A marker
without a description, `<!-- table -->`, lists the quoted result of every pipeline.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from params import Source, listed, parse

from pipelines import settings, task
from pipelines.files import CODE, write_atomically
from pipelines.reporting import ledger
from pipelines.reporting.ledger import Ledger, Record, Rows, Title

ROOMS = ("docs", "pipelines", "stages", "tests")  # where documents are, besides the root
MARKED = re.compile(r"(<!-- table\b(.*?)-->\n)(.*?)(<!-- end of table -->)", re.DOTALL)
NUMBER = re.compile(r"[-+]?[\d,]*\.?\d+(e[-+]?\d+)?( ± .*| s)?$")


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
        return all(row.get(column) in map(str, cells) for column, cells in self.where.items())


def pages(root: Path = CODE) -> list[Path]:
    """The documents that have a table of results."""
    files = [*root.glob("*.md"), *(path for room in ROOMS for path in (root / room).rglob("*.md"))]
    return [path for path in sorted(files) if MARKED.search(path.read_text(encoding="utf-8"))]


def rendered(page: Path, root: Path = CODE) -> str:
    """A page with its tables as the ledgers have them. Raises ValueError that names the page and what is wrong in it."""

    def block(found: re.Match[str]) -> str:
        table = _table(found[2])
        lines = _of_ledger(table, ledger.read(page.with_name(ledger.NAME))) if table else _overview(root)
        return "\n".join([found[1].rstrip("\n"), "", *lines, "", found[4]])

    try:
        return MARKED.sub(block, page.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{page.relative_to(root)}: {error}") from error


def check(root: Path = CODE) -> list[str]:
    """The pages whose tables are not what the ledgers have."""
    return [str(page.relative_to(root)) for page in pages(root) if rendered(page, root) != page.read_text(encoding="utf-8")]


def write(root: Path = CODE) -> list[str]:
    """Renders the pages; returns those that changed."""
    changed = check(root)
    for page in changed:
        write_atomically(root / page, rendered(root / page, root).encode())
    return changed


def record(folders: Sequence[Path], root: Path = CODE) -> list[Path]:
    """Records finished runs in the ledgers of their families; returns the ledgers."""
    found = ledger.of_runs(folders, _tables_shown(root))
    families = {record.pipeline: record.pipeline.partition("-")[0] for record in found}
    files = {family: root / "pipelines" / family / ledger.NAME for family in families.values()}
    for family, file in files.items():
        of_family = [record for record in found if families[record.pipeline] == family]
        ledger.write((ledger.read(file) if file.is_file() else Ledger()).extended(of_family), file)
    return list(files.values())


def compare(folders: Sequence[Path], root: Path = CODE) -> tuple[list[str], int]:
    """A line for each figure of finished runs that the ledgers have otherwise, and how many figures were compared."""
    return ledger.differences(_recorded(root), ledger.of_runs(folders, _tables_shown(root)))


def _table(text: str) -> Table | None:
    try:
        description = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"the description of a table is not YAML: {error}") from error
    return parse(Table, description, "table") if description else None


def _tables_shown(root: Path) -> Callable[[str, Path], dict[str, Rows]]:
    """A function of a pipeline and the folder of a run: those rows of the run's files that any page shows."""
    found = (MARKED.findall(page.read_text(encoding="utf-8")) for page in pages(root))
    tables = [table for blocks in found for block in blocks if (table := _table(block[1])) and table.file]

    def shown(pipeline: str, folder: Path) -> dict[str, Rows]:
        mine = [table for table in tables if pipeline in table.pipelines and (folder / table.file).is_file()]
        return {
            file: [row for row in ledger.rows(folder / file) if any(t.shows(row) for t in mine if t.file == file)]
            for file in dict.fromkeys(table.file for table in mine)
        }

    return shown


def _recorded(root: Path) -> Ledger:
    """The ledgers of all families as one, in the order of params.yaml."""
    files = sorted((root / "pipelines").glob(f"*/{ledger.NAME}"))
    ledgers = [ledger.read(file) for file in files]
    titles = {name: title for one in ledgers for name, title in one.pipelines.items()}
    return Ledger(
        {name: titles[name] for name in settings.names(root / "params.yaml") if name in titles},
        tuple(record for one in ledgers for record in one.records),
    )


# -- a table of records


def _of_ledger(table: Table, recorded: Ledger) -> list[str]:
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
        and record.settings == table.settings
        and (not table.variants or record.variant in table.variants)
        and (not table.file or table.file in record.tables)
    ]
    missing = set(table.variants) - {record.variant for record in records}
    if missing or not records:
        asked = [*table.pipelines, f"{table.data} data", *sorted(missing), *table.settings, *filter(None, [table.file])]
        raise ValueError(f"{ledger.NAME} has no record with {listed(asked)}: `results --record` writes them")
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
    return shorter if len(shorter) < len(text) else text


def _markdown(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table; columns of numbers are set to the right."""
    numeric = [all(NUMBER.match(row[k]) or not row[k] for row in rows) for k in range(len(titles))]
    lines = [titles, ["---:" if right else "---" for right in numeric], *rows]
    return [f"| {' | '.join(cells)} |" for cells in lines]


def _origin(records: Iterable[Record], columns: Iterable[str]) -> str:
    """Under a table: how often, how long, where, by what code and by which command its figures were measured."""
    records = list(records)
    parts = []
    if "seeds" not in columns:
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


def _overview(root: Path) -> list[str]:
    recorded = _recorded(root)
    rows = []
    for name, title in recorded.titles.items():
        family = name.partition("-")[0]
        results = {data: _quoted(name, data, title, recorded.records) for data in ("builtin", "public")}
        values = " / ".join(value for value in results.values() if value)
        data = " / ".join(part for part in (title.builtin, title.public) if part)
        rows.append([title.task, data, f"{title.metric}: {values}", f"[{name}](pipelines/{family}/README.md#{title.section})"])
    return _markdown(["task", "data: built-in / public", "result on test: built-in / public", "page"], rows)


def _quoted(pipeline: str, data: str, title: Title, records: Iterable[Record]) -> str:
    """The figure of the variant that is best on val; of the first record where no figure on val is recorded."""
    candidates = [
        record
        for record in records
        if record.pipeline == pipeline and record.data == data and not record.settings and title.figure in record.figures
    ]
    if not candidates:
        return ""
    loaded = settings.load_pipeline(pipeline)
    by = task.find(loaded.family, loaded.task).comparison.chosen_by
    judged = [record for record in candidates if by.name in record.figures]
    judged.sort(key=lambda record: _value(record.figures[by.name]), reverse=not by.lower_is_better)
    return str([*judged, *candidates][0].figures[title.figure])
