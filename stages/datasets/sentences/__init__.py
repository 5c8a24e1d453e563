"""Data set `sentences`: short sentences to be put into one vector and written out again. Public: MR.

The built-in source is about pairs that differ in the order of words alone (see grammar.py). Raw layout: an archive,
here `polarity`: MR's, or for the built-in source one of `train.tsv`, `val.tsv`, `test.tsv`, lines of `pair<TAB>text`.
Of MR the sentences of at most 20 words are taken. Tatoeba's English side, also named for this task, is left out: it is
the same text as in `translation`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pandas as pd

from stages.archives import members, pack
from stages.dataset import Dataset, Given, Origin, Prepared, Suite
from stages.datasets.sentences.grammar import ALONE_SHARE, LETTERS, LONGEST, actors_in, draw_sentences, meets_in
from stages.texts.polarity import ARCHIVE, LABELS, ORIGIN, PUBLIC, read_polarity, split_of
from stages.texts.rules import SPLITS, Sizes, Texts, checked_texts, text_lines, text_rules

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

COLUMNS = {"id": "int64", "text": "string", "pair": "int64"}

# Of MR's 10,662 sentences those of at most 20 words, split by stages/texts/polarity.py: counts of ours.
MR_ROWS = {"train": 4281, "val": 534, "test": 543}


@dataclass(frozen=True)
class SentencesOptions(Sizes):
    """params.yaml's `datasets.sentences.builtin`: the seed, and how many sentences each split gets."""


# -- built-in source


def make(options: SentencesOptions) -> Iterator[tuple[str, bytes]]:
    """Write generated sentences."""
    seen: set[str] = set()
    files = {}
    for split in SPLITS:
        made = draw_sentences(split, options.rows(split), Random(f"{options.seed}/{split}"), seen)
        files[f"{split}.tsv"] = "".join(f"{sentence.pair}\t{sentence.text}\n" for sentence in made).encode()
    yield ARCHIVE, pack(files)


# -- raw files to tables


def read(folder: Path) -> Prepared:
    """Parse either archive, told apart by what it holds."""
    files = members(folder / ARCHIVE)
    if not any(name.rpartition("/")[2] in LABELS for name in files):
        return Prepared({split: _read_made(files[f"{split}.tsv"], f"{split}.tsv") for split in SPLITS}, {})
    every = read_polarity(folder / ARCHIVE)
    short = every[every["text"].str.split().map(len) <= LONGEST].assign(pair=-1)
    splits = short["fold"].map(split_of)
    tables = {split: short.loc[splits == split, list(COLUMNS)].reset_index(drop=True) for split in SPLITS}
    return Prepared(tables, {"published": len(every), "kept": len(short), "left_out": "Tatoeba's English sentences"})


def _read_made(content: bytes, name: str) -> pd.DataFrame:
    lines = [line.split("\t") for line in text_lines(content, name)]
    return pd.DataFrame(
        {"id": range(len(lines)), "text": [text for _, text in lines], "pair": [int(pair) for pair, _ in lines]}
    )


# -- what must hold


def rules(given: Given[SentencesOptions]) -> list[Suite]:
    """A suite per split."""
    return [Suite(split, _checked(given, split), _split_rules(given, split)) for split in SPLITS]


def _checked(given: Given[SentencesOptions], split: str) -> pd.DataFrame:
    rows = checked_texts(given.tables, split)
    bags = _bags(rows)
    of_pair = rows.assign(bag=bags).groupby("pair").agg(size=("id", "size"), bags=("bag", "nunique"))
    whole = rows["pair"].map((of_pair["size"] == 2) & (of_pair["bags"] == 1))
    paired = rows["pair"] >= 0
    rows["pair_error"] = (paired & ~whole).map({True: "not two sentences of the same words", False: ""})
    rows["lone_error"] = (~paired & bags.duplicated(keep=False)).map({True: "same words as another", False: ""})
    rows["is_paired"] = paired.astype(int)
    rows["bag_also_in"] = ""
    for earlier in SPLITS[: SPLITS.index(split)]:
        rows.loc[bags.isin(set(_bags(given.tables[earlier]))), "bag_also_in"] = earlier
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


def _split_rules(given: Given[SentencesOptions], split: str) -> "list[Expectation]":
    import great_expectations.expectations as gxe

    if given.source == "public":
        return [
            *text_rules(split, Texts("sentence", MR_ROWS[split], True, r"\S", LONGEST)),
            gxe.ExpectColumnValuesToBeInSet(
                column="pair", value_set=[-1], description="no sentence claims to be of a pair: nobody made pairs"
            ),
        ]
    rows = given.options.rows(split)
    paired = 2 * int(rows * (1 - ALONE_SHARE) / 2)
    found = text_rules(split, Texts("sentence", rows, False, LETTERS, LONGEST))
    found += [
        gxe.ExpectColumnValuesToBeInSet(
            column="pair_error",
            value_set=[""],
            description="a pair is two sentences of the very same words",
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="lone_error", value_set=[""], description="a sentence without a pair shares its words with no other"
        ),
        gxe.ExpectColumnSumToBeBetween(
            column="is_paired", min_value=paired, max_value=paired, description=f"{paired} sentences come in pairs"
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="wrong_meeting", value_set=[""], description="no two actors meet that meet in another split"
        ),
    ]
    if split != "train":
        found.append(
            gxe.ExpectColumnValuesToBeInSet(
                column="bag_also_in", value_set=[""], description="no bag of words is also in an earlier split"
            )
        )
    return found


DATASET = Dataset(
    name="sentences",
    options=SentencesOptions,
    origins={
        "builtin": Origin(
            "drawn from the grammar in stages/datasets/sentences/grammar.py", "Apache-2.0, as this project"
        ),
        "public": Origin(
            f"{ORIGIN.where}; sentences of at most {LONGEST} words. Tatoeba's English sentences are left out",
            ORIGIN.licence,
        ),
    },
    public=(PUBLIC,),
    make=make,
    columns=COLUMNS,
    read=read,
    rules=rules,
)
