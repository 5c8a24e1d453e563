"""Data set `key_terms`: mark the key terms of an abstract. Built-in: stages/texts/abstracts.py; public: Inspec.

Raw layout of both, as Inspec is published: one archive, here `abstracts`, with an archive each for `Training`,
`Validation` and `Test`; in those, for each document number, `N.abstr` (title and abstract) and `N.uncontr` (key terms
as free phrases, split by `;`). Lines are folded anywhere, so every run of white space counts as one blank.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pandas as pd

from stages.archives import members, pack
from stages.dataset import Dataset, Given, Origin, Prepared, PublicFile, Suite
from stages.errors import StageError
from stages.texts.abstracts import LETTERS, LONGEST, draw_abstracts, tag_terms, terms, terms_in
from stages.texts.rules import SPLITS, Sizes, Texts, checked_texts, text_rules

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

ARCHIVE = "abstracts"
PARTS = {"train": "Training", "val": "Validation", "test": "Test"}
COLUMNS = {"id": "int64", "text": "string", "tags": "string", "key_terms": "string"}
WORD = re.compile(r"[A-Za-z0-9]+(?:[-'./][A-Za-z0-9]+)*|[^\sA-Za-z0-9]")

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


@dataclass(frozen=True)
class KeyTermsOptions(Sizes):
    """params.yaml's `datasets.key_terms.builtin`: the seed, and how many abstracts each split gets."""


# -- built-in source


def make(options: KeyTermsOptions) -> Iterator[tuple[str, bytes]]:
    """Write generated abstracts in the layout of Inspec."""
    seen: set[str] = set()
    parts: dict[str, bytes] = {}
    number = 0
    for split, part in PARTS.items():
        files: dict[str, bytes] = {}
        for abstract in draw_abstracts(split, options.rows(split), Random(f"{options.seed}/{split}"), seen):
            number += 1
            files[f"{number}.abstr"] = f"{' '.join(abstract.words)}\n".encode()
            files[f"{number}.uncontr"] = f"{'; '.join(abstract.key_terms)}\n".encode()
        parts[f"{part}.zip"] = pack(files)
    yield ARCHIVE, pack(parts)


# -- raw files to tables


def read(folder: Path) -> Prepared:
    """Unpack, unfold, split into words, and tag where a key term is written out."""
    outer = members(folder / ARCHIVE, lambda name: name.endswith(".zip"))
    inner = {name.rpartition("/")[2]: content for name, content in outer.items()}
    tables, facts = {}, {}
    for split, part in PARTS.items():
        if f"{part}.zip" not in inner:
            raise StageError(f"{folder / ARCHIVE} lacks {part}.zip; it has {', '.join(inner)}. Download it again.")
        tables[split], facts[split] = _read_part(
            members(inner[f"{part}.zip"], lambda name: not name.endswith(".contr"), name=f"{part}.zip")
        )
    return Prepared(tables, {"key_terms": facts})


