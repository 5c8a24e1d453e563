"""The rules of pictures with a class each."""

from typing import Any

import numpy as np
import pandas as pd

from inputs.pictures import is_blank
from stages.dataset import RuleContext, Suite
from stages.formats.pictures import TASK
from stages.formats.rules.every import size_rules
from stages.rules.vocabulary import at_least, no_error, row_count_at_least, warning
from stages.splits import SPLITS

FEW_OF_CLASS = 10


def rules(context: RuleContext[Any]) -> list[Suite]:
    """A suite per split, and one about classes."""
    return [*(_split_suite(context, split) for split in SPLITS), _classes_suite(context)]


def _split_suite(context: RuleContext[Any], split: str) -> Suite:
    tables = {name: context.tables[f"{TASK}-{name}"] for name in SPLITS}
    rows = tables[split].copy()
    is_read = rows["unreadable"] == ""
    rows["repeated"] = np.where(rows["digest"].duplicated(), "repeated", "")
    several = rows.groupby("digest")["class"].transform("nunique") > 1
    rows["two_classes"] = np.where(several, "two classes", "")
    pixels = context.arrays[f"{TASK}-{split}"]["pixels"][rows["id"]]
    rows["blank"] = np.where(is_read & np.array([is_blank(one) for one in pixels], bool), "blank", "")
    side = int(context.facts["size"])
    rows["tiny"] = np.where(is_read & (rows[["width", "height"]].min(axis=1) < side), f"under {side} pixels", "")
    rows["also_in"] = ""
    if split == "train":
        for other in ("val", "test"):
            rows.loc[rows["digest"].isin(set(tables[other]["digest"])), "also_in"] += f"{other} "
    known = set(tables["train"]["class"])
    rows["unknown_class"] = rows["class"].where(~rows["class"].isin(known), "")
    found = [
        *size_rules(split, "picture"),
        no_error("unreadable", "every picture can be read"),
        warning(no_error("odd", "no picture is odd (its range, colours, pages, transparency)")),
        warning(no_error("blank", "no picture is blank: prediction gives none of them a class")),
        warning(no_error("tiny", f"no picture is smaller than the {side} pixels it is scaled to")),
        warning(no_error("two_classes", "no picture has two classes in one split")),
        warning(no_error("repeated", "no picture is repeated")),
        warning(no_error("also_in", "no picture of train is also in val or test")),
        warning(no_error("unknown_class", f"every class of {split} is in train, which teaches it")),
    ]
    return Suite(f"{TASK}-{split}", rows, found)


def _classes_suite(context: RuleContext[Any]) -> Suite:
    names = context.facts["classes"][TASK]
    train = context.tables[f"{TASK}-train"]["class"].value_counts()
    counts = [int(train.get(name, 0)) for name in names]
    table = pd.DataFrame({"id": range(len(names)), "class": names, "pictures": counts})
    return Suite(
        "classes of train",
        table,
        [
            row_count_at_least(2, "there are at least two classes"),
            at_least("pictures", 1, "every class has a picture in train"),
            warning(at_least("pictures", FEW_OF_CLASS, f"every class has at least {FEW_OF_CLASS} pictures in train")),
        ],
    )
