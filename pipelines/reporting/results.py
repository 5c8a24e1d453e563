"""Results in documents: tables that are written between markers, from the ledgers and from nothing else.

A marker is a comment that describes its table in YAML:

    <!-- table
    pipelines: [rnn-slots]
    data: public
    columns: {variant: variant, test_f1: test F1 (%)}
    -->
    ...
    <!-- end of table -->

The lines between the two comments are replaced. The ledger is the file `results.json` in the folder of the page. A
marker without a description, `<!-- table -->`, lists the quoted result of every pipeline.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import yaml

from params import listed, parse
from pipelines import settings
from pipelines.files import CODE, write_atomically
from pipelines.reporting import illustrations, ledger, recording
from pipelines.reporting.ledger import Ledger, Record, Rows
from pipelines.reporting.markdown import Table, of_records, overview

ROOMS = ("docs", "pipelines", "stages", "tests")  # where documents are, besides the root
MARKED = re.compile(r"^(<!-- table\b(.*?)-->\n)(.*?)^(<!-- end of table -->)", re.DOTALL | re.MULTILINE)


def documents(root: Path = CODE) -> list[Path]:
    return sorted([*root.glob("*.md"), *(path for room in ROOMS for path in (root / room).rglob("*.md"))])


def pages(root: Path = CODE) -> list[Path]:
    """The documents that have a table of results."""
    return [path for path in documents(root) if MARKED.search(path.read_text(encoding="utf-8"))]


def rendered(page: Path, root: Path = CODE) -> str:
    """A page with its tables as the ledgers have them. Raises ValueError that names the page and its mistake."""

    def block(marked: re.Match[str]) -> str:
        table = _table(marked[2])
        lines = of_records(table, ledger.read(page.with_name(ledger.NAME))) if table else overview(_recorded(root))
        return "\n".join([marked[1].rstrip("\n"), "", *lines, "", marked[4]])

    try:
        return MARKED.sub(block, page.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{page.relative_to(root)}: {error}") from error


def differing(root: Path = CODE) -> list[Path]:
    """The pages whose tables are not as the ledgers have them."""
    return [page for page in pages(root) if rendered(page, root) != page.read_text(encoding="utf-8")]


# -- the command `python -m pipelines results`


def check(root: Path = CODE) -> int:
    """For CI, which has no `data/`: 1 and a message where a page differs from the ledgers."""
    names = [str(page.relative_to(root)) for page in differing(root)]
    if names:
        print(f"{listed(names)}: not as the ledgers have it; `python -m pipelines results` writes it", file=sys.stderr)
        return 1
    print(f"{len(pages(root))} documents are as the ledgers have them")
    return 0


def write(root: Path = CODE) -> int:
    for page in (changed := differing(root)):
        write_atomically(page, rendered(page, root).encode())
    print(f"{len(pages(root))} documents with results, {len(changed)} of them changed")
    return 0


def record(folders: Sequence[Path], root: Path = CODE) -> None:
    """Records finished runs in the ledgers of their families: `folders`, or all, and then the reports' pictures too."""
    records = _records(folders or _finished(root), root)
    of_family: dict[str, list[Record]] = {}
    for one in records:
        of_family.setdefault(one.pipeline.partition("-")[0], []).append(one)
    for family, own in of_family.items():
        file = root / "pipelines" / family / ledger.NAME
        ledger.write((ledger.read(file) if file.is_file() else Ledger()).extended(own), file)
    pictures = [] if folders else illustrations.refresh(documents(root), root, root / "data" / "reports")
    pipelines = {one.pipeline for one in records}
    print(f"recorded {len(records)} variants of {len(pipelines)} pipelines, {len(pictures)} pictures")


def compare(root: Path = CODE) -> int:
    """Reports where the finished runs in `data/` differ from the ledgers; 1 where they should not.

    On the same kind of machine a run has the same result to the last bit, on another the last digits can differ.
    """
    measured = _records(_finished(root), root)
    lines, compared = ledger.differences(_recorded(root), measured)
    print("\n".join([*lines, f"{compared - len(lines)} of {compared} figures and tables are as recorded"]))
    known = {one.identity: one.machine for one in _recorded(root).records}
    return int(bool(lines) and all(known.get(one.identity) == one.machine for one in measured))


def _records(folders: Sequence[Path], root: Path) -> list[Record]:
    """Of runs, whose settings are compared with the committed params.yaml: `dvc exp run -S` changes the file."""
    committed = subprocess.run(["git", "show", "HEAD:params.yaml"], cwd=root, capture_output=True, check=False)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "params.yaml"
        file.write_bytes(committed.stdout if committed.returncode == 0 else (root / "params.yaml").read_bytes())
        return recording.of_runs(folders, _tables_shown(root), file)


def _finished(root: Path) -> list[Path]:
    folders = sorted(path.parent for path in (root / "data" / "models").glob("*/*/run.json"))
    if not folders:
        raise ValueError(f"no runs in {root / 'data' / 'models'}: run `make repro` first")
    return folders


# -- what the documents ask for


def _table(text: str) -> Table | None:
    try:
        description = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"the description of a table is not YAML: {error}") from error
    return parse(Table, description, "table") if description else None


def _tables_shown(root: Path) -> Callable[[str, Path], dict[str, Rows]]:
    """A function of a pipeline and the folder of a run: those rows of the run's files that any page shows."""
    marked = (MARKED.findall(page.read_text(encoding="utf-8")) for page in pages(root))
    tables = [table for blocks in marked for block in blocks if (table := _table(block[1])) and table.file]

    def shown(pipeline: str, folder: Path) -> dict[str, Rows]:
        mine = [table for table in tables if pipeline in table.pipelines and (folder / table.file).is_file()]
        shown_rows = {
            file: [row for row in recording.rows(folder / file) if any(t.shows(row) for t in mine if t.file == file)]
            for file in dict.fromkeys(table.file for table in mine)
        }
        return {file: rows for file, rows in shown_rows.items() if rows}

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
