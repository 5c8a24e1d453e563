"""Raw files of either source to tables."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

from stages.archives import members
from stages.dataset import Prepared
from stages.datasets.parsing.origin import ARCHIVE, FIRST_FILES, INSIDE
from stages.datasets.parsing.origin.trees import Tree, clean, parse
from stages.errors import StageError
from stages.texts.sizes import SPLITS

COLUMNS = {"id": "int64", "text": "string", "tree": "string", "linear": "string"}


def read(folder: Path) -> Prepared:
    """Parse and clean the trees of either source."""
    if (folder / ARCHIVE).is_file():
        archive = folder / ARCHIVE
        found = members(archive, lambda path: INSIDE.fullmatch(path) is not None)
        if not found:
            raise StageError(f"{archive} holds no treebank/combined/wsj_*.mrg. Download it again.")
        files = {
            split: [(f"{archive}: {name}", found[name]) for name in sorted(found) if split_of(name) == split]
            for split in SPLITS
        }
    else:
        files = {split: [(str(folder / f"{split}.mrg"), (folder / f"{split}.mrg").read_bytes())] for split in SPLITS}
    return Prepared({split: _table(_trees(named)) for split, named in files.items()}, {})


def split_of(name: str) -> str:
    """The split of a published file, by its number."""
    match = INSIDE.fullmatch(name)
    number = int(match[1]) if match else 0
    return max(
        (split for split in SPLITS if FIRST_FILES[split] <= number), key=FIRST_FILES.__getitem__, default="train"
    )


def _trees(files: Iterable[tuple[str, bytes]]) -> Iterator[Tree]:
    for name, content in files:
        try:
            yield from filter(None, map(clean, parse(content.decode("utf-8-sig"))))
        except UnicodeDecodeError as error:
            raise StageError(f"{name} is not UTF-8 text: {error}") from error
        except StageError as error:
            raise StageError(f"{name}, {error}") from error


def _table(trees: Iterable[Tree]) -> pd.DataFrame:
    rows = [(number, tree.text, tree.bracketed(), tree.linear()) for number, tree in enumerate(trees)]
    return pd.DataFrame(rows, columns=list(COLUMNS))
