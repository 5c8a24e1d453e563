"""Raw files of either source to tables."""

import re
from pathlib import Path

import pandas as pd

from stages.archives import members
from stages.dataset import Prepared
from stages.datasets.sentences.origin.grammar import LONGEST
from stages.errors import StageError
from stages.texts import polarity, tatoeba
from stages.texts.lines import text_lines
from stages.texts.sizes import SPLITS

COLUMNS = {"id": "int64", "text": "string", "pair": "int64", "corpus": "string"}
MARKS = '.,:;!?"()'
FIRST_LINE = 100_000  # the id of a sentence of Tatoeba is this and its line number; MR's ids are smaller


def read(folder: Path) -> Prepared:
    """Parse either source; the content of the archive shows which it is."""
    files = members(folder / polarity.ARCHIVE)
    if not any(name.rpartition("/")[2] in polarity.LABELS for name in files):
        return Prepared({split: _read_made(files[f"{split}.tsv"], f"{split}.tsv") for split in SPLITS}, {})
    mr, pairs = _read_mr(folder / polarity.ARCHIVE), _read_tatoeba(folder / tatoeba.ARCHIVE)
    in_both = mr["text"].isin(pairs["text"])
    every = pd.concat([mr[~in_both], pairs], ignore_index=True)
    short = every[every["text"].str.split().map(len) <= LONGEST].assign(pair=-1)
    splits = [split_of(text, corpus) for text, corpus in zip(short["text"], short["corpus"], strict=True)]
    tables = {split: short.loc[[each == split for each in splits], list(COLUMNS)] for split in SPLITS}
    return Prepared(
        {split: table.reset_index(drop=True) for split, table in tables.items()},
        {"sentences": {"mr": len(mr), "tatoeba": len(pairs)}, "in_both": int(in_both.sum()), "kept": len(short)},
    )


def _read_made(content: bytes, name: str) -> pd.DataFrame:
    lines = [line.split("\t") for line in text_lines(content, name)]
    for number, cells in enumerate(lines, start=1):
        if len(cells) != 2 or not cells[0].removeprefix("-").isdecimal():
            raise StageError(f"{name}, line {number}: expected a number, a tab and a text, found {' | '.join(cells)!r}")
    texts, pairs = [text for _, text in lines], [int(pair) for pair, _ in lines]
    return pd.DataFrame({"id": range(len(lines)), "text": texts, "pair": pairs, "corpus": "grammar"})


def _read_mr(archive: Path) -> pd.DataFrame:
    return polarity.read_polarity(archive)[["id", "text"]].assign(corpus="mr")


def _read_tatoeba(archive: Path) -> pd.DataFrame:
    """The English sentences, each from the first line that has it."""
    rows = [(FIRST_LINE + line, as_in_mr(english)) for line, english, _ in tatoeba.read_tatoeba(archive)]
    return pd.DataFrame(rows, columns=["id", "text"]).drop_duplicates("text").assign(corpus="tatoeba")


def as_in_mr(text: str) -> str:
    """A sentence as MR is written: in lower case, and each mark of MARKS is a word."""
    return " ".join(re.sub(f"([{MARKS}])", r" \1 ", text.lower()).split())


def split_of(text: str, corpus: str) -> str:
    """The split that a published sentence has in every data set."""
    return tatoeba.split_of(text) if corpus == "tatoeba" else polarity.split_of(polarity.fold_of(text))
