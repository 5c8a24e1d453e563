"""Data set `sentiment`: is a film review favourable? Built-in: stages/texts/reviews.py; public: SST-2.

Raw layout of both, as SST-2 is published by clairett: `train.tsv`, `dev.tsv`, `test.tsv`, lines of `text<TAB>label`
without a header, 1 being favourable. The built-in files have a third field, what makes the review hard.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pandas as pd

from stages.dataset import Dataset, Given, Origin, Prepared, PublicFile, Suite
from stages.errors import StageError
from stages.texts.reviews import LETTERS, LONGEST, draw_reviews, review_checks, review_rules
from stages.texts.rules import SPLITS, Sizes, Texts, checked_texts, read_lines, text_rules
from stages.texts.verdicts import verdicts_suite

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

FILES = {"train": "train.tsv", "val": "dev.tsv", "test": "test.tsv"}
COLUMNS = {"id": "int64", "text": "string", "label": "int64", "phenomenon": "string"}
NATURAL = "natural"  # the phenomenon of every public review: nobody says

# SST-2 as published: counts of the files, and what repeats in them.
SST2 = {
    "train": Texts("review", 6920, True, "a-z0-9,'`?!", 51, repeats=9, tokens=128096),
    "val": Texts("review", 872, True, "a-z0-9,'`?!", 47, tokens=16331),
    "test": Texts("review", 1821, True, "a-z0-9,'`?!", 53, leaks=2, tokens=33653),
}
SST2_FAVOURABLE = {"train": 3610, "val": 444, "test": 909}
SST2_WORDS = 13838  # in train
LEAST_FAVOURABLE = 0.48  # share, of a built-in split: pairs are balanced, plain reviews take turns


@dataclass(frozen=True)
class SentimentOptions(Sizes):
    """params.yaml's `datasets.sentiment.builtin`: the seed, and how many reviews each split gets."""


# -- built-in source


def make(options: SentimentOptions) -> Iterator[tuple[str, bytes]]:
    """Write generated reviews in the layout of SST-2, with the phenomenon as a third field."""
    seen: set[str] = set()
    for split, name in FILES.items():
        reviews = draw_reviews(split, options.rows(split), Random(f"{options.seed}/{split}"), seen)
        yield name, "".join(f"{found.text}\t{found.label}\t{found.phenomenon}\n" for found in reviews).encode()


# -- raw files to tables


def read(folder: Path) -> Prepared:
    """Parse the published layout; a card without phenomena is that of a public source."""
    tables = {split: _read_split(folder / name) for split, name in FILES.items()}
    return Prepared(tables, {"phenomena": sorted(set(tables["train"]["phenomenon"]))})


def _read_split(path: Path) -> pd.DataFrame:
    lines = [line.split("\t") for line in read_lines(path, ended=False)]  # SST-2's train does not end
    for number, fields in enumerate(lines, start=1):
        if len(fields) not in (2, 3) or fields[1].strip() not in ("0", "1"):
            raise StageError(f"{path}, line {number}: expected text, a tab and 0 or 1, found {' | '.join(fields)!r}")
    return pd.DataFrame(
        {
            "id": range(len(lines)),
            "text": [" ".join(fields[0].split()) for fields in lines],
            "label": [int(fields[1]) for fields in lines],
            "phenomenon": [fields[2].strip() if len(fields) == 3 else NATURAL for fields in lines],
        }
    )


# -- what must hold


def rules(given: Given[SentimentOptions]) -> list[Suite]:
    """A suite per split, one about the words of train, and one about labels and what is written."""
    splits = [Suite(split, _checked(given, split), _split_rules(given, split)) for split in SPLITS]
    return [*splits, _vocabulary_suite(given), verdicts_suite(given.tables, given.source)]


def _checked(given: Given[SentimentOptions], split: str) -> pd.DataFrame:
    rows = checked_texts(given.tables, split)
    verdicts = rows.groupby("text")["label"].transform("nunique")
    rows["two_verdicts"] = (verdicts > 1).map({True: "favourable and not", False: ""})
    return review_checks(rows, given.tables, split) if given.source == "builtin" else rows


def _split_rules(given: Given[SentimentOptions], split: str) -> "list[Expectation]":
    import great_expectations.expectations as gxe

    builtin = given.source == "builtin"
    drawn = Texts("review", given.options.rows(split), False, LETTERS, LONGEST, end=".")
    texts = drawn if builtin else SST2[split]
    found = text_rules(split, texts)
    found += [
        gxe.ExpectColumnValuesToBeInSet(column="label", value_set=[0, 1], description="every label is 0 or 1"),
        gxe.ExpectColumnValuesToBeInSet(
            column="two_verdicts", value_set=[""], description="no text has both labels in one split"
        ),
    ]
    if builtin:
        found.append(
            gxe.ExpectColumnMeanToBeBetween(
                column="label",
                min_value=LEAST_FAVOURABLE,
                max_value=1 - LEAST_FAVOURABLE,
                description=f"{LEAST_FAVOURABLE:.0%} to {1 - LEAST_FAVOURABLE:.0%} of reviews are favourable",
            )
        )
        return found + review_rules(split, texts.rows)
    favourable = SST2_FAVOURABLE[split]
    return [
        *found,
        gxe.ExpectColumnSumToBeBetween(
            column="label",
            min_value=favourable,
            max_value=favourable,
            description=f"{favourable} reviews are favourable, as published",
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="phenomenon", value_set=[NATURAL], description="no review claims a phenomenon: nobody marked them"
        ),
    ]


def _vocabulary_suite(given: Given[SentimentOptions]) -> Suite:
    import great_expectations.expectations as gxe

    words = sorted(set(chain.from_iterable(given.tables["train"]["text"].str.split())))
    fewest, most = (SST2_WORDS, SST2_WORDS) if given.source == "public" else (150, 400)
    return Suite(
        "words of train",
        pd.DataFrame({"id": range(len(words)), "word": words}),
        [
            gxe.ExpectTableRowCountToBeBetween(
                min_value=fewest, max_value=most, description=f"train has {fewest} to {most} different words"
            ),
            gxe.ExpectColumnValueLengthsToBeBetween(
                column="word", min_value=1, max_value=35, description="a word has 1 to 35 letters"
            ),
        ],
    )


# -- public source

_SST2 = (
    "https://raw.githubusercontent.com/clairett/pytorch-sentiment-classification/"
    "457ffd83de90a9d6d472d8ffc31bbffe40a8b236/data/SST2/"
)
_FILES = (
    ("train.tsv", 720259, "ec192f833a64da08f475488a77b0d0b47db47acd0f458bd18433fc793b569920"),
    ("dev.tsv", 92057, "eddea6b39e601dd4e7a672b53cc40fdf6019fa80522f351206c24340ca5d9359"),
    ("test.tsv", 188749, "831169c7e2e429d6026e1bdbb542f33b636e3e596caad9602ebc953c205928b7"),
)

DATASET = Dataset(
    name="sentiment",
    options=SentimentOptions,
    origins={
        "builtin": Origin("drawn from the grammar in stages/texts/reviews.py", "Apache-2.0, as this project"),
        "public": Origin(
            "SST-2, whole sentences (Socher et al. 2013), as in github.com/clairett/pytorch-sentiment-classification; "
            "not GLUE's SST-2, which has phrases and hides its test labels",
            "none stated in the repository",
        ),
    },
    public=tuple(PublicFile(name, f"sst2/{name}", _SST2 + name, digest, size) for name, size, digest in _FILES),
    make=make,
    columns=COLUMNS,
    read=read,
    rules=rules,
)