def _read_part(files: dict[str, bytes]) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The table of a split, and how many of its phrases its texts contain."""
    rows: list[tuple[int, str, str, str]] = []
    phrases = found = tagged = 0
    for number in sorted(int(name.removesuffix(".abstr")) for name in files if name.endswith(".abstr")):
        text, key_terms = (_unfolded(files, f"{number}.{kind}") for kind in ("abstr", "uncontr"))
        listed = [phrase.strip() for phrase in key_terms.split(";")]
        words = WORD.findall(text)
        tags = tag_terms(words, [in_words(phrase) for phrase in listed])
        rows.append((number, " ".join(words), " ".join(tags), ";".join(listed)))
        phrases += len(listed)
        found += sum(phrase.lower() in text.lower() for phrase in listed)
        tagged += written_out(" ".join(words), listed)
    facts = {"phrases": phrases, "found": found, "found_share": round(found / phrases, 4), "taggable": tagged}
    return pd.DataFrame(rows, columns=list(COLUMNS)), facts


def _unfolded(files: dict[str, bytes], name: str) -> str:
    try:
        return " ".join(files[name].decode("ascii").split())
    except KeyError:
        raise StageError(f"the document has no {name}. Download it again.") from None
    except UnicodeDecodeError as error:
        raise StageError(f"{name} is not ASCII text: {error}. Download it again.") from error


def in_words(phrase: str) -> str:
    """A phrase split into words as a text is."""
    return " ".join(WORD.findall(phrase))


def written_out(text: str, listed: list[str]) -> int:
    """How many of the phrases occur in `text` (words joined by blanks), whole words only, whatever their case."""
    padded = f" {text.lower()} "
    return sum(f" {in_words(phrase).lower()} " in padded for phrase in listed)


# -- what must hold


def rules(given: Given[KeyTermsOptions]) -> list[Suite]:
    """A suite per split; of the built-in source also one about the terms of train."""
    suites = [Suite(split, _checked(given, split), _split_rules(given, split)) for split in SPLITS]
    return [*suites, _terms_suite(given.tables["train"])] if given.source == "builtin" else suites


def _checked(given: Given[KeyTermsOptions], split: str) -> pd.DataFrame:
    rows = checked_texts(given.tables, split)
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
    if given.source == "builtin":
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
    """Where the key terms of a text stand on average: 0 its start, 1 its end."""
    starts = [place / len(tags) for place, tag in enumerate(tags) if tag == "B"]
    return sum(starts) / len(starts) if starts else 0.0


def _split_rules(given: Given[KeyTermsOptions], split: str) -> "list[Expectation]":
    import great_expectations.expectations as gxe

    builtin = given.source == "builtin"
    drawn = Texts("abstract", given.options.rows(split), False, LETTERS, LONGEST, end=".")
    texts = drawn if builtin else INSPEC[split]
    found = [
        *text_rules(split, texts),
        gxe.ExpectColumnPairValuesToBeEqual(
            column_A="word_count", column_B="tag_count", description="every word has one tag"
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="tag_error", value_set=[""], description="a tag is B, I or O, and I follows B or I"
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="mismatch", value_set=[""], description="tagged is every place where a key term is written out"
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="term_error", value_set=[""], description="no key term is empty or has folded lines"
        ),
    ]
    return found + (_builtin_rules(split) if builtin else _inspec_rules(split))


def _inspec_rules(split: str) -> "list[Expectation]":
    import great_expectations.expectations as gxe

    phrases, tagged = INSPEC_PHRASES[split], INSPEC_TAGGED[split]
    return [
        gxe.ExpectColumnSumToBeBetween(
            column="term_count",
            min_value=phrases,
            max_value=phrases,
            description=f"there are {phrases} key terms, as published",
        ),
        gxe.ExpectColumnSumToBeBetween(
            column="written_out",
            min_value=tagged,
            max_value=tagged,
            description=f"{tagged} key terms ({tagged / phrases:.0%}) are written out in their abstract",
        ),
    ]


def _builtin_rules(split: str) -> "list[Expectation]":
    import great_expectations.expectations as gxe

    found: list[Expectation] = [
        gxe.ExpectColumnPairValuesToBeEqual(
            column_A="term_count", column_B="written_out", description="every key term is written out"
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="term_count", min_value=2, max_value=3, description="an abstract has two or three key terms"
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="in_passing", min_value=2, max_value=3, description="two or three other terms are named in passing"
        ),
        gxe.ExpectColumnMeanToBeBetween(
            column="position",
            min_value=0.4,
            max_value=0.6,
            description="key terms stand in the middle of their abstract on average: position does not tell",
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="foreign_terms", value_set=[""], description="terms held out for another split do not occur"
        ),
    ]
    if split != "train":
        found.append(
            gxe.ExpectColumnMeanToBeBetween(
                column="has_own_terms",
                min_value=FEWEST_OWN_TERMS,
                description=f"at least {FEWEST_OWN_TERMS:.0%} of abstracts show terms that train does not have",
            )
        )
    return found


def _terms_suite(train: pd.DataFrame) -> Suite:
    """A row per term of train that is frequent enough to tell, with the share of its abstracts where it is key."""
    import great_expectations.expectations as gxe

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
            gxe.ExpectTableRowCountToBeBetween(
                min_value=40, description=f"at least 40 terms are in {FREQUENT} abstracts or more"
            ),
            gxe.ExpectColumnMeanToBeBetween(
                column="both_roles",
                min_value=FEWEST_BOTH_ROLES,
                description=f"at least {FEWEST_BOTH_ROLES:.0%} are key in one abstract, in passing in another",
            ),
            gxe.ExpectColumnMeanToBeBetween(
                column="key_share",
                min_value=0.4,
                max_value=0.6,
                description="they are key about every other time: the term itself does not tell",
            ),
        ],
    )


# -- public source

DATASET = Dataset(
    name="key_terms",
    options=KeyTermsOptions,
    origins={
        "builtin": Origin("drawn from the grammar in stages/texts/abstracts.py", "Apache-2.0, as this project"),
        "public": Origin(
            "Inspec (Hulth 2003) with the uncontrolled key phrases, from github.com/snkim/AutomaticKeyphraseExtraction",
            "for research, with the acknowledgement: Data from the Inspec Database kindly supplied by The IET",
        ),
    },
    public=(
        PublicFile(
            path=ARCHIVE,
            published="inspec/Hulth2003.tar.gz",
            url="https://raw.githubusercontent.com/snkim/AutomaticKeyphraseExtraction/"
            "cd662646e4f1f6a2f6957a5aee6885cb2a74afb9/Hulth2003.tar.gz",
            sha256="0cca8dbc5ec28e6638cf75a38263f341d94743259252e6b7fff2f02e6028610f",
            size=1452446,
        ),
    ),
    make=make,
    columns=COLUMNS,
    read=read,
    rules=rules,
)
