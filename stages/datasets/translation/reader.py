"""Raw files of either source to tables."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from stages.dataset import Prepared
from stages.texts.pairs import cells
from stages.texts.sizes import SPLITS
from stages.texts.tatoeba import ARCHIVE, read_tatoeba, split_of

COLUMNS = {"id": "int64", "source": "string", "target": "string", "target_as_written": "string"}


def read(folder: Path) -> Prepared:
    """Parse either source; line numbers of the published file become ids, so that attributions can be found."""
    tables = _read_published(folder / ARCHIVE) if (folder / ARCHIVE).is_file() else _read_made(folder)
    known = set(tables["train"]["target"])
    return Prepared(
        tables,
        {"targets_also_in_train": {name: int(tables[name]["target"].isin(known).sum()) for name in ("val", "test")}},
    )


def _read_published(archive: Path) -> dict[str, pd.DataFrame]:
    table = _table(read_tatoeba(archive))
    table["target"] = _simplified(table["target_as_written"])
    split = table["source"].map(split_of)
    return {name: table[split == name].reset_index(drop=True) for name in SPLITS}


def _read_made(folder: Path) -> dict[str, pd.DataFrame]:
    tables = {}
    for split in SPLITS:
        path = folder / f"{split}.txt"
        lines = enumerate(cells(path.read_bytes(), str(path), 2), start=1)
        tables[split] = _table((number, english, chinese) for number, (english, chinese) in lines)
    return tables


def _simplified(texts: pd.Series) -> list[str]:
    import opencc

    convert = opencc.OpenCC("t2s").convert
    return [convert(text) for text in texts]


def _table(pairs: Iterable[tuple[int, str, str]]) -> pd.DataFrame:
    rows = [(number, english, chinese, chinese) for number, english, chinese in pairs]
    return pd.DataFrame(rows, columns=list(COLUMNS))
