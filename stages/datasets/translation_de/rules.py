"""The rules of `translation_de`: whole pairs in their languages, and splits that share no sentence."""

# ruff: noqa: RUF001 - German has quotation marks of its own

from collections.abc import Mapping

import pandas as pd

from stages.dataset import RuleContext, Suite
from stages.datasets.translation_de.origin import TranslationDeOptions, words
from stages.datasets.translation_de.origin.grammar import COMBINATIONS, lacking
from stages.rules.pairs import Lengths, checked_pairs, drawn_rules, lengths_suite, pair_rules, units_suite
from stages.rules.vocabulary import Rule, between, matches, never_matches, no_error, total
from stages.texts.sizes import SPLITS

ROWS = {"train": 29000, "val": 1014, "test": 1000}  # of Multi30k as published
WORDS = {"train": (345020, 322383), "val": (12167, 11568), "test": (11877, 10905)}  # between blanks: English, German
LONGEST = {"public": (37, 39), "builtin": (40, 40)}
LENGTHS = Lengths("word", source_longer=0.4, target_longer=0.05, correlation=0.7)
FEWEST_WORDS = {"public": (18000, 0.95), "builtin": (100, 1.0)}  # different German words, and how many train has
MARKED = "ÄÖÜßàäèéñöü–‘’“”„"  # the other characters of German here, besides ASCII
# Known oddities of Multi30k, which would be errors in any other line: column of `_checked` -> split -> lines.
KNOWN: Mapping[str, Mapping[str, tuple[int, ...]]] = {
    "repeated_source": {"train": (7665, 10161, 14215, 14431, 16867, 19435, 20149, 25831, 28387)},
    "repeated_target": {
        "train": (
            *(3075, 3647, 5761, 6361, 7975, 9937, 10316, 11302, 11449, 12838, 13459, 13584, 13659, 14215, 14697),
            *(14917, 15503, 16664, 16867, 20149, 22343, 27659, 28205, 28447, 28611),
        )
    },
    "also_in": {"val": (687,)},
    "target_also_in": {"val": (165,)},
    "untranslated": {"train": (16510, 16664)},  # the German side is @@
}


def rules(context: RuleContext[TranslationDeOptions]) -> list[Suite]:
    """A suite per split, one about lengths and one about the German words."""
    suites = [Suite(split, _checked(context, split), _split_rules(context, split)) for split in SPLITS]
    fewest, mostly = FEWEST_WORDS[context.source]
    return [
        *suites,
        lengths_suite(context.tables, lambda text: len(text.split()), LENGTHS),
        units_suite(context.tables, words, "word", fewest, mostly),
    ]


def _checked(context: RuleContext[TranslationDeOptions], split: str) -> pd.DataFrame:
    """The split's table with a column for each rule that needs computing; '' means no error."""
    rows = checked_pairs(context.tables, split)
    rows["target_words"] = rows["target"].str.split().map(len)
    for side in ("source", "target"):
        rows[f"repeated_{side}"] = rows[side].duplicated().map({True: "repeated", False: ""})
    rows["target_also_in"] = ""
    for earlier in SPLITS[: SPLITS.index(split)]:
        rows.loc[rows["target"].isin(context.tables[earlier]["target"]), "target_also_in"] = earlier
    rows["untranslated"] = rows["target"].map(lambda text: "" if any(map(str.isalpha, text)) else "no letter")
    if context.source == "builtin":
        rows["kept_for"] = rows["source"].map(COMBINATIONS.kept_for)
        rows["lacking"] = [", ".join(lacking(*pair)) for pair in zip(rows["source"], rows["target"], strict=True)]
    else:
        for column, lines in KNOWN.items():
            rows.loc[rows["id"].isin(lines.get(split, ())), column] = ""
    return rows


def _split_rules(context: RuleContext[TranslationDeOptions], split: str) -> list[Rule]:
    published = context.source == "public"
    longest_source, longest_target = LONGEST[context.source]
    found = pair_rules(
        split,
        ROWS[split] if published else context.options.rows(split),
        published=published,
        longest=longest_source,
        leaks=len(KNOWN["also_in"].get(split, ())) if published else 0,
    )
    found += [
        between("target_words", 1, longest_target, f"a target has 1 to {longest_target} words"),
        matches("source", r"^[ -~]*[A-Za-z][ -~]*$", "the source has letters, and ASCII alone"),
        matches("target", f"^[ -~{MARKED}]+$", f"the target has ASCII and {MARKED} alone"),
        never_matches(
            "source",
            r"(?i)\b(?:ein|eine|einen|einem|einer|und|auf|zwei)\b",
            "no source has one of the most frequent German words",
        ),
        never_matches(
            "target", r"(?i)\b(?:is|while|wearing)\b", "no target has one of the English words is, while and wearing"
        ),
        *(no_error(column, description) for column, description in _errors(split, published).items()),
    ]
    if not published:
        ends = [matches(side, r"\.$", f"a {side} ends with a point") for side in ("source", "target")]
        return [*found, *drawn_rules(split), *ends]
    return found + [
        total(f"{side}_words", count, f"the {side}s have {count} words in all")
        for side, count in zip(("source", "target"), WORDS[split], strict=True)
    ]


def _errors(split: str, published: bool) -> dict[str, str]:
    """The columns of `_checked` that must be empty, each with its rule."""
    found = {"untranslated": "the target has a letter"}
    if split != "train":
        found["target_also_in"] = "no target is also in an earlier split"
    if not published:  # drawn targets are repeated: `stands` and `is standing` are one word in German
        return found | {"lacking": "the target has the German for every noun, adjective, verb and place of the source"}
    found |= {f"repeated_{side}": f"no {side} is repeated" for side in ("source", "target")}
    known = {column: len(KNOWN[column].get(split, ())) for column in found}
    return {
        column: f"{description}, but for {known[column]} known" if known[column] else description
        for column, description in found.items()
    }
