"""The rules of labelled texts."""

from typing import Any

import pandas as pd

from stages.dataset import RuleContext, Suite
from stages.formats.rules.every import contradictions, far_out, repeat_rules, size_rules, with_repeats
from stages.rules.texts import decoded_rule
from stages.rules.vocabulary import at_least, no_error, row_count_at_least, warning
from stages.splits import SPLITS

FEW_OF_CLASS = 10


def rules(context: RuleContext[Any]) -> list[Suite]:
    """A suite per split, and one about classes."""
    return [*(_split_suite(context, split) for split in SPLITS), _classes_suite(context)]


def _split_suite(context: RuleContext[Any], split: str) -> Suite:
    rows = with_repeats(context.tables, split, ["text", "class"])
    rows["two_classes"] = contradictions(rows, "text", "class")
    known = set(context.tables["train"]["class"])
    rows["unknown_class"] = rows["class"].where(~rows["class"].isin(known), "")
    rows["far_out"], limit = far_out(rows["text"])
    found = [
        *size_rules(split, "text"),
        warning(decoded_rule()),
        warning(no_error("two_classes", "no text has two classes in one split")),
        warning(no_error("far_out", limit)),
        *repeat_rules(split, "text"),
    ]
    if split != "train":
        found.append(warning(no_error("unknown_class", f"every class of {split} is in train, which teaches it")))
    return Suite(split, rows, found)


def _classes_suite(context: RuleContext[Any]) -> Suite:
    train = context.tables["train"]["class"].value_counts()
    table = pd.DataFrame(
        {
            "id": range(len(context.facts["labels"])),
            "class": context.facts["labels"],
            "texts": [int(train.get(name, 0)) for name in context.facts["labels"]],
        }
    )
    return Suite(
        "classes of train",
        table,
        [
            row_count_at_least(2, "there are at least two classes"),
            warning(at_least("texts", FEW_OF_CLASS, f"every class has at least {FEW_OF_CLASS} texts in train")),
        ],
    )
