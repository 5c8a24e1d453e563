"""The rules of plain text."""

from typing import Any

from stages.dataset import RuleContext, Suite
from stages.formats.rules.every import far_out, repeat_rules, size_rules, with_repeats
from stages.formats.text import UNKNOWN
from stages.rules.texts import decoded_rule
from stages.rules.vocabulary import mean_between, no_error, warning
from stages.splits import SPLITS

MOST_UNKNOWN = 0.2  # share of the words of val and test that train lacks


def rules(context: RuleContext[Any]) -> list[Suite]:
    """A suite per split."""
    return [_split_suite(context, split) for split in SPLITS]


def _split_suite(context: RuleContext[Any], split: str) -> Suite:
    rows = with_repeats(context.tables, split, ["text"])
    rows["far_out"], limit = far_out(rows["text"])
    rows["unknown"] = [(words := text.split()).count(UNKNOWN) / len(words) for text in rows["text"]]
    share = f"at most {MOST_UNKNOWN:.0%} of the words of {split} are unknown: {UNKNOWN}"
    found = [
        *size_rules(split, "line"),
        warning(decoded_rule()),
        warning(no_error("far_out", limit)),
        warning(mean_between("unknown", None, MOST_UNKNOWN, share)),
        *repeat_rules(split, "line"),
    ]
    return Suite(split, rows, found)
