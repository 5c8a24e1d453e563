"""Trees of a grammar; public: the sample of the Penn Treebank that NLTK has."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from stages.datasets.parsing.origin.grammar import sentence
from stages.errors import StageError
from stages.origin import Origin, Provenance, PublicFile
from stages.texts.sizes import SPLITS, Sizes


@dataclass(frozen=True)
class ParsingOptions(Sizes):
    """params.yaml's `datasets.parsing.builtin`: the seed, and how many sentences each split gets."""

    FEWEST = 1


ARCHIVE = "treebank.zip"
INSIDE = re.compile(r"treebank/combined/wsj_(\d{4})\.mrg")
LONGEST = 30  # words of a sentence
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
            if tree.text not in seen and sum(1 for _ in tree.leaves()) <= LONGEST:
                seen.add(tree.text)
                lines.append(f"{tree.bracketed()}\n")
        if len(lines) < options.rows(split):
            raise StageError(f"{split}: the grammar gave {len(lines)} of {options.rows(split)} trees; ask for fewer")
        yield f"{split}.mrg", "".join(lines).encode()


ORIGIN = Origin(
    name="parsing",
    options=ParsingOptions,
    sources={
        "builtin": Provenance(
            "drawn from the grammar in stages/datasets/parsing/origin/grammar.py", "Apache-2.0, as this project"
        ),
        "public": Provenance(
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
)
