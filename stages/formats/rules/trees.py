"""The rules of phrase structure trees."""

from typing import Any

from stages.dataset import RuleContext, Suite
from stages.formats.rules.every import contradictions, far_out, repeat_rules, size_rules, with_repeats
from stages.rules.texts import decoded_rule
from stages.rules.vocabulary import no_error, warning
from stages.splits import SPLITS


def rules(context: RuleContext[Any]) -> list[Suite]:
    """A suite per split."""
    known = {symbol for linear in context.tables["train"]["linear"] for symbol in linear.split()}
    return [_split_suite(context, split, known) for split in SPLITS]


def _split_suite(context: RuleContext[Any], split: str, known: set[str]) -> Suite:
    rows = with_repeats(context.tables, split, ["text", "linear"])
    rows["several"] = contradictions(rows, "text", "linear")
    rows["far_out"], limit = far_out(rows["text"])
    pairs = zip(rows["text"], rows["linear"], strict=True)
    rows["count_error"] = [_count_error(text, linear) for text, linear in pairs]
    rows["unknown"] = rows["linear"].map(lambda linear: " ".join(sorted(set(linear.split()) - known)))
    found = [
        *size_rules(split, "tree"),
        no_error("count_error", "a tree has a tag for each word"),
        warning(decoded_rule()),
        warning(no_error("several", "no sentence has two trees in one split")),
        warning(no_error("far_out", limit)),
        *repeat_rules(split, "tree"),
    ]
    if split != "train":
        found.append(warning(no_error("unknown", f"every label and tag of {split} is in train, which teaches it")))
    return Suite(split, rows, found)


def _count_error(text: str, linear: str) -> str:
    words, tags = len(text.split()), sum(symbol[0] not in "()" or len(symbol) == 1 for symbol in linear.split())
    return "" if words == tags else f"{words} words, {tags} tags"
