"""Reviews of a grammar in the layout of MR; public: MR."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from stages.origin import Origin, Provenance
from stages.texts.polarity import ARCHIVE, PROVENANCE, PUBLIC, pack_polarity
from stages.texts.reviews import draw_reviews

FEWEST = 100  # below, a fold may be empty


@dataclass(frozen=True)
class SentimentMrOptions:
    """params.yaml's `datasets.sentiment_mr.builtin`: the seed, and how many reviews there are in all folds."""

    seed: int
    reviews: int

    def __post_init__(self) -> None:
        if self.reviews < FEWEST:
            raise ValueError(f"reviews must be at least {FEWEST}, found {self.reviews}")


def make(options: SentimentMrOptions) -> Iterator[tuple[str, bytes]]:
    """Write generated reviews in the layout of MR."""
    reviews = draw_reviews("train", options.reviews, Random(f"{options.seed}/mr"), set(), has_remarks=True)
    yield ARCHIVE, pack_polarity(*([found.text for found in reviews if found.label == label] for label in (1, 0)))


ORIGIN = Origin(
    name="sentiment_mr",
    options=SentimentMrOptions,
    sources={
        "builtin": Provenance("drawn from the grammar in stages/texts/reviews.py", "Apache-2.0, as this project"),
        "public": PROVENANCE,
    },
    public=(PUBLIC,),
    make=make,
)
