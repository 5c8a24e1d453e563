"""Reviews of a grammar in the layout of SST-2; public: SST-2."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from stages.origin import Origin, Provenance, PublicFile
from stages.texts.reviews import draw_reviews
from stages.texts.sizes import Sizes

FILES = {"train": "train.tsv", "val": "dev.tsv", "test": "test.tsv"}


@dataclass(frozen=True)
class SentimentOptions(Sizes):
    """params.yaml's `datasets.sentiment.builtin`: the seed, and how many reviews each split gets."""


def make(options: SentimentOptions) -> Iterator[tuple[str, bytes]]:
    """Write generated reviews in the layout of SST-2, with the phenomenon as a third field."""
    seen: set[str] = set()
    for split, name in FILES.items():
        rng = Random(f"{options.seed}/{split}")
        reviews = draw_reviews(split, options.rows(split), rng, seen, has_remarks=True)
        yield name, "".join(f"{found.text}\t{found.label}\t{found.phenomenon}\n" for found in reviews).encode()


_SST2 = (
    "https://raw.githubusercontent.com/clairett/pytorch-sentiment-classification/"
    "457ffd83de90a9d6d472d8ffc31bbffe40a8b236/data/SST2/"
)
_FILES = (
    ("train.tsv", 720259, "ec192f833a64da08f475488a77b0d0b47db47acd0f458bd18433fc793b569920"),
    ("dev.tsv", 92057, "eddea6b39e601dd4e7a672b53cc40fdf6019fa80522f351206c24340ca5d9359"),
    ("test.tsv", 188749, "831169c7e2e429d6026e1bdbb542f33b636e3e596caad9602ebc953c205928b7"),
)
ORIGIN = Origin(
    name="sentiment",
    options=SentimentOptions,
    sources={
        "builtin": Provenance("drawn from the grammar in stages/texts/reviews.py", "Apache-2.0, as this project"),
        "public": Provenance(
            "SST-2, whole sentences (Socher et al. 2013), as in github.com/clairett/pytorch-sentiment-classification; "
            "not GLUE's SST-2, which has phrases and hides its test labels",
            "none stated in the repository",
        ),
    },
    public=tuple(PublicFile(name, f"sst2/{name}", _SST2 + name, digest, size) for name, size, digest in _FILES),
    make=make,
)
