"""Rules for drawn reviews: they are hard in the ways that they are made for."""

from collections.abc import Mapping

import pandas as pd

from stages.rules.vocabulary import Rule, among, mean_at_least, no_error, total
from stages.texts.remarks import remark_verdict
from stages.texts.reviews import (
    BAD,
    FEWEST_OWN_TITLES,
    GOOD,
    GRAMMAR,
    PAIRED,
    PAIRED_SHARE,
    PHENOMENA,
    REMARK,
    REMARKS_OF_GROUP,
    bag,
    groups_of_remarks,
    pairs_of_each,
)
from stages.texts.sizes import SPLITS


def review_checks(rows: pd.DataFrame, tables: Mapping[str, pd.DataFrame], split: str) -> pd.DataFrame:
    """`rows` (id, text, label, phenomenon) with a column for each rule that needs computing; '' means no error."""
    rows = rows.copy()
    bags = rows["text"].map(bag)
    paired = rows["phenomenon"].isin(PAIRED)
    verdicts = rows.groupby(bags)["label"].agg(["size", "sum"])
    whole = bags.map((verdicts["size"] == 2) & (verdicts["sum"] == 1))
    rows["pair_error"] = (paired & ~whole).map({True: "no review of the same words and opposite verdict", False: ""})
    rows["plain_error"] = [
        "" if phenomenon != "plain" else plain_error(text, label)
        for text, label, phenomenon in zip(rows["text"], rows["label"], rows["phenomenon"], strict=True)
    ]
    rows["remark_error"] = [
        ""
        if phenomenon != REMARK or remark_verdict(text) == label
        else f"the remark's verdict is {remark_verdict(text)}"
        for text, label, phenomenon in zip(rows["text"], rows["label"], rows["phenomenon"], strict=True)
    ]
    rows["end_error"] = [
        "" if phenomenon == REMARK or text.endswith(" .") else "no full stop"
        for text, phenomenon in zip(rows["text"], rows["phenomenon"], strict=True)
    ]
    rows["is_remark"] = (rows["phenomenon"] == REMARK).astype(int)
    rows["is_paired"] = paired.astype(int)
    rows["bag_also_in"] = ""
    for earlier in SPLITS[: SPLITS.index(split)]:
        rows.loc[bags.isin(set(tables[earlier]["text"].map(bag))), "bag_also_in"] = earlier
    own = GRAMMAR.held_out(split)
    others = {name for other in SPLITS if other != split for name in GRAMMAR.held_out(other)}
    rows["has_own_titles"] = rows["text"].map(lambda text: int(bool(_phrases(text, own))))
    rows["foreign_titles"] = rows["text"].map(lambda text: ", ".join(_phrases(text, others)))
    return rows


def _phrases(text: str, phrases: set[str]) -> list[str]:
    """Those that occur in `text` as whole words."""
    return sorted(phrase for phrase in phrases if f" {phrase} " in f" {text} ")


def plain_error(text: str, label: int) -> str:
    """A plain review has words of its own verdict alone."""
    against = _phrases(text, set(BAD if label else GOOD))
    return f"{', '.join(against)} in a review with label {label}" if against else ""


def review_rules(split: str, count: int) -> list[Rule]:
    """The rules for a table that `review_checks` made."""
    paired = 2 * len(PAIRED) * pairs_of_each(count)
    found: list[Rule] = [
        among("phenomenon", list(PHENOMENA), "every phenomenon is a known one"),
        total(
            "is_paired",
            paired,
            f"{paired} reviews come in pairs: {PAIRED_SHARE:.0%} for each phenomenon, where that is even",
        ),
        total(
            "is_remark",
            REMARKS_OF_GROUP * groups_of_remarks(count),
            f"{REMARKS_OF_GROUP * groups_of_remarks(count)} reviews are everyday remarks, which come in groups",
        ),
        no_error("end_error", "the last word of a review that is no remark is `.`"),
        no_error("remark_error", "a remark has the verdict of its word, turned where it is negated"),
        no_error("pair_error", "a paired review has exactly one other of the same words, with the opposite verdict"),
        no_error("plain_error", "a plain review has words of its own verdict alone"),
        no_error("foreign_titles", "titles held out for another split do not occur"),
    ]
    if split != "train":
        found += [
            no_error("bag_also_in", "no bag of words is also in an earlier split"),
            mean_at_least(
                "has_own_titles",
                FEWEST_OWN_TITLES,
                f"at least {FEWEST_OWN_TITLES:.0%} of reviews show titles that train does not have",
            ),
        ]
    return found
