"""The rules of `slots`: a tag for every word, names that fit the words, and no utterance in two splits."""

from itertools import chain

import pandas as pd

from stages.dataset import RuleContext, Suite
from stages.datasets.slots.origin import SlotsOptions
from stages.datasets.slots.origin.grammar import GRAMMAR
from stages.rules.vocabulary import (
    Rule,
    among,
    at_least,
    between,
    different_values,
    equal,
    length_between,
    matches,
    mean_at_least,
    no_error,
    row_count,
    row_count_between,
    unique,
)
from stages.texts.grammar import Sentence
from stages.texts.recognition import Recogniser
from stages.texts.sizes import SPLITS

# ATIS as published: from SlotGated-SLU's README and a count of the files.
ATIS_ROWS = {"train": 4478, "val": 500, "test": 893}
ATIS_REPEATS = {"train": 289, "val": 7, "test": 43}  # utterances that an earlier row of the split has, too
ATIS_ALSO_IN_TRAIN = {"val": 52, "test": 13}
ATIS_KINDS = {"train": (120, 21), "val": (96, 16), "test": (101, 20)}  # different tags and intents
ATIS_WORDS = 867  # in train
ATIS_UNLISTED_TAGS = (
    *("B-booking_class", "B-compartment", "B-flight", "B-stoploc.airport_code", "I-flight_number", "I-state_name"),
    "I-return_date.day_number",
)
ATIS_UNLISTED_INTENTS = (
    *("atis_airfare#atis_flight", "atis_day_name", "atis_flight#atis_airline", "atis_flight_no#atis_airline"),
    "atis_airfare#atis_flight_time",
)
LONGEST = {"public": 46, "builtin": 40}  # words in an utterance
FEWEST_LABELS = 40  # slot labels in train
# Words that go with names and intents of ATIS, so that a wrong list of names or a shifted file is noticed.
LEAVES, ARRIVES = "B-fromloc", "B-toloc"  # the tags of most names right after `from` and `to`
CUES = {
    "atis_airfare": r"\b(?:fares?|cost)\b",
    "atis_ground_service": r"\bground\b",
    "atis_abbreviation": r"\b(?:mean|stand for)\b",
}
MOSTLY = 0.9  # of the names after those words; 0.98 and more are
FEWEST_CUED = 0.6  # share of utterances with one of the cues that have its intent; 0.75 to 0.8 have
FEWEST_OWN_NAMES = 0.25  # share of val and of test utterances with held-out names; the grammar aims at half


def rules(context: RuleContext[SlotsOptions]) -> list[Suite]:
    """A suite per split, one about the words of train and one about the tags."""
    tags, intents = set(context.facts["tags"]), set(context.facts["intents"])
    if context.source == "public":
        tags.update(ATIS_UNLISTED_TAGS)
        intents.update(ATIS_UNLISTED_INTENTS)
    splits = [
        Suite(split, _checked(context, split, tags), _split_rules(context, split, intents)) for split in context.tables
    ]
    suites = [*splits, _vocabulary_suite(context), _tags_suite(context)]
    return suites if context.source == "builtin" else [*suites, _names_suite(context)]


def _checked(context: RuleContext[SlotsOptions], split: str, known: set[str]) -> pd.DataFrame:
    """The split's table with a column for each rule that needs computing; '' means no error."""
    rows = context.tables[split].copy()
    words, tags = rows["text"].str.split(), rows["tags"].str.split()
    rows["word_count"] = words.map(len)
    rows["tag_count"] = tags.map(len)
    rows["iob_error"] = tags.map(iob_error)
    rows["unknown_tags"] = tags.map(lambda row: " ".join(sorted(set(row) - known)))
    rows["repeated"] = rows["text"].duplicated().map({True: "repeated", False: ""})
    rows["also_in"] = ""
    for earlier in _earlier(context, split):
        rows.loc[rows["text"].isin(context.tables[earlier]["text"]), "also_in"] = earlier
    if context.source == "builtin":
        own = GRAMMAR.held_out(split)
        others = set().union(*(GRAMMAR.held_out(other) for other in SPLITS)) - own
        rows["own_names"] = rows["text"].map(lambda text: names_in(text, own))
        rows["foreign_names"] = rows["text"].map(lambda text: names_in(text, others))
        rows["has_own_names"] = (rows["own_names"] != "").astype(int)
        recogniser = Recogniser(GRAMMAR)
        rows["unwritten"] = [
            "" if _is_written(recogniser, *row) else "no such request"
            for row in zip(words, tags, rows["intent"], strict=True)
        ]
    return rows


