"""MR, the sentence polarity data of Pang and Lee: one archive that `sentiment_mr` and `sentences` read.

It has no published split; ten folds are usual. Ours depend on the words of a sentence alone, not on their order or the
row: so they are the same everywhere, and sentences of the same words are never in two folds.
"""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from stages.archives import members, pack
from stages.errors import StageError
from stages.origin import Provenance, PublicFile
from stages.texts.lines import text_lines

if TYPE_CHECKING:
    import pandas as pd

ARCHIVE = "polarity"
LABELS = {"rt-polarity.pos": 1, "rt-polarity.neg": 0}
FOLDS = 10
SPLITS_OF_FOLDS = {"train": range(8), "val": range(8, 9), "test": range(9, 10)}

PUBLIC = PublicFile(
    path=ARCHIVE,
    published="sentence_polarity/sentence_polarity.zip",
    url="https://raw.githubusercontent.com/nltk/nltk_data/5db857e6f7df11eabb5e5665836db9ec8df07e28/packages/corpora/"
    "sentence_polarity.zip",
    sha256="6e1ed4405b65c7eabf1d199a7f7c437091ac21da0ea7467b410a74062574566b",
    size=490256,
)
PROVENANCE = Provenance(
    "MR, sentence polarity (Pang and Lee 2005), in the packaging of github.com/nltk/nltk_data; no published split",
    "CC BY 4.0, as stated by nltk_data",
)


def fold_of(text: str) -> int:
    """The fold of a sentence, by its words without their order."""
    words = " ".join(sorted(text.split()))
    return int.from_bytes(hashlib.sha256(words.encode()).digest()[:8], "big") % FOLDS


def split_of(fold: int) -> str:
    """Folds 0 to 7 are train, 8 is val, 9 is test."""
    return next(split for split, folds in SPLITS_OF_FOLDS.items() if fold in folds)


def pack_polarity(favourable: list[str], unfavourable: list[str]) -> bytes:
    """Sentences in the layout of MR."""
    texts = {"rt-polarity.pos": favourable, "rt-polarity.neg": unfavourable}
    return pack(
        {f"sentence_polarity/{name}": "".join(f"{text} \n" for text in texts[name]).encode() for name in LABELS}
    )


def read_polarity(path: Path) -> "pd.DataFrame":
    """Columns id, text, label, fold: the favourable ones first, in the order of the files."""
    import pandas as pd  # half a second, and a download has no use for it

    files = {name.rpartition("/")[2]: content for name, content in members(path).items()}
    rows: list[tuple[int, str, int, int]] = []
    for name, label in LABELS.items():
        if name not in files:
            raise StageError(f"{path} lacks {name}; it has {', '.join(files)}. Download it again.")
        for line in text_lines(files[name], name):
            text = " ".join(line.split())
            rows.append((len(rows), text, label, fold_of(text)))
    return pd.DataFrame(rows, columns=["id", "text", "label", "fold"])
