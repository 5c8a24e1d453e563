"""Tatoeba's English-Mandarin pairs: one archive that `translation` and `sentences` read.

It comes without a split. Here the hash of the English sentence, its letters and digits alone, decides: so pairs of one
English sentence stay together, also where only case or punctuation differs, and a new version of the data moves none.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from stages.archives import members
from stages.errors import StageError
from stages.origin import Provenance, PublicFile
from stages.texts.pairs import cells, key

ARCHIVE, INSIDE = "cmn-eng.zip", "cmn.txt"
TWENTIETHS = {0: "val", 1: "test"}  # of the hashes; the rest is train

PUBLIC = PublicFile(
    path=ARCHIVE,
    published="cmn-eng/cmn-eng.zip",
    url="https://raw.githubusercontent.com/zhourongchang399/cn_en/03f237b768201fde6d119d160888b3771e60a4c6/data/"
    "cmn-eng.zip",
    sha256="14ca2a26d33af0601be3433f14a51f34e2fba4ce3b27d5d1cd39c0260151cc77",
    size=1023782,
)
PROVENANCE = Provenance(
    "English-Mandarin pairs of tatoeba.org as www.manythings.org/anki published them in June 2020, "
    "in the copy of github.com/zhourongchang399/cn_en",
    "CC-BY 2.0 (France); the raw file's third column attributes each line",
)


def split_of(english: str) -> str:
    """The side that an English sentence is on."""
    digest = hashlib.sha256(key(english).encode()).digest()
    return TWENTIETHS.get(int.from_bytes(digest[:8]) % 20, "train")


def read_tatoeba(archive: Path) -> Iterator[tuple[int, str, str]]:
    """Line number, English and Chinese of every line, in the order of the file."""
    found = members(archive, lambda path: path == INSIDE)
    if INSIDE not in found:
        raise StageError(f"{archive} holds no {INSIDE}. Download it again.")
    for number, (english, chinese, _) in enumerate(cells(found[INSIDE], str(archive / INSIDE), 3), start=1):
        yield number, " ".join(english.split()), chinese.strip()
