"""Sentences of a grammar, some as pairs of the same words; public: MR and the English side of Tatoeba."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from stages.archives import pack
from stages.datasets.sentences.origin.grammar import LONGEST, draw_sentences
from stages.origin import Origin, Provenance
from stages.texts import polarity, tatoeba
from stages.texts.sizes import SPLITS, Sizes


@dataclass(frozen=True)
class SentencesOptions(Sizes):
    """params.yaml's `datasets.sentences.builtin`: the seed, and how many sentences each split gets."""


def make(options: SentencesOptions) -> Iterator[tuple[str, bytes]]:
    """Write generated sentences."""
    seen: set[str] = set()
    files = {}
    for split in SPLITS:
        made = draw_sentences(split, options.rows(split), Random(f"{options.seed}/{split}"), seen)
        files[f"{split}.tsv"] = "".join(f"{sentence.pair}\t{sentence.text}\n" for sentence in made).encode()
    yield polarity.ARCHIVE, pack(files)


ORIGIN = Origin(
    name="sentences",
    options=SentencesOptions,
    sources={
        "builtin": Provenance(
            "drawn from the grammar in stages/datasets/sentences/origin/grammar.py", "Apache-2.0, as this project"
        ),
        "public": Provenance(
            f"of at most {LONGEST} words: {polarity.PROVENANCE.where}; the English side of {tatoeba.PROVENANCE.where}",
            f"MR: {polarity.PROVENANCE.licence}; Tatoeba: {tatoeba.PROVENANCE.licence}",
        ),
    },
    public=(polarity.PUBLIC, tatoeba.PUBLIC),
    make=make,
)
