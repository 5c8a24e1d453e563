"""Data set `slots`: label each word of a travel request. Built-in: a grammar; public: ATIS.

Raw layout of both, as ATIS is published: `<split>/seq.in` (words), `seq.out` (an IOB tag per word), `label` (intent),
one utterance per line, and the labels seen in train in `slot_label.txt` and `intent_label.txt`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pandas as pd

from stages.dataset import Dataset, Given, Origin, Prepared, PublicFile, Suite
from stages.datasets.slots.grammar import GRAMMAR, INTENTS
from stages.errors import StageError
from stages.texts.grammar import distinct_sentences

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

FOLDERS = {"train": "train", "val": "valid", "test": "test"}  # split -> published folder
COLUMNS = {"id": "int64", "text": "string", "tags": "string", "intent": "string"}

# ATIS as published: what SlotGated-SLU's README and a count of the files say.
ATIS_ROWS = {"train": 4478, "val": 500, "test": 893}
ATIS_ALSO_IN_TRAIN = {"val": 52, "test": 13}
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
FEWEST_OWN_NAMES = 0.25  # share of val and of test utterances with held-out names; the grammar aims at half


@dataclass(frozen=True)
class SlotsOptions:
    """params.yaml's `datasets.slots.builtin`: the seed, and how many utterances each split gets."""

    seed: int
    train: int
    val: int
    test: int

    def __post_init__(self) -> None:
        for split in FOLDERS:
            if self.rows(split) < 1:
                raise ValueError(f"{split} must be at least 1, found {self.rows(split)}")

    def rows(self, split: str) -> int:
        return {"train": self.train, "val": self.val, "test": self.test}[split]


# -- built-in source


def make(options: SlotsOptions) -> Iterator[tuple[str, bytes]]:
    """Write the grammar's utterances in the layout of ATIS. Every tag occurs in train, however small that is."""
    intents = [intent for intent, weight in INTENTS.items() for _ in range(weight)]
    seen: set[str] = set()
    for split, folder in FOLDERS.items():
        rng = Random(f"{options.seed}/{split}")
        cover = set(GRAMMAR.tags()) if split == "train" else set()
        rows = distinct_sentences(GRAMMAR, intents, split, options.rows(split), rng, seen=seen, cover=cover)
        yield f"{folder}/seq.in", _lines(sentence.text for _, sentence in rows)
        yield f"{folder}/seq.out", _lines(" ".join(sentence.tags) for _, sentence in rows)
        yield f"{folder}/label", _lines(intent for intent, _ in rows)
    yield "slot_label.txt", _lines(["PAD", "UNK", *GRAMMAR.tags()])
    yield "intent_label.txt", _lines(["UNK", *INTENTS])


