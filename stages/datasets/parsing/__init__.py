"""Data set `parsing`: sentences and their trees. Built-in: a probabilistic grammar; public: NLTK's sample of the
Penn Treebank.

Tables have a row per sentence: `text`, its words with blanks between; `tree`, in the brackets of the Penn Treebank,
with words; `linear`, what a sequence model writes: labels and tags, each constituent named at both ends. Traces and
function tags are gone, as EVALB removes them before it scores. The sample has no standard split: here files 0001-0159
are train, 0160-0179 val and 0180-0199 test.

Raw: `treebank.zip` as published, or `train.mrg`, `val.mrg`, `test.mrg`, bracketed trees too.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random

import pandas as pd

from stages.archives import members
from stages.dataset import Dataset, Origin, Prepared, PublicFile
from stages.datasets.parsing.grammar import sentence
from stages.datasets.parsing.rules import LONGEST, SPLITS, ParsingOptions, rules
from stages.datasets.parsing.trees import Tree, clean, parse
from stages.errors import StageError

COLUMNS = {"id": "int64", "text": "string", "tree": "string", "linear": "string"}
ARCHIVE = "treebank.zip"
INSIDE = re.compile(r"treebank/combined/wsj_(\d{4})\.mrg")
FIRST_FILES = {"train": 1, "val": 160, "test": 180}  # of each split


def make(options: ParsingOptions) -> Iterator[tuple[str, bytes]]:
    """Trees of the grammar, each sentence once in all."""
    seen: set[str] = set()
    for split in SPLITS:
        rng = Random(f"{options.seed}/{split}")
        lines: list[str] = []
        for _ in range(10_000 + 50 * options.rows(split)):
            if len(lines) == options.rows(split):
                break
            tree = sentence(rng)
            if tree.text not in seen and sum(1 for _ in tree.leaves()) <= LONGEST["builtin"]:
                seen.add(tree.text)
                lines.append(f"{tree.bracketed()}\n")
        if len(lines) < options.rows(split):
            raise StageError(f"{split}: the grammar gave {len(lines)} of {options.rows(split)} trees; ask for fewer")
        yield f"{split}.mrg", "".join(lines).encode()


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
            yield from filter(None, map(clean, parse(content.decode("utf-8"))))
        except UnicodeDecodeError as error:
            raise StageError(f"{name} is not UTF-8 text: {error}") from error
        except StageError as error:
            raise StageError(f"{name}, {error}") from error


def _table(trees: Iterable[Tree]) -> pd.DataFrame:
    rows = [(number, tree.text, tree.bracketed(), tree.linear()) for number, tree in enumerate(trees)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


DATASET: Dataset[ParsingOptions] = Dataset(
    name="parsing",
    options=ParsingOptions,
    origins={
        "builtin": Origin(
            "drawn from the grammar in stages/datasets/parsing/grammar.py", "Apache-2.0, as this project"
        ),
        "public": Origin(
            "the Penn Treebank sample of github.com/nltk/nltk_data",
            "(C) LDC 1995; fair use for the purposes of illustrating NLTK tools; non-commercial use only",
        ),
    },
    public=(
        PublicFile(
            ARCHIVE,
            "treebank/treebank.zip",
            "https://raw.githubusercontent.com/nltk/nltk_data/5db857e6f7df11eabb5e5665836db9ec8df07e28/packages/corpora/"
            "treebank.zip",
            "9da92d76c3666cfb6cddeaed0f7e86b344cce0f0928a286d439e555f19c37399",
            1740034,
        ),
    ),
    make=make,
    columns=COLUMNS,
    read=read,
    rules=rules,
)
