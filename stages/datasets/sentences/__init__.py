"""Data set `sentences`: short sentences to be put into one vector and written out again. Public: MR and Tatoeba.

The built-in source is about pairs that differ in the order of words alone (see grammar.py). Raw layout: an archive,
here `polarity`: MR's, or for the built-in source one of `train.tsv`, `val.tsv`, `test.tsv`, lines of `pair<TAB>text`;
and, published alone, `cmn-eng.zip`, of which the English side counts.

Of both corpora the sentences of at most 20 words are taken, each once, Tatoeba's written as MR's are. Each keeps the
split that it has elsewhere: MR's as in `sentiment_mr`, Tatoeba's as in `translation`; what both have counts as
Tatoeba's. Column `corpus` says which one a sentence is from.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import pandas as pd

from stages.archives import members, pack
from stages.dataset import Dataset, Given, Origin, Prepared, Suite
from stages.datasets.sentences.grammar import (
    ALONE_SHARE,
    LETTERS,
    LONGEST,
    actors_in,
    draw_sentences,
    is_written,
    meets_in,
)
from stages.errors import StageError
from stages.texts import polarity, tatoeba
from stages.texts.rules import SPLITS, Sizes, Texts, checked_texts, decoded_rule, text_lines, text_rules

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

COLUMNS = {"id": "int64", "text": "string", "pair": "int64", "corpus": "string"}
FIRST_LINE = 100_000  # the id of a sentence of Tatoeba is this and its line number; MR's ids are smaller
MARKS = '.,:;!?"()'

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
    yield polarity.ARCHIVE, pack(files)


# -- raw files to tables


def read(folder: Path) -> Prepared:
    """Parse either source, told apart by what the archive holds."""
    files = members(folder / polarity.ARCHIVE)
    if not any(name.rpartition("/")[2] in polarity.LABELS for name in files):
        return Prepared({split: _read_made(files[f"{split}.tsv"], f"{split}.tsv") for split in SPLITS}, {})
    mr, pairs = _read_mr(folder / polarity.ARCHIVE), _read_tatoeba(folder / tatoeba.ARCHIVE)
    in_both = mr["text"].isin(pairs["text"])
    every = pd.concat([mr[~in_both], pairs], ignore_index=True)
    short = every[every["text"].str.split().map(len) <= LONGEST].assign(pair=-1)
    splits = [split_of(text, corpus) for text, corpus in zip(short["text"], short["corpus"], strict=True)]
    tables = {split: short.loc[[each == split for each in splits], list(COLUMNS)] for split in SPLITS}
    return Prepared(
        {split: table.reset_index(drop=True) for split, table in tables.items()},
        {"sentences": {"mr": len(mr), "tatoeba": len(pairs)}, "in_both": int(in_both.sum()), "kept": len(short)},
    )


def _read_made(content: bytes, name: str) -> pd.DataFrame:
    lines = [line.split("\t") for line in text_lines(content, name)]
    for number, cells in enumerate(lines, start=1):
        if len(cells) != 2 or not cells[0].removeprefix("-").isdecimal():
            raise StageError(f"{name}, line {number}: expected a number, a tab and a text, found {' | '.join(cells)!r}")
    texts, pairs = [text for _, text in lines], [int(pair) for pair, _ in lines]
    return pd.DataFrame({"id": range(len(lines)), "text": texts, "pair": pairs, "corpus": "grammar"})


def _read_mr(archive: Path) -> pd.DataFrame:
    return polarity.read_polarity(archive)[["id", "text"]].assign(corpus="mr")


def _read_tatoeba(archive: Path) -> pd.DataFrame:
    """The English sentences, each from the first line that has it."""
    rows = [(FIRST_LINE + line, as_in_mr(english)) for line, english, _ in tatoeba.read_tatoeba(archive)]
    return pd.DataFrame(rows, columns=["id", "text"]).drop_duplicates("text").assign(corpus="tatoeba")


def as_in_mr(text: str) -> str:
    """A sentence as MR is written: in lower case, and each mark of MARKS is a word, wherever it stands."""
    return " ".join(re.sub(f"([{MARKS}])", r" \1 ", text.lower()).split())


def split_of(text: str, corpus: str) -> str:
    """The split that a published sentence has in every data set."""
    return tatoeba.split_of(text) if corpus == "tatoeba" else polarity.split_of(polarity.fold_of(text))


# -- what must hold


def rules(given: Given[SentencesOptions]) -> list[Suite]:
    """A suite per split."""
    return [Suite(split, _checked(given, split), _split_rules(given, split)) for split in SPLITS]


def _checked(given: Given[SentencesOptions], split: str) -> pd.DataFrame:
    rows = checked_texts(given.tables, split)
    if given.source == "public":
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
        rows.loc[bags.isin(set(_bags(given.tables[earlier]))), "bag_also_in"] = earlier
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


def _split_rules(given: Given[SentencesOptions], split: str) -> "list[Expectation]":
    return _public_rules(split) if given.source == "public" else _builtin_rules(given.options, split)


def _public_rules(split: str) -> "list[Expectation]":
    import great_expectations.expectations as gxe

    of_tatoeba, words_of_tatoeba = ROWS[split]["tatoeba"], WORDS[split]["tatoeba"]
    rows, words = sum(ROWS[split].values()), sum(WORDS[split].values())
    texts = Texts("sentence", rows, True, r"^\sA-Z", LONGEST, tokens=words)
    return [
        *text_rules(split, texts),
        decoded_rule(),
        gxe.ExpectColumnValuesToBeInSet(
            column="corpus", value_set=list(ROWS[split]), description="every corpus is mr or tatoeba"
        ),
        gxe.ExpectColumnSumToBeBetween(
            column="of_tatoeba",
            min_value=of_tatoeba,
            max_value=of_tatoeba,
            description=f"{of_tatoeba} of them are Tatoeba's, the others MR's",
        ),
        gxe.ExpectColumnSumToBeBetween(
            column="words_of_tatoeba",
            min_value=words_of_tatoeba,
            max_value=words_of_tatoeba,
            description=f"Tatoeba's have {words_of_tatoeba} words",
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="split",
            value_set=[split],
            description="every sentence is in the split that it has in `sentiment_mr` or in `translation`",
        ),
        gxe.ExpectColumnValuesToNotMatchRegex(
            column="text", regex=rf"\S[{MARKS}]|[{MARKS}]\S", description=f"each of {MARKS} is a word of its own"
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="pair", value_set=[-1], description="no sentence claims to be of a pair: nobody made pairs"
        ),
    ]


def _builtin_rules(options: SentencesOptions, split: str) -> "list[Expectation]":
    import great_expectations.expectations as gxe

    rows = options.rows(split)
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
        gxe.ExpectColumnValuesToBeInSet(
            column="pattern_error", value_set=[""], description="a sentence is whole: the grammar has its pattern"
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="corpus", value_set=["grammar"], description="every sentence is the grammar's"
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
            f"of at most {LONGEST} words: {polarity.ORIGIN.where}; the English side of {tatoeba.ORIGIN.where}",
            f"MR: {polarity.ORIGIN.licence}; Tatoeba: {tatoeba.ORIGIN.licence}",
        ),
    },
    public=(polarity.PUBLIC, tatoeba.PUBLIC),
    make=make,
    columns=COLUMNS,
    read=read,
    rules=rules,
    places=("pair",),
)
