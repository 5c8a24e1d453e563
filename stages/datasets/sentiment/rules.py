"""The rules of `sentiment`: balanced labels that agree with the texts, and no review of another split."""

from itertools import chain

import pandas as pd

from stages.dataset import RuleContext, Suite
from stages.datasets.sentiment.origin import SentimentOptions
from stages.datasets.sentiment.reader import NATURAL
from stages.rules.reviews import review_checks, review_rules
from stages.rules.texts import Texts, checked_texts, text_rules
from stages.rules.verdicts import verdicts_suite
from stages.rules.vocabulary import Rule, among, length_between, mean_between, no_error, row_count_between, total
from stages.texts.reviews import LETTERS, LONGEST
from stages.texts.sizes import SPLITS

# SST-2 as published: counts of the files, and what repeats in them.
SST2 = {
    "train": Texts("review", 6920, True, "a-z0-9,'`?!", 51, repeats=9, tokens=128096),
    "val": Texts("review", 872, True, "a-z0-9,'`?!", 47, tokens=16331),
    "test": Texts("review", 1821, True, "a-z0-9,'`?!", 53, leaks=2, tokens=33653),
}
SST2_FAVOURABLE = {"train": 3610, "val": 444, "test": 909}
SST2_WORDS = 13838  # in train
LEAST_FAVOURABLE = 0.48  # share, of a built-in split: pairs are balanced, plain reviews take turns


def rules(context: RuleContext[SentimentOptions]) -> list[Suite]:
    """A suite per split, one about the words of train, and one about labels and what is written."""
    splits = [Suite(split, _checked(context, split), _split_rules(context, split)) for split in SPLITS]
    return [*splits, _vocabulary_suite(context), verdicts_suite(context.tables, context.source)]


def _checked(context: RuleContext[SentimentOptions], split: str) -> pd.DataFrame:
    rows = checked_texts(context.tables, split)
    verdicts = rows.groupby("text")["label"].transform("nunique")
    rows["two_verdicts"] = (verdicts > 1).map({True: "favourable and not", False: ""})
    return review_checks(rows, context.tables, split) if context.source == "builtin" else rows


def _split_rules(context: RuleContext[SentimentOptions], split: str) -> list[Rule]:
    builtin = context.source == "builtin"
    drawn = Texts("review", context.options.rows(split), False, LETTERS, LONGEST)
    texts = drawn if builtin else SST2[split]
    found = text_rules(split, texts)
    found += [
        among("label", [0, 1], "every label is 0 or 1"),
        no_error("two_verdicts", "no text has both labels in one split"),
    ]
    if builtin:
        found.append(
            mean_between(
                "label",
                LEAST_FAVOURABLE,
                1 - LEAST_FAVOURABLE,
                f"{LEAST_FAVOURABLE:.0%} to {1 - LEAST_FAVOURABLE:.0%} of reviews are favourable",
            )
        )
        return found + review_rules(split, texts.rows)
    favourable = SST2_FAVOURABLE[split]
    return [
        *found,
        total("label", favourable, f"{favourable} reviews are favourable, as published"),
        among("phenomenon", [NATURAL], "no review claims a phenomenon: nobody marked them"),
    ]


def _vocabulary_suite(context: RuleContext[SentimentOptions]) -> Suite:
    words = sorted(set(chain.from_iterable(context.tables["train"]["text"].str.split())))
    fewest, most = (SST2_WORDS, SST2_WORDS) if context.source == "public" else (150, 400)
    return Suite(
        "words of train",
        pd.DataFrame({"id": range(len(words)), "word": words}),
        [
            row_count_between(fewest, most, f"train has {fewest} to {most} different words"),
            length_between("word", 1, 35, "a word has 1 to 35 letters"),
        ],
    )
