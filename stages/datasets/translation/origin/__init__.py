"""English and Chinese from one grammar of both; public: Tatoeba."""

from collections.abc import Iterator
from dataclasses import dataclass

from stages.datasets.translation.origin.grammar import COMBINATIONS, draw
from stages.origin import Origin, Provenance
from stages.texts.pairs import PairSizes, draw_pairs
from stages.texts.tatoeba import PROVENANCE, PUBLIC


@dataclass(frozen=True)
class TranslationOptions(PairSizes):
    """params.yaml's `datasets.translation.builtin`: the seed, and how many pairs each split gets."""


def make(options: TranslationOptions) -> Iterator[tuple[str, bytes]]:
    """Distinct pairs of the grammar. A combination of words that is kept for a split occurs there and nowhere else."""
    for split, pairs in draw_pairs(options, draw, COMBINATIONS.kept_for, units=list):
        yield f"{split}.txt", "".join(f"{english}\t{chinese}\n" for english, chinese in pairs).encode()


ORIGIN = Origin(
    name="translation",
    options=TranslationOptions,
    sources={
        "builtin": Provenance(
            "drawn from the grammar in stages/datasets/translation/origin/grammar.py", "Apache-2.0, as this project"
        ),
        "public": PROVENANCE,
    },
    public=(PUBLIC,),
    make=make,
)
