"""The rules of `translation`: whole pairs in their languages, one script, and splits that share no sentence."""

from collections.abc import Mapping

import pandas as pd

from stages.dataset import RuleContext, Suite
from stages.datasets.translation.origin import TranslationOptions
from stages.datasets.translation.origin.grammar import COMBINATIONS
from stages.rules.pairs import Lengths, checked_pairs, drawn_rules, lengths_suite, pair_rules, units_suite
from stages.rules.vocabulary import Rule, at_least, between, matches, no_error, unique

ROWS = {"train": 21163, "val": 1145, "test": 1136}  # of the 23,444 published pairs, by the hash
TRADITIONAL = "機這個們來為說時會學習對過還沒麼嗎愛東車書長門問間開關聽語認識實寫覺親遠還邊從後當國無電見車馬鳥魚"
LONGEST = {"public": (32, 44), "builtin": (32, 64)}  # English words, Chinese characters
ENDS = r"[.?!\"']$"
OPEN = {"train": 1}  # published sources that end with no mark
TARGET_ENDS = "[\u3002\uff1f]$"
TERM = 3  # words of a drawn term that is a text of its own, at most
QUESTION = "[\uff1f?]"  # the mark in Chinese and in Latin width
LEAST_ASKED = 0.7  # share; 0.98 of the published ones, 0.85 of the drawn ones, of other rows 0.1 and 0.4
LENGTHS = Lengths("character", source_longer=0.01, target_longer=0.5, correlation=0.35)


def rules(context: RuleContext[TranslationOptions]) -> list[Suite]:
    """A suite per split, one about lengths, one about questions and one about the characters."""
    suites = [Suite(split, _checked(context.tables, split), _split_rules(context, split)) for split in context.tables]
    fewest, mostly = (100, 1.0) if context.source == "builtin" else (2500, 0.9)
    return [
        *suites,
        lengths_suite(context.tables, len, LENGTHS),
        _questions_suite(context.tables),
        units_suite(context.tables, set, "character", fewest, mostly),
    ]


def _questions_suite(tables: Mapping[str, pd.DataFrame]) -> Suite:
    """A row per split. Tatoeba is sorted by length, so that a column one row off keeps the relation of lengths."""
    rows = []
    for number, (split, table) in enumerate(tables.items()):
        asked = table["target"][table["source"].str.endswith("?")].str.contains(QUESTION)
        rows.append((number, split, len(asked), float(asked.mean()) if len(asked) else 0.0))
    description = f"{LEAST_ASKED:.0%} of the sources that are questions have a target that is one"
    return Suite(
        "questions",
        pd.DataFrame(rows, columns=["id", "split", "questions", "asked"]),
        [at_least("asked", LEAST_ASKED, description)],
    )


def _checked(tables: Mapping[str, pd.DataFrame], split: str) -> pd.DataFrame:
    rows = checked_pairs(tables, split, "target_as_written")
    rows["characters"] = rows["target"].str.len()
    rows["traditional"] = rows["target"].map(lambda text: "".join(sorted(set(text) & set(TRADITIONAL))))
    rows["length_change"] = (rows["target"].str.len() - rows["target_as_written"].str.len()).abs()
    marks = rows["source"].str.contains(ENDS), rows["target"].str.contains(TARGET_ENDS)
    term = rows["source_words"] <= TERM
    rows["open"] = rows["source"].mask((marks[0] & marks[1]) | (~marks[0] & ~marks[1] & term), "")
    rows["kept_for"] = rows["source"].map(COMBINATIONS.kept_for)
    return rows


def _split_rules(context: RuleContext[TranslationOptions], split: str) -> list[Rule]:
    builtin = context.source == "builtin"
    words, characters = LONGEST[context.source]
    count = context.options.rows(split) if builtin else ROWS[split]
    found = pair_rules(split, count, published=not builtin, longest=words)
    found += [
        unique("pair", "no pair is repeated"),
        matches(
            "source",
            r"^[^\u3400-\u9fff]*[A-Za-z][^\u3400-\u9fff]*$",
            "the source has Latin letters and no Chinese character",
        ),
        _closed(count, None if builtin else OPEN.get(split, 0)),
        matches("target", r"[\u3400-\u9fff]", "the target has a Chinese character"),
        between("characters", 1, characters, f"a target has 1 to {characters} characters"),
        no_error("traditional", "the target has no traditional character"),
        between("length_change", 0, 0, "the target is as long as it was written"),
    ]
    return [*found, *drawn_rules(split)] if builtin else found


def _closed(count: int, known: int | None) -> Rule:
    """Sentences end with a mark; `known` published ones do not, and of drawn pairs (None) those that are terms."""
    if known is None:
        return no_error(
            "open", f"both sides end with a mark, or neither does and the source is a term of 1 to {TERM} words"
        )
    return matches(
        "source",
        ENDS,
        "a source ends with a mark" + (f", but for {known} known" if known else ""),
        mostly=(count - known) / count,
    )