def _earlier(context: RuleContext[SlotsOptions], split: str) -> list[str]:
    """The splits that `split` must not repeat. Of ATIS only the repeats of train are a published number."""
    before = list(SPLITS[: SPLITS.index(split)])
    return before if context.source == "builtin" else before[:1]


def _is_written(recogniser: Recogniser, words: list[str], tags: list[str], intent: str) -> bool:
    """Whether the grammar has this utterance, with these tags, for this intent."""
    return len(words) == len(tags) and recogniser.makes(intent, recogniser.symbols(Sentence(tuple(words), tuple(tags))))


def iob_error(tags: list[str]) -> str:
    """The first tag that breaks IOB: I-x may only follow B-x or I-x, and a tag is O, B-x or I-x."""
    for before, tag in zip(["O", *tags], tags, strict=False):
        kind, _, label = tag.partition("-")
        if tag != "O" and (kind not in ("B", "I") or not label):
            return f"{tag} is no IOB tag"
        if kind == "I" and before not in (f"B-{label}", f"I-{label}"):
            return f"{tag} after {before}"
    return ""


def names_in(text: str, names: set[str]) -> str:
    """The names that occur in `text` as whole words."""
    return ", ".join(sorted(name for name in names if f" {name} " in f" {text} "))


def _split_rules(context: RuleContext[SlotsOptions], split: str, intents: set[str]) -> list[Rule]:
    builtin = context.source == "builtin"
    rows = context.options.rows(split) if builtin else ATIS_ROWS[split]
    longest = LONGEST[context.source]
    repeats = 0 if builtin else ATIS_ALSO_IN_TRAIN.get(split, 0)
    found: list[Rule] = [
        row_count(rows, f"there are {rows} utterances, as {'params.yaml asks' if builtin else 'published'}"),
        unique("id", "no id is repeated"),
        matches(
            "text",
            r"^[a-z0-9'.]+(?: [a-z0-9'.]+)*$",
            "an utterance is lower-case words with one blank between them, and not empty",
        ),
        between("word_count", 1, longest, f"an utterance has 1 to {longest} words"),
        equal("word_count", "tag_count", "every word has one tag"),
        no_error("iob_error", "IOB is well-formed: I-x only after B-x or I-x"),
        no_error("unknown_tags", "every tag is a known one"),
        among("intent", sorted(intents), "every intent is a known one"),
    ]
    if split != "train":
        found.append(
            no_error(
                "also_in",
                "no utterance is also in an earlier split"
                if builtin
                else f"at most the {repeats} utterances known from publication are also in train",
                mostly=(rows - repeats) / rows,
            )
        )
    return [*found, *_held_out_rules(split)] if builtin else [*found, *_atis_rules(split)]


def _atis_rules(split: str) -> list[Rule]:
    rows, repeats = ATIS_ROWS[split], ATIS_REPEATS[split]
    return [
        no_error(
            "repeated",
            f"at most the {repeats} repeats known from publication are there",
            mostly=(rows - repeats) / rows,
        )
    ]


def _held_out_rules(split: str) -> list[Rule]:
    """Rules for what makes the built-in source hard."""
    found: list[Rule] = [
        unique("text", "no utterance is repeated"),
        no_error("foreign_names", "names held out for another split do not occur"),
        no_error("unwritten", "an utterance, its tags and its intent belong together"),
    ]
    if GRAMMAR.held_out(split):
        found.append(
            mean_at_least(
                "has_own_names",
                FEWEST_OWN_NAMES,
                f"at least {FEWEST_OWN_NAMES:.0%} of utterances show names that train does not have",
            )
        )
    return found


