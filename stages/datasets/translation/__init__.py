"""Data set `translation`: English to Chinese. Built-in: a synchronous grammar; public: the Mandarin pairs of Tatoeba.

Tables have a row per pair: `source` in English, `target` in simplified Chinese, and `target_as_written`, where the
published pairs mix traditional and simplified characters: a model is trained on the one column or on the other.
Tatoeba comes without a split. Here the hash of the English sentence, its letters and digits alone, decides: so pairs
of one English sentence stay together, also where only case or punctuation differs, and a new version of the data
moves no pair. Another English sentence with the same Chinese one may be on another side; the card counts those.

Raw: `cmn-eng.zip` as published (English, Chinese and attribution, by tabs), or `train.txt`, `val.txt`, `test.txt`.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pandas as pd

from stages.archives import members
from stages.dataset import Dataset, Origin, Prepared, PublicFile
from stages.datasets.translation.grammar import draw, kept_for
from stages.datasets.translation.rules import SPLITS, TranslationOptions, key, rules
from stages.errors import StageError

COLUMNS = {"id": "int64", "source": "string", "target": "string", "target_as_written": "string"}
ARCHIVE, INSIDE = "cmn-eng.zip", "cmn.txt"
TWENTIETHS = {0: "val", 1: "test"}  # of the hashes; the rest is train


def make(options: TranslationOptions) -> Iterator[tuple[str, bytes]]:
    """Distinct pairs of the grammar. A combination of words that is kept for a split occurs there and nowhere else."""
    seen: set[str] = set()
    for split in SPLITS:
        rng = Random(f"{options.seed}/{split}")
        lines: list[str] = []
        for _ in range(10_000 + 100 * options.rows(split)):
            if len(lines) == options.rows(split):
                break
            english, chinese = draw(rng)
            if key(english) not in seen and kept_for(english) == split:
                seen.add(key(english))
                lines.append(f"{english}\t{chinese}\n")
        if len(lines) < options.rows(split):
            raise StageError(f"{split}: the grammar gave {len(lines)} of {options.rows(split)} pairs; ask for fewer")
        yield f"{split}.txt", "".join(lines).encode()


def read(folder: Path) -> Prepared:
    """Parse either source; line numbers of the published file become ids, so that attributions can be found."""
    if (folder / ARCHIVE).is_file():
        tables = _read_published(folder / ARCHIVE)
    else:
        tables = {
            split: _table(_pairs(folder / f"{split}.txt", (folder / f"{split}.txt").read_bytes(), 2))
            for split in SPLITS
        }
    known = set(tables["train"]["target"])
    return Prepared(
        tables,
        {"targets_also_in_train": {name: int(tables[name]["target"].isin(known).sum()) for name in ("val", "test")}},
    )


def _read_published(archive: Path) -> dict[str, pd.DataFrame]:
    found = members(archive, lambda path: path == INSIDE)
    if INSIDE not in found:
        raise StageError(f"{archive} holds no {INSIDE}. Download it again.")
    table = _table(_pairs(archive / INSIDE, found[INSIDE], 3))
    table["target"] = _simplified(table["target_as_written"])
    split = table["source"].map(split_of)
    return {name: table[split == name].reset_index(drop=True) for name in SPLITS}


def split_of(english: str) -> str:
    """The side that an English sentence is on."""
    digest = hashlib.sha256(key(english).encode()).digest()
    return TWENTIETHS.get(int.from_bytes(digest[:8]) % 20, "train")


def _simplified(texts: pd.Series) -> list[str]:
    import opencc

    convert = opencc.OpenCC("t2s").convert
    return [convert(text) for text in texts]


def _pairs(path: Path, content: bytes, cells: int) -> Iterator[tuple[int, str, str]]:
    """Line number, English and Chinese of lines with `cells` cells."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise StageError(f"{path} is not UTF-8 text: {error}") from error
    lines = text.split("\n")
    if lines.pop():
        raise StageError(f"{path}, line {len(lines) + 1}: the last line is cut off. Download it again.")
    for number, line in enumerate(lines, start=1):
        parts = line.split("\t")
        if len(parts) != cells:
            raise StageError(f"{path}, line {number}: {len(parts)} cells between tabs, expected {cells}")
        yield number, " ".join(parts[0].split()), parts[1].strip()


def _table(pairs: Iterator[tuple[int, str, str]]) -> pd.DataFrame:
    rows = [(number, english, chinese, chinese) for number, english, chinese in pairs]
    return pd.DataFrame(rows, columns=list(COLUMNS))


DATASET: Dataset[TranslationOptions] = Dataset(
    name="translation",
    options=TranslationOptions,
    origins={
        "builtin": Origin(
            "drawn from the grammar in stages/datasets/translation/grammar.py", "Apache-2.0, as this project"
        ),
        "public": Origin(
            "English-Mandarin pairs of tatoeba.org as www.manythings.org/anki published them in June 2020, "
            "in the copy of github.com/zhourongchang399/cn_en",
            "CC-BY 2.0 (France); the raw file's third column attributes each line",
        ),
    },
    public=(
        PublicFile(
            ARCHIVE,
            "cmn-eng/cmn-eng.zip",
            "https://raw.githubusercontent.com/zhourongchang399/cn_en/03f237b768201fde6d119d160888b3771e60a4c6/data/"
            "cmn-eng.zip",
            "14ca2a26d33af0601be3433f14a51f34e2fba4ce3b27d5d1cd39c0260151cc77",
            1023782,
        ),
    ),
    make=make,
    columns=COLUMNS,
    read=read,
    rules=rules,
)
