"""The rules of documents with key phrases."""

from typing import Any

import pandas as pd

from stages.dataset import RuleContext, Suite
from stages.formats.rules.every import contradictions, far_out, repeat_rules, size_rules, with_repeats
from stages.rules.texts import decoded_rule
from stages.rules.vocabulary import at_least, matches, no_error, warning
from stages.splits import SPLITS

LEAST_FOUND = 0.4  # share of the phrases that are in their text: no others can be tagged


def rules(context: RuleContext[Any]) -> list[Suite]:
    """A suite per split, and one on the phrases of all."""
    share = pd.DataFrame({"id": [0], "found": [context.facts["found_share"]]})
    found = at_least("found", LEAST_FOUND, f"{LEAST_FOUND:.0%} of the phrases are in their text, word for word")
    some = at_least("found", 0.01, "phrases are in their texts, word for word: only those can be tagged")
    return [*(_split_suite(context, split) for split in SPLITS), Suite("phrases", share, [some, warning(found)])]


def _split_suite(context: RuleContext[Any], split: str) -> Suite:
    rows = with_repeats(context.tables, split, ["text"])
    rows["several"] = contradictions(rows, "text", "key_terms")
    rows["far_out"], limit = far_out(rows["text"])
    counts = zip(rows["text"].str.count(" "), rows["tags"].str.count(" "), strict=True)
    rows["count_error"] = ["" if words == tags else f"{words + 1} words, {tags + 1} tags" for words, tags in counts]
    return Suite(
        split,
        rows,
        [
            *size_rules(split, "document"),
            no_error("count_error", "there is a tag for each word"),
            matches("tags", "^[BIO](?: [BIO])*$", "tags are B, I and O"),
            warning(matches("tags", "B", "every text has one of its phrases")),
            warning(decoded_rule()),
            warning(no_error("several", "no document has two lists of phrases")),
            warning(no_error("far_out", limit)),
            *repeat_rules(split, "document"),
        ],
    )
