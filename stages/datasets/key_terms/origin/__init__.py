"""Abstracts from a grammar in the layout of Inspec; public: Inspec."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from stages.archives import pack
from stages.origin import Origin, Provenance, PublicFile
from stages.texts.abstracts import draw_abstracts
from stages.texts.sizes import Sizes

ARCHIVE = "abstracts"
PARTS = {"train": "Training", "val": "Validation", "test": "Test"}


@dataclass(frozen=True)
class KeyTermsOptions(Sizes):
    """params.yaml's `datasets.key_terms.builtin`: the seed, and how many abstracts each split gets."""


def make(options: KeyTermsOptions) -> Iterator[tuple[str, bytes]]:
    """Write generated abstracts in the layout of Inspec."""
    seen: set[str] = set()
    parts: dict[str, bytes] = {}
    number = 0
    for split, part in PARTS.items():
        files: dict[str, bytes] = {}
        for abstract in draw_abstracts(split, options.rows(split), Random(f"{options.seed}/{split}"), seen):
            number += 1
            files[f"{number}.abstr"] = f"{' '.join(abstract.words)}\n".encode()
            files[f"{number}.uncontr"] = f"{'; '.join(abstract.key_terms)}\n".encode()
        parts[f"{part}.zip"] = pack(files)
    yield ARCHIVE, pack(parts)


ORIGIN = Origin(
    name="key_terms",
    options=KeyTermsOptions,
    sources={
        "builtin": Provenance("drawn from the grammar in stages/texts/abstracts.py", "Apache-2.0, as this project"),
        "public": Provenance(
            "Inspec (Hulth 2003) with the uncontrolled key phrases, from github.com/snkim/AutomaticKeyphraseExtraction",
            "for research, with the acknowledgement: Data from the Inspec Database kindly supplied by The IET",
        ),
    },
    public=(
        PublicFile(
            path=ARCHIVE,
            published="inspec/Hulth2003.tar.gz",
            url="https://raw.githubusercontent.com/snkim/AutomaticKeyphraseExtraction/"
            "cd662646e4f1f6a2f6957a5aee6885cb2a74afb9/Hulth2003.tar.gz",
            sha256="0cca8dbc5ec28e6638cf75a38263f341d94743259252e6b7fff2f02e6028610f",
            size=1452446,
        ),
    ),
    make=make,
)
