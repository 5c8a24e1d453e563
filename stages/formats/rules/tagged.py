"""The rules of tagged words."""

from collections import Counter
from itertools import chain
from typing import Any

import pandas as pd

from stages.dataset import RuleContext, Suite
from stages.formats.rules.every import contradictions, far_out, repeat_rules, size_rules, with_repeats
from stages.rules.texts import decoded_rule
from stages.rules.vocabulary import at_least, no_error, row_count_at_least, warning
from stages.splits import SPLITS

FEW_OF_SLOT = 10


def rules(context: RuleContext[Any]) -> list[Suite]:
    """A suite per split, and one about slots."""
    return [*(_split_suite(context, split) for split in SPLITS), _slots_suite(context)]


def _split_suite(context: RuleContext[Any], split: str) -> Suite:
    rows = with_repeats(context.tables, split, ["text", "tags"])
    known = set(chain.from_iterable(context.tables["train"]["tags"].str.split()))
    counts = zip(rows["text"].str.split(), rows["tags"].str.split(), strict=True)
    rows["count_error"] = [f"{len(w)} words, {len(t)} tags" if len(w) != len(t) else "" for w, t in counts]
    rows["iob_error"] = rows["tags"].map(_iob_error)
    rows["unknown"] = rows["tags"].map(lambda tags: " ".join(sorted(set(tags.split()) - known)))
    rows["two_readings"] = contradictions(rows, "text", "tags")
    rows["far_out"], limit = far_out(rows["text"])
    found = [
        *size_rules(split, "sentence"),
        no_error("count_error", "there is a tag for each word"),
        no_error("iob_error", "tags are well-formed IOB2"),
        warning(decoded_rule()),
        warning(no_error("two_readings", "no sentence is tagged in two ways in one split")),
        warning(no_error("far_out", limit)),
        *repeat_rules(split, "sentence"),
    ]
    if split != "train":
        found.append(warning(no_error("unknown", f"every tag of {split} is in train, which teaches it")))
    return Suite(split, rows, found)


def _iob_error(tags: str) -> str:
    previous = "O"
    for tag in tags.split():
        if tag != "O" and tag[:2] not in ("B-", "I-"):
            return f"{tag} is neither O nor B- nor I-"
        if tag.startswith("I-") and previous[2:] != tag[2:]:
            return f"{tag} after {previous}"
        previous = tag
    return ""


def _slots_suite(context: RuleContext[Any]) -> Suite:
    tags = chain.from_iterable(context.tables["train"]["tags"].str.split())
    counts = Counter(tag[2:] for tag in tags if tag.startswith("B-"))
    slots = context.facts["slots"]
    table = pd.DataFrame({"id": range(len(slots)), "slot": slots, "slots": [counts[name] for name in slots]})
    return Suite(
        "slots of train",
        table,
        [
            row_count_at_least(1, "there is at least one kind of slot"),
            warning(at_least("slots", FEW_OF_SLOT, f"every kind of slot is in train at least {FEW_OF_SLOT} times")),
        ],
    )
