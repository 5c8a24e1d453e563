"""The rules of `sentences`: every sentence is in its split, and pairs have the same words."""

import pandas as pd

from stages.dataset import RuleContext, Suite
from stages.datasets.sentences.origin import SentencesOptions
from stages.datasets.sentences.origin.grammar import ALONE_SHARE, LETTERS, LONGEST, actors_in, is_written, meets_in
from stages.datasets.sentences.reader import MARKS, split_of
from stages.rules.texts import Texts, checked_texts, decoded_rule, text_rules
from stages.rules.vocabulary import Rule, among, never_matches, no_error, total
from stages.texts.sizes import SPLITS

# Sentences of at most 20 words, in the splits of stages/texts: counts of ours.
ROWS = {
    "train": {"mr": 4280, "tatoeba": 20396},
    "val": {"mr": 534, "tatoeba": 1114},
    "test": {"mr": 543, "tatoeba": 1085},
}
WORDS = {
    "train": {"mr": 57354, "tatoeba": 148680},
    "val": {"mr": 7155, "tatoeba": 8023},
    "test": {"mr": 7470, "tatoeba": 7931},
}


def rules(context: RuleContext[SentencesOptions]) -> list[Suite]:
    """A suite per split."""
    return [Suite(split, _checked(context, split), _split_rules(context, split)) for split in SPLITS]


def _checked(context: RuleContext[SentencesOptions], split: str) -> pd.DataFrame:
    rows = checked_texts(context.tables, split)
    if context.source == "public":
        rows["of_tatoeba"] = (rows["corpus"] == "tatoeba").astype(int)
        rows["words_of_tatoeba"] = rows["word_count"] * rows["of_tatoeba"]
        rows["split"] = [split_of(text, corpus) for text, corpus in zip(rows["text"], rows["corpus"], strict=True)]
        return rows
    bags = _bags(rows)
    of_pair = rows.assign(bag=bags).groupby("pair").agg(size=("id", "size"), bags=("bag", "nunique"))
    whole = rows["pair"].map((of_pair["size"] == 2) & (of_pair["bags"] == 1))
    paired = rows["pair"] >= 0
    rows["pair_error"] = (paired & ~whole).map({True: "not two sentences of the same words", False: ""})
    rows["lone_error"] = (~paired & bags.duplicated(keep=False)).map({True: "same words as another", False: ""})
    rows["is_paired"] = paired.astype(int)
    rows["bag_also_in"] = ""
    for earlier in SPLITS[: SPLITS.index(split)]:
        rows.loc[bags.isin(set(_bags(context.tables[earlier]))), "bag_also_in"] = earlier
    rows["pattern_error"] = [
        "" if is_written(text, "pair" if pair >= 0 else "alone") else "no pattern of the grammar"
        for text, pair in zip(rows["text"], rows["pair"], strict=True)
    ]
    rows["wrong_meeting"] = [_wrong_meeting(text, split) for text in rows["text"]]
    return rows


def _bags(rows: pd.DataFrame) -> pd.Series:
    return rows["text"].map(lambda text: " ".join(sorted(text.split())))


def _wrong_meeting(text: str, split: str) -> str:
    """Two actors that may meet in another split alone."""
    found = actors_in(text)
    wrong = [
        f"{field} {one} and {two}"
        for field, one in found
        for other, two in found
        if field == other and one < two and not meets_in(split, one, two)
    ]
    return ", ".join(wrong)


def _split_rules(context: RuleContext[SentencesOptions], split: str) -> list[Rule]:
    return _public_rules(split) if context.source == "public" else _builtin_rules(context.options, split)


def _public_rules(split: str) -> list[Rule]:
    of_tatoeba, words_of_tatoeba = ROWS[split]["tatoeba"], WORDS[split]["tatoeba"]
    rows, words = sum(ROWS[split].values()), sum(WORDS[split].values())
    texts = Texts("sentence", rows, True, r"^\sA-Z", LONGEST, tokens=words)
    return [
        *text_rules(split, texts),
        decoded_rule(),
        among("corpus", list(ROWS[split]), "every corpus is mr or tatoeba"),
        total("of_tatoeba", of_tatoeba, f"{of_tatoeba} of them are Tatoeba's, the others MR's"),
        total("words_of_tatoeba", words_of_tatoeba, f"Tatoeba's have {words_of_tatoeba} words"),
        among("split", [split], "every sentence is in the split that it has in `sentiment_mr` or in `translation`"),
        never_matches("text", rf"\S[{MARKS}]|[{MARKS}]\S", f"each of {MARKS} is a word of its own"),
        among("pair", [-1], "no sentence claims to be of a pair: nobody made pairs"),
    ]


def _builtin_rules(options: SentencesOptions, split: str) -> list[Rule]:
    rows = options.rows(split)
    paired = 2 * int(rows * (1 - ALONE_SHARE) / 2)
    found = text_rules(split, Texts("sentence", rows, False, LETTERS, LONGEST))
    found += [
        no_error("pair_error", "a pair is two sentences of the very same words"),
        no_error("lone_error", "a sentence without a pair shares its words with no other"),
        total("is_paired", paired, f"{paired} sentences come in pairs"),
        no_error("wrong_meeting", "no two actors meet that meet in another split"),
        no_error("pattern_error", "a sentence is whole: the grammar has its pattern"),
        among("corpus", ["grammar"], "every sentence is the grammar's"),
    ]
    if split != "train":
        found.append(no_error("bag_also_in", "no bag of words is also in an earlier split"))
    return found
