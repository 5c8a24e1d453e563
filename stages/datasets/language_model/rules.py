"""The rules of `language_model`: a closed vocabulary, and no sentence of another split."""

import pandas as pd

from stages.dataset import RuleContext, Suite
from stages.datasets.language_model.origin import UNKNOWN, LanguageModelOptions
from stages.datasets.language_model.reader import _vocabulary
from stages.rules.texts import Texts, checked_texts, text_rules
from stages.rules.vocabulary import Rule, length_between, mean_above, no_error, row_count_between
from stages.texts.abstracts import terms, terms_in
from stages.texts.sizes import SPLITS

MOST_UNKNOWN = 0.1  # share of words
# As published (sentences, words, vocabulary), and counts of ours: what repeats (of test, 64 in train, 2 in val alone).
_LETTERS = r"a-z0-9N<>#$&'*./\\-"
PTB = {
    "train": Texts("sentence", 42068, True, _LETTERS, 82, repeats=980, tokens=887521),
    "val": Texts("sentence", 3370, True, _LETTERS, 74, repeats=16, leaks=85, tokens=70390),
    "test": Texts("sentence", 3761, True, _LETTERS, 77, repeats=10, leaks=66, tokens=78669),
}
PTB_WORDS = 9999  # in train; 10,000 with the end of a sentence


def rules(context: RuleContext[LanguageModelOptions]) -> list[Suite]:
    """A suite per split, and one about the words of train."""
    known = _vocabulary(context.tables["train"])
    suites = [Suite(split, _checked(context, split, known), _split_rules(context, split)) for split in SPLITS]
    return [*suites, _vocabulary_suite(context, known)]


def _checked(context: RuleContext[LanguageModelOptions], split: str, known: set[str]) -> pd.DataFrame:
    rows = checked_texts(context.tables, split)
    words = rows["text"].str.split()
    rows["new_words"] = words.map(lambda found: " ".join(sorted(set(found) - known)))
    if context.source == "builtin":
        rows["foreign_terms"] = _foreign_terms(rows["text"], split)
    rows["unknown_share"] = words.map(lambda found: found.count(UNKNOWN)) / rows["word_count"].mean()
    return rows


def _foreign_terms(texts: pd.Series, split: str) -> pd.Series:
    """The terms of abstracts that may occur in another split alone; their words are known from train."""
    foreign = [term for other in SPLITS if other != split for term in terms(other)]

    def found(text: str) -> str:
        named = terms_in(text)
        return ",".join(f" {term} " for term in foreign if term in named)

    return texts.map(found)


def _split_rules(context: RuleContext[LanguageModelOptions], split: str) -> list[Rule]:
    builtin = context.source == "builtin"
    drawn = Texts("sentence", context.options.rows(split), False, "a-z0-9',.:;<>", 45, end=".")
    found = text_rules(split, drawn if builtin else PTB[split])
    if builtin:
        found.append(no_error("foreign_terms", "terms held out for another split do not occur"))
    found.append(
        mean_above("unknown_share", 0, MOST_UNKNOWN, f"{UNKNOWN} occurs, as at most {MOST_UNKNOWN:.0%} of words")
    )
    if split != "train":
        found.append(no_error("new_words", "every word is in train, too: the vocabulary is closed"))
    return found


def _vocabulary_suite(context: RuleContext[LanguageModelOptions], known: set[str]) -> Suite:
    words = sorted(known)
    fewest, most = (PTB_WORDS, PTB_WORDS) if context.source == "public" else (200, 600)
    return Suite(
        "words of train",
        pd.DataFrame({"id": range(len(words)), "word": words}),
        [
            row_count_between(fewest, most, f"train has {fewest} to {most} different words"),
            length_between("word", 1, 25, "a word has 1 to 25 letters"),
        ],
    )
