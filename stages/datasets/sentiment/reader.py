"""Raw files of either source to tables."""

from pathlib import Path

import pandas as pd

from stages.dataset import Prepared
from stages.datasets.sentiment.origin import FILES
from stages.errors import StageError
from stages.texts.lines import read_lines
from stages.texts.reviews import VERDICTS

COLUMNS = {"id": "int64", "text": "string", "label": "int64", "phenomenon": "string"}
NATURAL = "natural"  # the phenomenon of every public review: none is marked


def read(folder: Path) -> Prepared:
    """Parse the published layout; a card without phenomena is that of a public source."""
    tables = {split: _read_split(folder / name) for split, name in FILES.items()}
    facts = {"labels": list(VERDICTS), "phenomena": sorted(set(tables["train"]["phenomenon"]))}
    return Prepared(tables, facts)


def _read_split(path: Path) -> pd.DataFrame:
    lines = [line.split("\t") for line in read_lines(path, ended=False)]  # SST-2's train does not end
    for number, fields in enumerate(lines, start=1):
        if len(fields) not in (2, 3) or fields[1].strip() not in ("0", "1"):
            raise StageError(f"{path}, line {number}: expected text, a tab and 0 or 1, found {' | '.join(fields)!r}")
    return pd.DataFrame(
        {
            "id": range(len(lines)),
            "text": [" ".join(fields[0].split()) for fields in lines],
            "label": [int(fields[1]) for fields in lines],
            "phenomenon": [fields[2].strip() if len(fields) == 3 else NATURAL for fields in lines],
        }
    )
