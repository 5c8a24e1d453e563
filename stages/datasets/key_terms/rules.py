"""The rules of `key_terms`: key terms are tagged where they are written out, and use alone shows them."""

import pandas as pd

from stages.dataset import RuleContext, Suite
from stages.datasets.key_terms.origin import KeyTermsOptions
from stages.datasets.key_terms.reader import in_words, written_out
from stages.rules.texts import Texts, checked_texts, text_rules
from stages.rules.vocabulary import (
    Rule,
    between,
    equal,
    mean_at_least,
    mean_between,
    no_error,
    row_count_at_least,
    total,
)
from stages.texts.abstracts import LETTERS, LONGEST, tag_terms, terms, terms_in
from stages.texts.sizes import SPLITS

# Inspec as published; `INSPEC_TAGGED` is a count of ours: phrases found as whole words, which can be tagged.
INSPEC = {
    "train": Texts("abstract", 1000, True, "!-~", 558),
    "val": Texts("abstract", 500, True, "!-~", 337),
    "test": Texts("abstract", 500, True, "!-~", 384),
}
INSPEC_PHRASES = {"train": 9788, "val": 4575, "test": 4913}
INSPEC_TAGGED = {"train": 7466, "val": 3473, "test": 3787}
FEWEST_OWN_TERMS = 0.6  # share of val and of test abstracts with held-out terms; the grammar comes to 0.9
FEWEST_BOTH_ROLES = 0.8  # share of frequent terms that are key here and in passing there
FREQUENT = 6  # abstracts


def rules(context: RuleContext[KeyTermsOptions]) -> list[Suite]:
    """A suite per split; of the built-in source also one about the terms of train."""
    suites = [Suite(split, _checked(context, split), _split_rules(context, split)) for split in SPLITS]
    return [*suites, _terms_suite(context.tables["train"])] if context.source == "builtin" else suites


def _checked(context: RuleContext[KeyTermsOptions], split: str) -> pd.DataFrame:
    rows = checked_texts(context.tables, split)
    words, tags, listed = rows["text"].str.split(), rows["tags"].str.split(), rows["key_terms"].str.split(";")
    rows["tag_count"] = tags.map(len)
    rows["tag_error"] = tags.map(tag_error)
    rows["mismatch"] = [
        "" if tag_terms(row, [in_words(term) for term in found]) == tag else "other words are tagged"
        for row, tag, found in zip(words, tags, listed, strict=True)
    ]
    rows["term_count"] = listed.map(len)
    rows["term_error"] = listed.map(
        lambda found: (
            "an empty or unfolded term" if any(term != " ".join(term.split()) or not term for term in found) else ""
        )
    )
    rows["written_out"] = [written_out(text, found) for text, found in zip(rows["text"], listed, strict=True)]
    if context.source == "builtin":
        rows = _builtin_checked(rows, split)
    return rows


def tag_error(tags: list[str]) -> str:
    """The first tag that is none of B, I and O, or an I at the start or after O."""
    for before, tag in zip(["O", *tags], tags, strict=False):
        if tag not in ("B", "I", "O"):
            return f"{tag} is no tag"
        if tag == "I" and before == "O":
            return "I after O"
    return ""


def _builtin_checked(rows: pd.DataFrame, split: str) -> pd.DataFrame:
    own = set(terms(split))
    others = {term for other in SPLITS if other != split for term in terms(other)}
    named = [terms_in(text) for text in rows["text"]]
    rows["has_own_terms"] = [int(not own.isdisjoint(found)) for found in named]
    rows["foreign_terms"] = [", ".join(sorted(others & found)) for found in named]
    keys = rows["key_terms"].str.split(";")
    rows["in_passing"] = [len(found - others - {*key}) for found, key in zip(named, keys, strict=True)]
    rows["position"] = [_position(tags.split()) for tags in rows["tags"]]
    return rows


def _position(tags: list[str]) -> float:
    """The average position of a text's key terms: 0 is its start, 1 its end."""
    starts = [place / len(tags) for place, tag in enumerate(tags) if tag == "B"]
    return sum(starts) / len(starts) if starts else 0.0


def _split_rules(context: RuleContext[KeyTermsOptions], split: str) -> list[Rule]:
    builtin = context.source == "builtin"
    drawn = Texts("abstract", context.options.rows(split), False, LETTERS, LONGEST, end=".")
    texts = drawn if builtin else INSPEC[split]
    found = [
        *text_rules(split, texts),
        equal("word_count", "tag_count", "every word has one tag"),
        no_error("tag_error", "a tag is B, I or O, and I follows B or I"),
        no_error("mismatch", "tagged is every place where a key term is written out"),
        no_error("term_error", "no key term is empty or has folded lines"),
    ]
    return found + (_builtin_rules(split) if builtin else _inspec_rules(split))


def _inspec_rules(split: str) -> list[Rule]:
    phrases, tagged = INSPEC_PHRASES[split], INSPEC_TAGGED[split]
    return [
        total("term_count", phrases, f"there are {phrases} key terms, as published"),
        total("written_out", tagged, f"{tagged} key terms ({tagged / phrases:.0%}) are written out in their abstract"),
    ]


def _builtin_rules(split: str) -> list[Rule]:
    found: list[Rule] = [
        equal("term_count", "written_out", "every key term is written out"),
        between("term_count", 2, 3, "an abstract has two or three key terms"),
        between("in_passing", 2, 3, "two or three other terms are named in passing"),
        mean_between(
            "position", 0.4, 0.6, "key terms are in the middle of their abstract on average: position is no cue"
        ),
        no_error("foreign_terms", "terms held out for another split do not occur"),
    ]
    if split != "train":
        found.append(
            mean_at_least(
                "has_own_terms",
                FEWEST_OWN_TERMS,
                f"at least {FEWEST_OWN_TERMS:.0%} of abstracts show terms that train does not have",
            )
        )
    return found


def _terms_suite(train: pd.DataFrame) -> Suite:
    """A row per frequent term of train, with the share of its abstracts where it is key."""
    roles_of: dict[str, list[bool]] = {term: [] for term in terms(None)}
    for text, keys in zip(train["text"], train["key_terms"].str.split(";"), strict=True):
        for term in terms_in(text) & roles_of.keys():
            roles_of[term].append(term in keys)
    rows: list[tuple[int, str, float]] = []
    for term, roles in roles_of.items():
        if len(roles) >= FREQUENT:
            rows.append((len(rows), term, sum(roles) / len(roles)))
    table = pd.DataFrame(rows, columns=["id", "term", "key_share"])
    table["both_roles"] = table["key_share"].between(0, 1, inclusive="neither").astype(int)
    return Suite(
        "terms of train",
        table,
        [
            row_count_at_least(40, f"at least 40 terms are in {FREQUENT} abstracts or more"),
            mean_at_least(
                "both_roles",
                FEWEST_BOTH_ROLES,
                f"at least {FEWEST_BOTH_ROLES:.0%} are key in one abstract, in passing in another",
            ),
            mean_between("key_share", 0.4, 0.6, "they are key about every other time: the term itself is no cue"),
        ],
    )
