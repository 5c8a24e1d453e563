"""English and German captions from one grammar of both; public: Multi30k, task 1."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from stages.datasets.translation_de.origin.grammar import COMBINATIONS, draw
from stages.origin import Origin, Provenance, PublicFile
from stages.texts.pairs import PairSizes, draw_pairs


@dataclass(frozen=True)
class TranslationDeOptions(PairSizes):
    """params.yaml's `datasets.translation_de.builtin`: the seed, and how many pairs each split gets."""


def words(text: str) -> list[str]:
    """The words of a sentence without marks and case."""
    return re.findall(r"\w+", text.lower())


LANGUAGES = {"source": "en", "target": "de"}


def make(options: TranslationDeOptions) -> Iterator[tuple[str, bytes]]:
    """Distinct captions of the grammar, with combinations of words in val and test that train does not have."""
    for split, pairs in draw_pairs(options, draw, COMBINATIONS.kept_for, words):
        for side, language in enumerate(LANGUAGES.values()):
            yield f"{split}.{language}", "".join(f"{pair[side]}\n" for pair in pairs).encode()


_MULTI30K = (
    "https://raw.githubusercontent.com/multi30k/dataset/a3d2e0d26b56f3846f66a952536ffed4e401d05a/data/task1/raw/"
)
_FILES = (
    ("train.en.gz", 568929, "d79cfa999dd4c51d2cb42499b6796d5a882c3a8a961923c25a898c90f8bbd56f"),
    ("train.de.gz", 637044, "726e39b2fa9eb9ffb6dc763fb35a179f80fae06ffc5d28b6ace5faa883de28a6"),
    ("val.en.gz", 21650, "14f7d25ddd868909a9213e361768460edcacdd6ab9d1e77b92560dc10c10dc28"),
    ("val.de.gz", 24681, "f0cba2f995189cf5770f29a8a9a537a3ad3f51657ad873405082ff6863a5e75a"),
    ("test_2016_flickr.en.gz", 21077, "611d361c6334bc7246101d48097c13cf5c4413c5befc793cc629934359d532d9"),
    ("test_2016_flickr.de.gz", 22890, "9204244e408ccb38d2a55cfcd344df15005fc42a07a6e55ca6c52b6ababb8cc8"),
)
ORIGIN = Origin(
    name="translation_de",
    options=TranslationDeOptions,
    sources={
        "builtin": Provenance(
            "drawn from the grammar in stages/datasets/translation_de/origin/grammar.py", "Apache-2.0, as this project"
        ),
        "public": Provenance(
            "Multi30k, task 1 (Elliott et al. 2016), English and German, from github.com/multi30k/dataset",
            "no licence file; the README provides it for researchers and educators, for non-commercial research and "
            "educational purposes, the pictures being under Flickr's terms",
        ),
    },
    public=tuple(PublicFile(name, f"multi30k/{name}", _MULTI30K + name, digest, size) for name, size, digest in _FILES),
    make=make,
)