def _vocabulary_suite(context: RuleContext[SlotsOptions]) -> Suite:
    words = sorted(set(chain.from_iterable(context.tables["train"]["text"].str.split())))
    rows = pd.DataFrame({"id": range(len(words)), "word": words})
    fewest, most = (ATIS_WORDS, ATIS_WORDS) if context.source == "public" else (100, 2000)
    return Suite(
        "words of train",
        rows,
        [
            row_count_between(fewest, most, f"train has {fewest} to {most} different words"),
            length_between("word", 1, 20, "a word has 1 to 20 letters"),
        ],
    )


def _tags_suite(context: RuleContext[SlotsOptions]) -> Suite:
    """A row per tag, with the splits it occurs in."""
    found = {split: set(chain.from_iterable(table["tags"].str.split())) for split, table in context.tables.items()}
    tags = sorted(set().union(*found.values()))
    rows = pd.DataFrame({"id": range(len(tags)), "tag": tags})
    rows["label_in_train"] = [tag[2:] if tag in found["train"] and tag != "O" else None for tag in tags]
    rows["lacking_in_train"] = ["" if tag in found["train"] else "lacking" for tag in tags]
    known_new = list(ATIS_UNLISTED_TAGS) if context.source == "public" else []
    rows.loc[rows["tag"].isin(known_new), "lacking_in_train"] = ""
    return Suite(
        "tags",
        rows,
        [
            different_values("label_in_train", FEWEST_LABELS, None, f"train has at least {FEWEST_LABELS} slot labels"),
            no_error(
                "lacking_in_train",
                "every tag occurs in train" + (", but for the seven known ones" if known_new else ""),
            ),
        ],
    )


def _names_suite(context: RuleContext[SlotsOptions]) -> Suite:
    """A row per split: the numbers of tags and intents, and whether their names agree with the words."""
    rows = []
    for number, (split, table) in enumerate(context.tables.items()):
        tags = table["tags"].str.split()
        pairs = [
            (word, tag)
            for text, row in zip(table["text"].str.split(), tags, strict=True)
            for word, tag in zip(text, row[1:], strict=False)
            if tag.startswith("B-")
        ]
        kinds = len(set(chain.from_iterable(tags))), table["intent"].nunique()
        error = "" if kinds == ATIS_KINDS[split] else f"{kinds}, published {ATIS_KINDS[split]}"
        rows.append((number, split, error, *_as_the_words_say(pairs), _cued(table)))
    columns = ["id", "split", "kinds_error", "leaves", "arrives", "cued"]
    found: list[Rule] = [
        no_error("kinds_error", "each split has its published number of tags and intents"),
        at_least(
            "cued",
            FEWEST_CUED,
            f"{FEWEST_CUED:.0%} of utterances that ask for fares, ground transport or meanings contain a cue",
        ),
    ]
    found += [
        at_least(column, MOSTLY, f"{MOSTLY:.0%} of the names right after `{word}` are {tag}")
        for column, word, tag in (("leaves", "from", LEAVES), ("arrives", "to", ARRIVES))
    ]
    return Suite("names", pd.DataFrame(rows, columns=columns), found)


def _as_the_words_say(pairs: list[tuple[str, str]]) -> tuple[float, float]:
    """The share of names right after `from`, and after `to`, with the tag that goes with the word."""
    shares = []
    for before, expected in (("from", LEAVES), ("to", ARRIVES)):
        found = [tag.startswith(expected) for word, tag in pairs if word == before]
        shares.append(sum(found) / max(1, len(found)))
    return shares[0], shares[1]


def _cued(table: pd.DataFrame) -> float:
    """Of the utterances with one of the cues, the share that has its intent."""
    right = [
        table.loc[table["text"].str.contains(cue), "intent"].str.split("#").map(lambda found, i=intent: i in found)
        for intent, cue in CUES.items()
    ]
    return float(pd.concat(right).mean())
