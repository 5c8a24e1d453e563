"""The rules of `parsing`: whole trees over exactly the sentence's words, with labels that are known and plain."""

from collections.abc import Mapping
from itertools import chain

import pandas as pd

from stages.dataset import RuleContext, Suite
from stages.datasets.parsing import origin
from stages.datasets.parsing.origin import ParsingOptions, grammar
from stages.datasets.parsing.origin.trees import TRACE, Tree, parse
from stages.errors import StageError
from stages.rules.vocabulary import (
    Rule,
    at_least,
    between,
    includes,
    matches,
    mean_at_least,
    no_error,
    row_count,
    unique,
)
from stages.texts.sizes import SPLITS

# The sample as published, in the split made here: 3,914 sentences and 94,084 words.
TREES = {"train": 3396, "val": 273, "test": 245}
WORDS = {"train": 81793, "val": 6327, "test": 5964}
SYMBOLS = {"train": 70, "val": 58, "test": 60}  # different labels and tags
ALSO_EARLIER = {"val": 0, "test": 3}  # sentences that an earlier split has too
LONGEST = {"public": 249, "builtin": origin.LONGEST}  # words in a sentence
_LABELS = (
    "ADJP ADVP CONJP FRAG INTJ LST NAC NP NX PP PRN PRT QP RRC S SBAR SBARQ SINV SQ UCP VP WHADJP WHADVP WHNP WHPP X"
)
LABELS = frozenset(_LABELS.split())
_TAGS = (
    "# $ '' , -LRB- -RRB- . : CC CD DT EX FW IN JJ JJR JJS LS MD NN NNP NNPS NNS PDT POS PRP PRP$ RB RBR RBS RP SYM TO "
    "UH VB VBD VBG VBN VBP VBZ WDT WP WP$ WRB ``"
)
TAGS = frozenset(_TAGS.split())
UNSEEN = {"public": ["WHADJP"], "builtin": []}  # labels that are not in train
# What is known of English tags and labels, so that a wrong list of names is noticed: a few words have one tag, a proper
# noun has a capital, a verb phrase a verb (or another verb phrase), a prepositional phrase a preposition in front.
SURE_TAGS = {"the": "DT", "of": "IN", "and": "CC", ".": ".", ",": ","}
VERBS = frozenset(("MD", "TO", "VB", "VBD", "VBG", "VBN", "VBP", "VBZ", "VP"))
PREPOSITIONS = frozenset(("IN", "TO"))
MOSTLY = 0.9  # of words and phrases; 0.95 and more are so
FEWEST_NEW = 0.1  # share of val and of test trees whose structure train does not have


def rules(context: RuleContext[ParsingOptions]) -> list[Suite]:
    """A suite per split, one about which labels and tags there are, one about what they name, and one of counts."""
    trees = {split: [_parsed(text) for text in table["tree"]] for split, table in context.tables.items()}
    suites = [
        Suite(split, _checked(context, split, trees[split]), _split_rules(context, split)) for split in context.tables
    ]
    suites += [_labels_suite(context, trees), _names_suite(trees)]
    return [*suites, _counts_suite(context, trees)] if context.source == "public" else suites


def _parsed(text: str) -> Tree | str:
    """The tree, or a description of its error."""
    try:
        found = parse(text)
    except StageError as error:
        return str(error)
    return found[0] if len(found) == 1 else f"{len(found)} trees"


def _checked(context: RuleContext[ParsingOptions], split: str, trees: list[Tree | str]) -> pd.DataFrame:
    """The split's table with a column for each rule that needs computing; '' means no error."""
    labels, tags = (LABELS, TAGS) if context.source == "public" else (grammar.labels(), grammar.tags())
    rows = context.tables[split].copy()
    rows["tree_error"] = [tree if isinstance(tree, str) else "" for tree in trees]
    whole = [tree if isinstance(tree, Tree) else None for tree in trees]
    rows["words_error"] = [
        "" if tree is None or tree.text == text else tree.text for tree, text in zip(whole, rows["text"], strict=True)
    ]
    rows["linear_error"] = [
        "" if tree is None or tree.linear() == linear else tree.linear()
        for tree, linear in zip(whole, rows["linear"], strict=True)
    ]
    rows["unknown_labels"] = [
        _unknown({part.label for part in tree.constituents()}, labels) if tree else "" for tree in whole
    ]
    rows["unknown_tags"] = [_unknown({leaf.label for leaf in tree.leaves()}, tags) if tree else "" for tree in whole]
    if context.source == "builtin":
        rows["not_made"] = [grammar.not_made(tree) if tree else "" for tree in whole]
    rows["word_count"] = rows["text"].str.split().map(len)
    rows["also_in"] = ""
    for earlier in SPLITS[: SPLITS.index(split)]:
        rows.loc[rows["text"].isin(context.tables[earlier]["text"]), "also_in"] = earlier
    rows["new_structure"] = (~rows["linear"].isin(context.tables["train"]["linear"])).astype(int)
    return rows


def _unknown(found: set[str], known: frozenset[str] | set[str]) -> str:
    return " ".join(sorted(found - known))