def _lines(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


# -- raw files to tables


def read(folder: Path) -> Prepared:
    """Parse the published layout."""
    facts = {
        "tags": [tag for tag in _read_lines(folder / "slot_label.txt") if tag not in ("PAD", "UNK")],
        "intents": [intent for intent in _read_lines(folder / "intent_label.txt") if intent != "UNK"],
    }
    return Prepared({split: _read_split(folder / name) for split, name in FOLDERS.items()}, facts)


def _read_split(folder: Path) -> pd.DataFrame:
    texts, tags, intents = (_read_lines(folder / name) for name in ("seq.in", "seq.out", "label"))
    for name, lines in (("seq.out", tags), ("label", intents)):
        if len(lines) != len(texts):
            last = min(len(lines), len(texts))
            raise StageError(
                f"{folder / name} has {len(lines)} lines, {folder / 'seq.in'} has {len(texts)}: "
                f"they do not belong together after line {last}. Download them again."
            )
    for line, (text, tag) in enumerate(zip(texts, tags, strict=True), start=1):
        if (found := len(tag.split())) != (expected := len(text.split())):
            raise StageError(f"{folder / 'seq.out'}, line {line}: {found} tags for the {expected} words {text!r}")
    return pd.DataFrame(
        {
            "id": range(len(texts)),
            "text": [" ".join(text.split()) for text in texts],
            "tags": [" ".join(tag.split()) for tag in tags],
            "intent": [intent.strip() for intent in intents],
        }
    )


def _read_lines(path: Path) -> list[str]:
    try:
        content = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise StageError(f"{path} is not UTF-8 text: {error}") from error
    if not content.endswith("\n"):
        raise StageError(f"{path}, line {content.count(chr(10)) + 1}: the last line is cut off. Download it again.")
    return content.removesuffix("\n").split("\n")


# -- what must hold


def rules(given: Given[SlotsOptions]) -> list[Suite]:
    """A suite per split, one about the words of train and one about the tags."""
    tags, intents = set(given.facts["tags"]), set(given.facts["intents"])
    if given.source == "public":
        tags.update(ATIS_UNLISTED_TAGS)
        intents.update(ATIS_UNLISTED_INTENTS)
    splits = [Suite(split, _checked(given, split, tags), _split_rules(given, split, intents)) for split in given.tables]
    return [*splits, _vocabulary_suite(given), _tags_suite(given)]


def _checked(given: Given[SlotsOptions], split: str, known: set[str]) -> pd.DataFrame:
    """The split's table with a column for each rule that needs computing; '' is how such a column says: no error."""
    rows = given.tables[split].copy()
    words, tags = rows["text"].str.split(), rows["tags"].str.split()
    rows["word_count"] = words.map(len)
    rows["tag_count"] = tags.map(len)
    rows["iob_error"] = tags.map(iob_error)
    rows["unknown_tags"] = tags.map(lambda row: " ".join(sorted(set(row) - known)))
    rows["also_in"] = ""
    for earlier in _earlier(given, split):
        rows.loc[rows["text"].isin(given.tables[earlier]["text"]), "also_in"] = earlier
    if given.source == "builtin":
        own = GRAMMAR.held_out(split)
        others = set().union(*(GRAMMAR.held_out(other) for other in FOLDERS)) - own
        rows["own_names"] = rows["text"].map(lambda text: names_in(text, own))
        rows["foreign_names"] = rows["text"].map(lambda text: names_in(text, others))
        rows["has_own_names"] = (rows["own_names"] != "").astype(int)
    return rows


def _earlier(given: Given[SlotsOptions], split: str) -> list[str]:
    """The splits that `split` must not repeat. Of ATIS only the repeats of train are a published number."""
    before = list(FOLDERS)[: list(FOLDERS).index(split)]
    return before if given.source == "builtin" else before[:1]


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


def _split_rules(given: Given[SlotsOptions], split: str, intents: set[str]) -> "list[Expectation]":
    import great_expectations.expectations as gxe

    builtin = given.source == "builtin"
    rows = given.options.rows(split) if builtin else ATIS_ROWS[split]
    longest = LONGEST[given.source]
    repeats = 0 if builtin else ATIS_ALSO_IN_TRAIN.get(split, 0)
    found: list[Expectation] = [
        gxe.ExpectTableRowCountToEqual(
            value=rows, description=f"there are {rows} utterances, as {'params.yaml asks' if builtin else 'published'}"
        ),
        gxe.ExpectColumnValuesToBeUnique(column="id", description="no id is repeated"),
        gxe.ExpectColumnValuesToMatchRegex(
            column="text",
            regex=r"^[a-z0-9'.]+(?: [a-z0-9'.]+)*$",
            description="an utterance is lower-case words with one blank between them, and not empty",
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="word_count", min_value=1, max_value=longest, description=f"an utterance has 1 to {longest} words"
        ),
        gxe.ExpectColumnPairValuesToBeEqual(
            column_A="word_count", column_B="tag_count", description="every word has one tag"
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="iob_error", value_set=[""], description="IOB is well-formed: I-x only after B-x or I-x"
        ),
        gxe.ExpectColumnValuesToBeInSet(column="unknown_tags", value_set=[""], description="every tag is a known one"),
        gxe.ExpectColumnValuesToBeInSet(
            column="intent", value_set=sorted(intents), description="every intent is a known one"
        ),
    ]
    if split != "train":
        found.append(
            gxe.ExpectColumnValuesToBeInSet(
                column="also_in",
                value_set=[""],
                mostly=(rows - repeats) / rows,
                description="no utterance is also in an earlier split"
                if builtin
                else f"at most the {repeats} utterances known from publication are also in train",
            )
        )
    if builtin:
        found += _held_out_rules(split)
    return found


def _held_out_rules(split: str) -> "list[Expectation]":
    """What makes the built-in source hard in the way it promises."""
    import great_expectations.expectations as gxe

    found: list[Expectation] = [
        gxe.ExpectColumnValuesToBeUnique(column="text", description="no utterance is repeated"),
        gxe.ExpectColumnValuesToBeInSet(
            column="foreign_names", value_set=[""], description="names held out for another split do not occur"
        ),
    ]
    if GRAMMAR.held_out(split):
        found.append(
            gxe.ExpectColumnMeanToBeBetween(
                column="has_own_names",
                min_value=FEWEST_OWN_NAMES,
                description=f"at least {FEWEST_OWN_NAMES:.0%} of utterances show names that train does not have",
            )
        )
    return found


def _vocabulary_suite(given: Given[SlotsOptions]) -> Suite:
    import great_expectations.expectations as gxe

    words = sorted(set(chain.from_iterable(given.tables["train"]["text"].str.split())))
    rows = pd.DataFrame({"id": range(len(words)), "word": words})
    fewest, most = (ATIS_WORDS, ATIS_WORDS) if given.source == "public" else (100, 2000)
    return Suite(
        "words of train",
        rows,
        [
            gxe.ExpectTableRowCountToBeBetween(
                min_value=fewest, max_value=most, description=f"train has {fewest} to {most} different words"
            ),
            gxe.ExpectColumnValueLengthsToBeBetween(
                column="word", min_value=1, max_value=20, description="a word has 1 to 20 letters"
            ),
        ],
    )


def _tags_suite(given: Given[SlotsOptions]) -> Suite:
    """A row per tag, with the splits it occurs in."""
    import great_expectations.expectations as gxe

    found = {split: set(chain.from_iterable(table["tags"].str.split())) for split, table in given.tables.items()}
    tags = sorted(set().union(*found.values()))
    rows = pd.DataFrame({"id": range(len(tags)), "tag": tags})
    rows["label_in_train"] = [tag[2:] if tag in found["train"] and tag != "O" else None for tag in tags]
    rows["lacking_in_train"] = ["" if tag in found["train"] else "lacking" for tag in tags]
    known_new = list(ATIS_UNLISTED_TAGS) if given.source == "public" else []
    rows.loc[rows["tag"].isin(known_new), "lacking_in_train"] = ""
    return Suite(
        "tags",
        rows,
        [
            gxe.ExpectColumnUniqueValueCountToBeBetween(
                column="label_in_train",
                min_value=FEWEST_LABELS,
                description=f"train has at least {FEWEST_LABELS} slot labels",
            ),
            gxe.ExpectColumnValuesToBeInSet(
                column="lacking_in_train",
                value_set=[""],
                description="every tag occurs in train" + (", but for the seven known ones" if known_new else ""),
            ),
        ],
    )


# -- public source

_SLOTGATED = (
    "https://raw.githubusercontent.com/MiuLab/SlotGated-SLU/61f0307c729b1fad479ef1de94aa5ac5dee601b0/data/atis/"
)
_JOINTBERT = "https://raw.githubusercontent.com/monologg/JointBERT/00324f60dda4a491b2913bc3065ae93966caea3f/data/atis/"
_ATIS = (
    (_SLOTGATED, "train/seq.in", 289848, "3a670980841b21ab39088b2595efc17d487cdc45769c075a3e5f9458bba28c7f"),
    (_SLOTGATED, "train/seq.out", 415557, "14c7131bd66562f797dbd7189bc7358f0cf354c6afb0785a9ab973c35b58f34c"),
    (_SLOTGATED, "train/label", 57831, "d0a771547665eecbdf9f96ea015ef07d1f6ee9f063e861020dafabb3c2a04377"),
    (_SLOTGATED, "valid/seq.in", 32761, "c7435b96e7948393608c34819628e863c5338f11ca68e8f896d2cc041d8e17f8"),
    (_SLOTGATED, "valid/seq.out", 47763, "83ccff3e36f83a993f8e5b5b82adf3256076f234abda4d784051381d7ac76922"),
    (_SLOTGATED, "valid/label", 6518, "06957cfe6fdffac84f8280bc3a1f8ca85c85631b363817aa4543aac611f8addf"),
    (_SLOTGATED, "test/seq.in", 52122, "4b2119fc59c37f9398c6605db435d4f467505009e6ee3e5af04fed09f39dc397"),
    (_SLOTGATED, "test/seq.out", 81238, "a4690d6bceadc06876d1ff99bc401744aa981cb321e598ae12a3859d7be53254"),
    (_SLOTGATED, "test/label", 11634, "ce4bfe6590d9498e1078f30b4137d3e8b3e94277b444b26360c0bf2e9e282761"),
    (_JOINTBERT, "intent_label.txt", 380, "d4e228c803961a6939ceaa5c791e7730457c92480687144bdfd10e4d0d9b8284"),
    (_JOINTBERT, "slot_label.txt", 2310, "3986c69b49e5895826fa021e5dc57382e6e9724ef58182b418997ca0cacbbcb3"),
)

DATASET = Dataset(
    name="slots",
    options=SlotsOptions,
    origins={
        "builtin": Origin("drawn from the grammar in stages/datasets/slots/grammar.py", "Apache-2.0, as this project"),
        "public": Origin(
            "ATIS in the split of SlotGated-SLU, github.com/MiuLab/SlotGated-SLU; label lists of monologg/JointBERT",
            "none stated in either repository; ATIS was first distributed by the LDC",
        ),
    },
    public=tuple(PublicFile(path, f"atis/{path}", base + path, digest, size) for base, path, size, digest in _ATIS),
    make=make,
    columns=COLUMNS,
    read=read,
    rules=rules,
)
