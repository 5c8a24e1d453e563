"""Whether the texts and the labels of reviews belong together: words of praise and blame show it, in any source."""

from collections.abc import Mapping

import pandas as pd

from params import Source
from stages.dataset import Suite
from stages.rules.reviews import plain_error
from stages.rules.vocabulary import Rule, at_least
from stages.texts.remarks import remark_verdict
from stages.texts.reviews import BAD, GOOD, bag

# Of the reviews with more praise than blame, or the reverse, the share whose label agrees. Published reviews come to
# 0.71 to 0.88, drawn ones to 0.94 and more. Labels of other rows come to 0.5, exchanged labels to the complement.
LEAST_AGREEING: dict[Source, float] = {"public": 0.62, "builtin": 0.8}


def verdicts_suite(tables: Mapping[str, pd.DataFrame], source: Source) -> Suite:
    """A row per split. Exchanging the labels in all files alike changes no count; only the texts show it."""
    rows: list[tuple[int, str, int, float]] = []
    for number, (split, table) in enumerate(tables.items()):
        balance = table["text"].map(_balance)
        clear = balance != 0
        agreeing = (balance[clear] > 0) == (table.loc[clear, "label"] == 1)
        rows.append((number, split, len(agreeing), float(agreeing.mean()) if len(agreeing) else 0.0))
    least = LEAST_AGREEING[source]
    found: list[Rule] = [
        at_least(
            "agreeing",
            least,
            f"of the reviews that praise more than they blame, or the reverse, {least:.0%} are labelled so",
        )
    ]
    return Suite("verdicts", pd.DataFrame(rows, columns=["id", "split", "judged", "agreeing"]), found)


def verdict_errors(rows: pd.DataFrame) -> list[str]:
    """Of drawn reviews: of two with the same words one is favourable, any other has words of its verdict alone.

    A remark has the verdict of its word, turned where it is negated.
    """
    bags = rows["text"].map(bag)
    counts = rows.groupby(bags)["label"].agg(["size", "sum"])
    found = dict(zip(counts.index, counts.itertuples(index=False, name=None), strict=True))
    errors = []
    for text, label, words in zip(rows["text"], rows["label"], bags, strict=True):
        reviews, favourable = found[words]
        if reviews == 1:
            verdict = remark_verdict(text)
            wrong = "" if verdict == label else f"the remark's verdict is {verdict}"
            errors.append(plain_error(text, label) if verdict is None else wrong)
        else:
            errors.append("" if (reviews, favourable) == (2, 1) else f"{favourable} of {reviews} are favourable")
    return errors


def _balance(text: str) -> int:
    """Words that praise less words that blame."""
    words = text.split()
    return sum(word in _PRAISE for word in words) - sum(word in _BLAME for word in words)


_PRAISE, _BLAME = frozenset(GOOD), frozenset(BAD)
