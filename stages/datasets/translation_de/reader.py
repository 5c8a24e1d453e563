"""Raw files of either source to tables."""

from pathlib import Path

import pandas as pd

from stages.archives import unpacked
from stages.dataset import Prepared
from stages.datasets.translation_de.origin import LANGUAGES
from stages.errors import StageError
from stages.texts.lines import text_lines
from stages.texts.sizes import SPLITS

COLUMNS = {"id": "int64", "source": "string", "target": "string"}
PUBLISHED = {"train": "train", "val": "val", "test": "test_2016_flickr"}  # split -> name of its files
LIMIT = 8 << 20  # bytes of a file, unpacked: the largest has two million


def read(folder: Path) -> Prepared:
    """Parse either source; the names of the files show which it is."""
    tables, respaced = {}, {}
    for split in SPLITS:
        published = folder / f"{PUBLISHED[split]}.en.gz"
        paths = [published if published.is_file() else folder / f"{split}.en"]
        paths.append(paths[0].with_name(paths[0].name.replace(".en", ".de")))
        sides = dict(zip(LANGUAGES, map(_lines, paths), strict=True))
        _check_aligned(paths, list(sides.values()))
        clean = {side: [" ".join(line.split()) for line in lines] for side, lines in sides.items()}
        tables[split] = pd.DataFrame({"id": range(1, len(sides["source"]) + 1), **clean})
        respaced[split] = {
            side: sum(line != text for line, text in zip(lines, clean[side], strict=True))
            for side, lines in sides.items()
        }
    return Prepared(tables, {"lines_with_other_white_space": respaced})


def _lines(path: Path) -> list[str]:
    content = unpacked(path, LIMIT) if path.suffix == ".gz" else path.read_bytes()
    return text_lines(content, str(path))


def _check_aligned(paths: list[Path], sides: list[list[str]]) -> None:
    (source, target), (english, german) = paths, sides
    if len(english) != len(german):
        raise StageError(
            f"{target} has {len(german)} lines, {source} has {len(english)}: they do not belong together after line "
            f"{min(len(english), len(german))}. Download them again."
        )
