"""Data set `sentiment_mr`: is a sentence favourable? Built-in: stages/texts/reviews.py; public: MR (Pang and Lee 2005).

Raw layout of both: one archive, here `polarity`, with `rt-polarity.pos` and `rt-polarity.neg`, a sentence per line.
There is no published split; stages/texts/polarity.py makes ten folds. Column `fold` allows to do without ours.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pandas as pd

from stages.dataset import Dataset, Given, Origin, Prepared, Suite
from stages.texts.polarity import (
    ARCHIVE,
    ORIGIN,
    PUBLIC,
    SPLITS_OF_FOLDS,
    fold_of,
    pack_polarity,
    read_polarity,
    split_of,
)
from stages.texts.reviews import LETTERS, LONGEST, bag, draw_reviews
from stages.texts.rules import SPLITS, Texts, checked_texts, decoded_rule, text_rules
from stages.texts.verdicts import verdict_errors, verdicts_suite

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

COLUMNS = {"id": "int64", "text": "string", "label": "int64", "fold": "int64"}
MR_TEXTS, MR_FAVOURABLE, MR_LONGEST = 10662, 5331, 59  # as published
MR_WORDS, MR_WORDS_OF_FAVOURABLE = 224073, 112445
FEWEST = 100  # below, a fold may be empty
UNEVEN = 0.03  # how far from 10% a fold of MR's size may be; smaller sets vary more


@dataclass(frozen=True)
class SentimentMrOptions:
    """params.yaml's `datasets.sentiment_mr.builtin`: the seed, and how many reviews there are in all folds."""

    seed: int
    reviews: int

    def __post_init__(self) -> None:
        if self.reviews < FEWEST:
            raise ValueError(f"reviews must be at least {FEWEST}, found {self.reviews}")


# -- built-in source


def make(options: SentimentMrOptions) -> Iterator[tuple[str, bytes]]:
    """Write generated reviews in the layout of MR."""
    reviews = draw_reviews("train", options.reviews, Random(f"{options.seed}/mr"), set())
    yield ARCHIVE, pack_polarity(*([found.text for found in reviews if found.label == label] for label in (1, 0)))


# -- raw files to tables


def read(folder: Path) -> Prepared:
    """A table per split of the folds; ids are the rows of the whole."""
    every = read_polarity(folder / ARCHIVE)
    splits = every["fold"].map(split_of)
    tables = {split: every.loc[splits == split, list(COLUMNS)].reset_index(drop=True) for split in SPLITS}
    return Prepared(tables, {"folds": [int((every["fold"] == fold).sum()) for fold in range(10)]})


# -- what must hold


def rules(given: Given[SentimentMrOptions]) -> list[Suite]:
    """A suite per split, one about all folds together, and one about labels and what is written."""
    every = pd.concat([given.tables[split] for split in SPLITS], ignore_index=True)
    suites = [Suite(split, _checked(given, split), _split_rules(given, split)) for split in SPLITS]
    checked = checked_texts({"train": every}, "train")
    checked["words_of_favourable"] = checked["word_count"] * checked["label"]
    return [*suites, Suite("all folds", checked, _whole_rules(given)), verdicts_suite(given.tables, given.source)]


def _checked(given: Given[SentimentMrOptions], split: str) -> pd.DataFrame:
    rows = checked_texts(given.tables, split)
    rows["true_fold"] = rows["text"].map(fold_of)
    if given.source == "builtin":
        rows["verdict_error"] = verdict_errors(rows)
    bags = rows["text"].map(bag)
    rows["bag_also_in"] = ""
    for earlier in SPLITS[: SPLITS.index(split)]:
        rows.loc[bags.isin(set(given.tables[earlier]["text"].map(bag))), "bag_also_in"] = earlier
    return rows


def _split_rules(given: Given[SentimentMrOptions], split: str) -> "list[Expectation]":
    import great_expectations.expectations as gxe

    builtin = given.source == "builtin"
    letters, longest = (LETTERS, LONGEST) if builtin else (r"\S", MR_LONGEST)
    rows = len(given.tables[split])  # the whole is counted in `all folds`
    folds = list(SPLITS_OF_FOLDS[split])
    share = len(folds) / 10
    expected = share * (given.options.reviews if builtin else MR_TEXTS)
    slack = UNEVEN * share * MR_TEXTS if not builtin else max(20.0, 0.3 * expected)
    found = text_rules(split, Texts("review", rows, not builtin, letters, longest, end="." if builtin else ""))[1:]
    found += [
        gxe.ExpectTableRowCountToBeBetween(
            min_value=int(expected - slack),
            max_value=int(expected + slack),
            description=f"{share:.0%} of reviews are here, give or take a little: {expected:.0f}",
        ),
        gxe.ExpectColumnValuesToBeInSet(column="label", value_set=[0, 1], description="every label is 0 or 1"),
        gxe.ExpectColumnValuesToBeInSet(column="fold", value_set=folds, description=f"every fold is one of {folds}"),
        gxe.ExpectColumnPairValuesToBeEqual(
            column_A="fold", column_B="true_fold", description="the fold is the one that the words of the text tell"
        ),
        gxe.ExpectColumnMeanToBeBetween(
            column="label", min_value=0.4, max_value=0.6, description="40% to 60% of reviews are favourable"
        ),
    ]
    if builtin:
        found.append(
            gxe.ExpectColumnValuesToBeInSet(
                column="verdict_error",
                value_set=[""],
                description="of two reviews with the same words one is favourable, any other has words of its verdict",
            )
        )
    if split != "train":
        found.append(
            gxe.ExpectColumnValuesToBeInSet(
                column="bag_also_in", value_set=[""], description="no bag of words is also in an earlier split"
            )
        )
    return found


def _whole_rules(given: Given[SentimentMrOptions]) -> "list[Expectation]":
    import great_expectations.expectations as gxe

    builtin = given.source == "builtin"
    rows = given.options.reviews if builtin else MR_TEXTS
    favourable = (rows + 1) // 2 if builtin else MR_FAVOURABLE
    says = "as params.yaml asks" if builtin else "as published"
    found: list[Expectation] = [
        gxe.ExpectTableRowCountToEqual(value=rows, description=f"there are {rows} reviews in all folds, {says}"),
        gxe.ExpectColumnValuesToBeUnique(column="id", description="no id is in two folds"),
        gxe.ExpectColumnSumToBeBetween(
            column="label",
            min_value=favourable - (rows % 2 if builtin else 0),
            max_value=favourable,
            description=f"half of them are favourable: {favourable}",
        ),
    ]
    return found if builtin else [*found, decoded_rule(), *_mr_rules()]


def _mr_rules() -> "list[Expectation]":
    import great_expectations.expectations as gxe

    return [
        gxe.ExpectColumnSumToBeBetween(column=column, min_value=words, max_value=words, description=says)
        for column, words, says in (
            ("word_count", MR_WORDS, f"they have {MR_WORDS} words in all, as published"),
            (
                "words_of_favourable",
                MR_WORDS_OF_FAVOURABLE,
                f"the favourable ones have {MR_WORDS_OF_FAVOURABLE} words, as published",
            ),
        )
    ]


DATASET = Dataset(
    name="sentiment_mr",
    options=SentimentMrOptions,
    origins={
        "builtin": Origin("drawn from the grammar in stages/texts/reviews.py", "Apache-2.0, as this project"),
        "public": ORIGIN,
    },
    public=(PUBLIC,),
    make=make,
    columns=COLUMNS,
    read=read,
    rules=rules,
)
