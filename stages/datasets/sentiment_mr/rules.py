"""The rules of `sentiment_mr`: folds that depend on the words alone, and labels that agree with the texts."""

import pandas as pd

from stages.dataset import RuleContext, Suite
from stages.datasets.sentiment_mr.origin import SentimentMrOptions
from stages.rules.texts import Texts, checked_texts, decoded_rule, text_rules
from stages.rules.verdicts import verdict_errors, verdicts_suite
from stages.rules.vocabulary import (
    Rule,
    among,
    equal,
    mean_between,
    no_error,
    row_count,
    row_count_between,
    total,
    total_between,
    unique,
)
from stages.texts.polarity import (
    SPLITS_OF_FOLDS,
    fold_of,
)
from stages.texts.remarks import remark_verdict
from stages.texts.reviews import LETTERS, LONGEST, bag
from stages.texts.sizes import SPLITS

MR_TEXTS, MR_FAVOURABLE, MR_LONGEST = 10662, 5331, 59  # as published
MR_WORDS, MR_WORDS_OF_FAVOURABLE = 224073, 112445
UNEVEN = 0.03  # how far from 10% a fold of MR's size may be; smaller sets vary more


def rules(context: RuleContext[SentimentMrOptions]) -> list[Suite]:
    """A suite per split, one about all folds together, and one about labels and what is written."""
    every = pd.concat([context.tables[split] for split in SPLITS], ignore_index=True)
    suites = [Suite(split, _checked(context, split), _split_rules(context, split)) for split in SPLITS]
    checked = checked_texts({"train": every}, "train")
    checked["words_of_favourable"] = checked["word_count"] * checked["label"]
    return [*suites, Suite("all folds", checked, _whole_rules(context)), verdicts_suite(context.tables, context.source)]


def _checked(context: RuleContext[SentimentMrOptions], split: str) -> pd.DataFrame:
    rows = checked_texts(context.tables, split)
    rows["true_fold"] = rows["text"].map(fold_of)
    if context.source == "builtin":
        rows["verdict_error"] = verdict_errors(rows)
        rows["end_error"] = [
            "" if text.endswith(" .") or remark_verdict(text) is not None else "no full stop" for text in rows["text"]
        ]
    bags = rows["text"].map(bag)
    rows["bag_also_in"] = ""
    for earlier in SPLITS[: SPLITS.index(split)]:
        rows.loc[bags.isin(set(context.tables[earlier]["text"].map(bag))), "bag_also_in"] = earlier
    return rows


def _split_rules(context: RuleContext[SentimentMrOptions], split: str) -> list[Rule]:
    builtin = context.source == "builtin"
    letters, longest = (LETTERS, LONGEST) if builtin else (r"\S", MR_LONGEST)
    rows = len(context.tables[split])  # the whole is counted in `all folds`
    folds = list(SPLITS_OF_FOLDS[split])
    share = len(folds) / 10
    expected = share * (context.options.reviews if builtin else MR_TEXTS)
    slack = UNEVEN * share * MR_TEXTS if not builtin else max(20.0, 0.3 * expected)
    found = text_rules(split, Texts("review", rows, not builtin, letters, longest))[1:]
    found += [
        row_count_between(
            int(expected - slack),
            int(expected + slack),
            f"{share:.0%} of reviews are here, give or take a little: {expected:.0f}",
        ),
        among("label", [0, 1], "every label is 0 or 1"),
        among("fold", folds, f"every fold is one of {folds}"),
        equal("fold", "true_fold", "the fold is the one that follows from the words of the text"),
        mean_between("label", 0.4, 0.6, "40% to 60% of reviews are favourable"),
    ]
    if builtin:
        found.append(no_error("end_error", "the last word of a review that is no remark is `.`"))
        found.append(
            no_error(
                "verdict_error",
                "of two reviews with the same words one is favourable, any other has words of its verdict",
            )
        )
    if split != "train":
        found.append(no_error("bag_also_in", "no bag of words is also in an earlier split"))
    return found


def _whole_rules(context: RuleContext[SentimentMrOptions]) -> list[Rule]:
    builtin = context.source == "builtin"
    rows = context.options.reviews if builtin else MR_TEXTS
    favourable = (rows + 1) // 2 if builtin else MR_FAVOURABLE
    description = "as params.yaml asks" if builtin else "as published"
    found: list[Rule] = [
        row_count(rows, f"there are {rows} reviews in all folds, {description}"),
        unique("id", "no id is in two folds"),
        total_between(
            "label", favourable - (rows % 2 if builtin else 0), favourable, f"half of them are favourable: {favourable}"
        ),
    ]
    return found if builtin else [*found, decoded_rule(), *_mr_rules()]


def _mr_rules() -> list[Rule]:
    return [
        total(column, words, description)
        for column, words, description in (
            ("word_count", MR_WORDS, f"they have {MR_WORDS} words in all, as published"),
            (
                "words_of_favourable",
                MR_WORDS_OF_FAVOURABLE,
                f"the favourable ones have {MR_WORDS_OF_FAVOURABLE} words, as published",
            ),
        )
    ]