def _split_rules(context: RuleContext[ParsingOptions], split: str) -> list[Rule]:
    builtin = context.source == "builtin"
    count = context.options.rows(split) if builtin else TREES[split]
    longest = LONGEST[context.source]
    found: list[Rule] = [
        row_count(count, f"there are {count} trees, {'as params.yaml asks' if builtin else 'as published'}"),
        unique("id", "no id is repeated"),
        matches("text", r"^\S+(?: \S+)*$", "a text is words with one blank between them"),
        between("word_count", 1, longest, f"a sentence has 1 to {longest} words"),
    ]
    found += [
        no_error(column, description)
        for column, description in (
            ("tree_error", "the brackets of a tree fit together, and it is one"),
            ("words_error", "the words of a tree are the words of the text"),
            ("linear_error", "the linear form says what the tree says"),
            ("unknown_labels", "every label is a known one, without function tags"),
            ("unknown_tags", f"every tag is a known one; {TRACE} is none"),
        )
    ]
    if split != "train":
        repeats = 0 if builtin else ALSO_EARLIER[split]
        found.append(
            no_error(
                "also_in",
                "no sentence is also in an earlier split"
                if builtin
                else f"at most the {repeats} sentences known from publication are also in an earlier split",
                mostly=(count - repeats) / count,
            )
        )
        found.append(
            mean_at_least(
                "new_structure",
                FEWEST_NEW,
                f"at least {FEWEST_NEW:.0%} of trees have a structure that train does not have",
            )
        )
    if builtin:
        found += [
            unique("text", "no sentence is repeated"),
            no_error("not_made", "every word and constituent is one that the grammar makes"),
        ]
    return found


def _labels_suite(context: RuleContext[ParsingOptions], trees: Mapping[str, list[Tree | str]]) -> Suite:
    """A row per label or tag. One that is not in train cannot be learned; the sample has one."""
    shown = {
        split: set(chain.from_iterable(_symbols(tree) for tree in found if isinstance(tree, Tree)))
        for split, found in trees.items()
    }
    symbols = sorted(set().union(*shown.values()))
    rows = pd.DataFrame({"id": range(len(symbols)), "symbol": symbols})
    rows["lacking_in_train"] = ["" if symbol in shown["train"] else "lacking" for symbol in symbols]
    rows.loc[rows["symbol"].isin(UNSEEN[context.source]), "lacking_in_train"] = ""
    expected = LABELS | TAGS if context.source == "public" else grammar.labels() | grammar.tags()
    return Suite(
        "labels",
        rows,
        [
            includes("symbol", sorted(expected), "every label and tag there is occurs"),
            no_error(
                "lacking_in_train", " but for ".join(["every label and tag occurs in train", *UNSEEN[context.source]])
            ),
        ],
    )


def _symbols(tree: Tree) -> set[str]:
    return {part.label for part in chain(tree.constituents(), tree.leaves())}


def _names_suite(trees: Mapping[str, list[Tree | str]]) -> Suite:
    """A row per split: how often tags and labels are what English has there."""
    rows = []
    for number, (split, found) in enumerate(trees.items()):
        whole = [tree for tree in found if isinstance(tree, Tree)]
        leaves = [leaf for tree in whole for leaf in tree.leaves()]
        sure = [leaf.label == tag for leaf in leaves if (tag := SURE_TAGS.get(leaf.word.lower()))]
        phrases = [part for tree in whole for part in tree.constituents()]
        verbal = [not VERBS.isdisjoint(each.label for each in part.parts) for part in phrases if part.label == "VP"]
        named = [leaf.word[0].isupper() for leaf in leaves if leaf.label == "NNP"]
        led = [part.parts[0].label in PREPOSITIONS for part in phrases if part.label == "PP"]
        rows.append((number, split, *(sum(right) / max(1, len(right)) for right in (sure, named, verbal, led))))
    words = " ".join(SURE_TAGS)
    return Suite(
        "names",
        pd.DataFrame(rows, columns=["id", "split", "sure", "named", "verbal", "led"]),
        [
            at_least(column, MOSTLY, f"{MOSTLY:.0%} of {description}")
            for column, description in (
                ("sure", f"the words {words} have their one tag"),
                ("named", "proper nouns start with a capital"),
                ("verbal", "verb phrases have a verb"),
                ("led", "prepositional phrases start with a preposition"),
            )
        ],
    )


def _counts_suite(context: RuleContext[ParsingOptions], trees: Mapping[str, list[Tree | str]]) -> Suite:
    """A row per split: words in all, which a trace kept or a word lost changes, and different labels and tags."""
    rows = []
    for number, (split, table) in enumerate(context.tables.items()):
        words = int(table["text"].str.split().map(len).sum())
        symbols = len(set(chain.from_iterable(_symbols(tree) for tree in trees[split] if isinstance(tree, Tree))))
        errors = [
            "" if found == expected else f"expected {expected}"
            for found, expected in ((words, WORDS[split]), (symbols, SYMBOLS[split]))
        ]
        rows.append((number, split, words, symbols, *errors))
    return Suite(
        "counts",
        pd.DataFrame(rows, columns=["id", "split", "words", "symbols", "words_error", "symbols_error"]),
        [
            no_error(column, description)
            for column, description in (
                ("words_error", "every split has its published number of words"),
                ("symbols_error", "every split has its published number of different labels and tags"),
            )
        ],
    )
