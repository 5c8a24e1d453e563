"""Data set `translation_de`: German that is German, pairs that belong together, rules that catch errors."""

import gzip
import hashlib
import os
import re
from collections import Counter
from itertools import chain, pairwise, product
from pathlib import Path
from random import Random

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.dataset import Prepared, RuleContext
from stages.datasets.translation_de import reader
from stages.datasets.translation_de.dataset import DATASET
from stages.datasets.translation_de.origin import TranslationDeOptions, grammar, lexicon, verbs, words
from stages.datasets.translation_de.origin.german import CASES, conjugated, declined, phrase
from stages.datasets.translation_de.rules import LONGEST
from stages.errors import StageError
from stages.origin import PublicFile
from stages.texts.synchronous import Forms, SynchronousGrammar, filled, references, written, written_english
from tests.stages.rule_runs import Tables, failures

SMALL = TranslationDeOptions(seed=3, train=1200, val=60, test=80)
# Of SMALL. Another digest means: the grammar changed, or this Python draws differently.
DIGEST = "9b1d60c406469bbbad259a177094d9674f9416d7dbb3bca7e57a1b4ff5202b50"


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return dict(DATASET.origin.make(SMALL))


@pytest.fixture(scope="module")
def prepared(files: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    folder = tmp_path_factory.mktemp("raw")
    for path, content in files.items():
        (folder / path).write_bytes(content)
    return DATASET.read(folder)


# -- German, against what a textbook says


def entry(entries: tuple[Forms, ...], english: str) -> Forms:
    (found,) = [each for each in entries if each["en"] == english]
    return found


PARADIGMS = [
    ("a", "old", "man", "ein alter Mann | einen alten Mann | einem alten Mann | eines alten Mannes"),
    ("a", "old", "woman", "eine alte Frau | eine alte Frau | einer alten Frau | einer alten Frau"),
    ("a", "old", "house", "ein altes Haus | ein altes Haus | einem alten Haus | eines alten Hauses"),
    ("the", "old", "man", "der alte Mann | den alten Mann | dem alten Mann | des alten Mannes"),
    ("the", "old", "woman", "die alte Frau | die alte Frau | der alten Frau | der alten Frau"),
    ("the", "old", "house", "das alte Haus | das alte Haus | dem alten Haus | des alten Hauses"),
    ("the", "", "boy", "der Junge | den Jungen | dem Jungen | des Jungen"),
    ("a", "", "police officer", "ein Polizist | einen Polizisten | einem Polizisten | eines Polizisten"),
    ("a", "", "chef", "ein Koch | einen Koch | einem Koch | eines Kochs"),
    ("", "hot", "tea", "heißer Tee | heißen Tee | heißem Tee | heißen Tees"),
    ("", "hot", "milk", "heiße Milch | heiße Milch | heißer Milch | heißer Milch"),
    ("", "hot", "water", "heißes Wasser | heißes Wasser | heißem Wasser | heißen Wassers"),
    ("a", "pink", "hat", "ein rosa Hut | einen rosa Hut | einem rosa Hut | eines rosa Hutes"),
    ("a", "dark", "shirt", "ein dunkles Hemd | ein dunkles Hemd | einem dunklen Hemd | eines dunklen Hemdes"),
    ("a", "high", "wall", "eine hohe Mauer | eine hohe Mauer | einer hohen Mauer | einer hohen Mauer"),
]
PLURALS = [
    ("two", "old", "man", "zwei alte Männer | zwei alte Männer | zwei alten Männern"),
    ("several", "old", "woman", "mehrere alte Frauen | mehrere alte Frauen | mehreren alten Frauen"),
    ("some", "old", "house", "einige alte Häuser | einige alte Häuser | einigen alten Häusern"),
    ("the", "old", "man", "die alten Männer | die alten Männer | den alten Männern"),
    ("", "blue", "shirt", "blaue Hemden | blaue Hemden | blauen Hemden"),
    ("three", "", "boy", "drei Jungen | drei Jungen | drei Jungen"),
    ("some", "", "baby", "einige Babys | einige Babys | einigen Babys"),
    ("two", "", "firefighter", "zwei Feuerwehrleute | zwei Feuerwehrleute | zwei Feuerwehrleuten"),
]


@pytest.mark.parametrize(("determiner", "adjective", "noun", "declined", "plural"), [
    *((*row, False) for row in PARADIGMS), *((*row, True) for row in PLURALS)
])  # fmt: skip
def test_a_noun_phrase_is_declined(determiner: str, adjective: str, noun: str, declined: str, plural: bool) -> None:
    nouns = tuple(each for entries in grammar.NOUNS for each in entries)
    adjectives = tuple({each["en"]: each for entries in grammar.ADJECTIVES for each in entries}.values())
    described = entry(adjectives, adjective) if adjective else None
    forms = phrase(determiner, described, entry(nouns, noun), plural=plural)
    assert [forms[case] for case in CASES if case in forms] == declined.split(" | ")


def test_a_relative_pronoun_has_the_gender_of_its_noun() -> None:
    found = [
        [phrase("a", None, entry(lexicon.ADULTS + lexicon.KIDS, noun))[f"rel{case}"] for case in ("nom", "acc", "dat")]
        for noun in ("man", "woman", "girl")
    ]
    assert found == [["der", "den", "dem"], ["die", "die", "der"], ["das", "das", "dem"]]
    many = phrase("two", None, entry(lexicon.ADULTS, "man"), plural=True)
    assert [many["relnom"], many["relacc"], many["reldat"]] == ["die", "die", "denen"]


def packed(content: bytes) -> bytes:
    """The same bytes in every process: test workers must agree on what there is to test."""
    return gzip.compress(content, mtime=0)


@pytest.mark.parametrize(("english", "forms"), [
    ("pick up", "hebt auf | aufhebt | aufheben | aufzuheben | aufgehoben"),
    ("prepare", "bereitet zu | zubereitet | zubereiten | zuzubereiten | zubereitet"),
    ("sell", "verkauft | verkauft | verkaufen | zu verkaufen | verkauft"),
])  # fmt: skip
def test_a_separable_verb_is_one_word_but_in_a_main_clause(english: str, forms: str) -> None:
    verb = conjugated(entry(verbs.TRANSITIVE, english))
    main = f"{verb['sg']} {verb['off']}".strip()
    assert [main, verb["lastsg"], verb["lastpl"], verb["zu"], verb["done"]] == forms.split(" | ")


# What the patterns give where each kind of word is one word, written by hand.
ONLY = {
    "adult": "a man", "adults": "two men", "crowd": "tourists", "child": "a boy", "animal": "a dog",
    "animals": "two dogs", "thing": "an old box", "things": "two boxes", "item": "the box", "food": "an apple",
    "clothes": "a coat", "headgear": "a hat", "hats": "hats", "seat": "a bench", "vehicle": "a car", "colour": "red",
    "spot": "in the park", "reason": "it is raining", "handle": "pick up", "settle": "sit down", "roam": "lie down",
    "dress": "take off", "hold": "hold", "eat": "eat", "give": "give", "feed": "feed", "fix": "repair", "sit": "lie",
}  # fmt: skip
SENTENCES = """
A man is picking up an old box. = Ein Mann hebt eine alte Kiste auf.
Two men pick up an old box in the park. = Zwei Männer heben im Park eine alte Kiste auf.
A man sitting down on a bench in the park. = Ein Mann setzt sich im Park auf eine Bank.
In the park, two men are sitting down on a bench. = Im Park setzen sich zwei Männer auf eine Bank.
There is a man picking up an old box in the park. = Im Park hebt ein Mann eine alte Kiste auf.
A man is sitting down on a bench and picking up an old box.
    = Ein Mann setzt sich auf eine Bank und hebt eine alte Kiste auf.
A man is picking up an old box without sitting down on a bench.
    = Ein Mann hebt eine alte Kiste auf, ohne sich auf eine Bank zu setzen.
A man who is picking up an old box sits down on a bench.
    = Ein Mann, der eine alte Kiste aufhebt, setzt sich auf eine Bank.
Two men who are sitting down on a bench are picking up an old box.
    = Zwei Männer, die sich auf eine Bank setzen, heben eine alte Kiste auf.
Two men pick up an old box while a boy is sitting down on a bench.
    = Zwei Männer heben eine alte Kiste auf, während ein Junge sich auf eine Bank setzt.
While a man picks up an old box, a boy is sitting down on a bench.
    = Während ein Mann eine alte Kiste aufhebt, setzt sich ein Junge auf eine Bank.
A man is picking up an old box because it is raining. = Ein Mann hebt eine alte Kiste auf, weil es regnet.
Because it is raining, two dogs are lying down. = Weil es regnet, legen sich zwei Hunde hin.
A dog that is lying down lies down. = Ein Hund, der sich hinlegt, legt sich hin.
Two men are going to sit down on a bench. = Zwei Männer werden sich auf eine Bank setzen.
A man is watching as a dog is lying down. = Ein Mann sieht zu, wie ein Hund sich hinlegt.
Two men are picking up an old box so that a boy can sit down on a bench.
    = Zwei Männer heben eine alte Kiste auf, damit ein Junge sich auf eine Bank setzen kann.
A man sees a bench on which a boy lies. = Ein Mann sieht eine Bank, auf der ein Junge liegt.
The box that two men are picking up is red. = Die Kiste, die zwei Männer aufheben, ist rot.
A man has just picked up an old box. = Ein Mann hat gerade eine alte Kiste aufgehoben.
A man has just eaten an apple. = Ein Mann hat gerade einen Apfel gegessen.
Two men have just taken off a coat. = Zwei Männer haben gerade einen Mantel ausgezogen.
Two men have just given an old box to a boy. = Zwei Männer haben einem Jungen gerade eine alte Kiste gegeben.
An old box is being held by a man. = Eine alte Kiste wird von einem Mann gehalten.
Two boxes are being picked up by two men. = Zwei Kisten werden von zwei Männern aufgehoben.
A dog is being fed by a man. = Ein Hund wird von einem Mann gefüttert.
A car is being repaired by two men in the park. = Ein Auto wird im Park von zwei Männern repariert.
A man tries to pick up an old box. = Ein Mann versucht, eine alte Kiste aufzuheben.
Two men are trying to pick up an old box while a boy is sitting down on a bench.
    = Zwei Männer versuchen, eine alte Kiste aufzuheben, während ein Junge sich auf eine Bank setzt.
A man bends down to pick up an old box. = Ein Mann bückt sich, um eine alte Kiste aufzuheben.
"""
SUBJECTS = """
A man in a coat = Ein Mann in einem Mantel / Einem Mann in einem Mantel
A boy with a hat = Ein Junge mit einem Hut / Einem Jungen mit einem Hut
A man wearing a hat = Ein Mann, der einen Hut trägt, / Einem Mann, der einen Hut trägt,
Two men wearing hats = Zwei Männer, die Hüte tragen, / Zwei Männern, die Hüte tragen,
A group of tourists = Eine Gruppe von Touristen / Einer Gruppe von Touristen
A man and a boy = Ein Mann und ein Junge / Einem Mann und einem Jungen
"""


@pytest.fixture(scope="module")
def limited() -> SynchronousGrammar:
    """The grammar with one word of each kind and two predicates."""
    full = grammar.grammar()
    few = {
        name: ([each for each in entries if written_english(each["en"]).lower() == ONLY.get(name)] or entries)[:1]
        for name, entries in full.words.items()
    }
    two, one = ("$handle $thing.en", "$settle"), ("$roam",)
    kept = {"act": two, "actthere": two, "move": one, "movethere": one}
    predicates = {name: [each for each in full.rules[name] if each["en"].startswith(kept[name])] for name in kept}
    return SynchronousGrammar(few, {**full.rules, **predicates, "place": full.rules["place"][:1]})


def language(grammar: SynchronousGrammar, name: str) -> list[Forms]:
    """All that a rule gives."""
    if name in grammar.words:
        return list(grammar.words[name])
    found: list[Forms] = []
    for production in grammar.rules[name]:
        parts = references(production)
        fillings = product(*(language(grammar, kind) for kind in parts.values()))
        found += [filled(production, dict(zip(parts, filling, strict=True))) for filling in fillings]
    return found


def test_the_patterns_give_german_as_written_by_hand(limited: SynchronousGrammar) -> None:
    found = {(written_english(forms["en"]), written(forms["de"])) for forms in language(limited, "sentence")}
    expected = {tuple(pair.split(" = ")) for pair in SENTENCES.replace("\n   ", "").strip().splitlines()}
    assert len(expected) == 30
    assert expected - found == set()


def test_subjects_have_a_nominative_and_a_dative(limited: SynchronousGrammar) -> None:
    forms = [each for name in ("one", "some") for each in language(limited, name)]
    found = {f"{written_english(each['en'])} = {written(each['nom'])} / {written(each['dat'])}" for each in forms}
    assert set(SUBJECTS.strip().splitlines()) - found == set()


LAST = {
    verb[form]
    for verbs_ in grammar.grammar().words.values()
    for verb in verbs_
    if "zu" in verb
    for form in ("lastsg", "lastpl")
}


@given(st.integers(0, 2**32))
@settings(max_examples=300)
def test_every_caption_is_well_formed_and_ends_its_clauses_with_verbs(seed: int) -> None:
    english, german = grammar.draw(Random(seed))
    assert re.fullmatch(r"[A-Z][a-z]*(,? [A-Za-z]+)*\.", english)
    assert re.fullmatch(r"[A-ZÄÖÜ][a-zäöüß]*(,? [A-Za-zÄÖÜäöüß]+)*\.", german)
    assert grammar.lacking(english, german) == []
    assert all(
        len(text.split()) <= longest for text, longest in zip((english, german), LONGEST["builtin"], strict=True)
    )
    for clause in re.findall(r"\b(?:Während|während|wie|damit) ([^.]*?)(?:\.|, (?!der|die|das))", german):
        assert clause.split()[-1] in LAST | {"kann"}, german


def test_val_and_test_ask_for_combinations_of_words_that_train_shows_apart(prepared: Prepared) -> None:
    shown = grammar.COMBINATIONS.shown
    train = {pair for source in prepared.tables["train"]["source"] for pair in shown(source)}
    known = {word for table in ("source", "target") for text in prepared.tables["train"][table] for word in words(text)}
    for split in ("val", "test"):
        for source, target in prepared.tables[split][["source", "target"]].itertuples(index=False):
            assert set(shown(source)) - train
            assert {*words(source), *words(target)} <= known


def test_the_captions_are_the_same_bytes_everywhere(files: dict[str, bytes]) -> None:
    assert list(files) == ["train.en", "train.de", "val.en", "val.de", "test.en", "test.de"]
    assert hashlib.sha256(b"".join(files.values())).hexdigest() == DIGEST


# -- rules


def broken(table: pd.DataFrame, train: pd.DataFrame, split: str) -> pd.DataFrame:
    """`table` with another error in each of its first rows, and one row too many."""
    ids, sources, targets = (list(table[column]) for column in reader.COLUMNS)
    ids[0] = ids[1]
    sources[2], targets[2] = sources[3], targets[3]
    sources[4] = "Ein Mann liest eine Zeitung."
    targets[5] = "A man is reading a newspaper."
    targets[6] = "Ein MÃ¤dchen liest."
    sources[7] = targets[7] = " ".join(["word"] * 41)
    sources[8] = train["source"].iloc[20].upper()
    targets[9] = train["target"].iloc[21]
    sources[10], targets[10] = "ε", "@@"
    foreign = {"train": "test", "val": "test", "test": "val"}[split]
    drawn = (grammar.draw(Random(seed))[0] for seed in range(9999))
    sources[11] = next(source for source in drawn if grammar.COMBINATIONS.kept_for(source) == foreign)
    return pd.DataFrame({"id": [*ids, 9999], "source": [*sources, "One more."], "target": [*targets, "Noch eins."]})


@pytest.fixture(scope="module")
def faulty(prepared: Prepared) -> Tables:
    train = prepared.tables["train"]
    return {split: broken(table, train, split) for split, table in prepared.tables.items()}


def test_good_tables_keep_every_rule_and_every_rule_has_a_broken_table(prepared: Prepared, faulty: Tables) -> None:
    good, every = failures(DATASET, SMALL, prepared.tables, prepared)
    assert good == set()
    # few words, and lengths that have nothing to do with each other: sources longer in train, targets in the others
    poor = {split: table.assign(source="one", target=f"ein {split}") for split, table in faulty.items()}
    poor["train"] = poor["train"].assign(source="one word more")
    found = failures(DATASET, SMALL, faulty, prepared)[0] | failures(DATASET, SMALL, poor, prepared)[0]
    assert every - found == set()


def test_targets_of_other_sources_are_noticed(prepared: Prepared) -> None:
    table = prepared.tables["train"]
    swapped = zip(table["source"], [*table["target"][1:], table["target"].iloc[0]], strict=True)
    assert all(grammar.lacking(source, target) for source, target in swapped)
    assert grammar.lacking("A man is reading a book.", "Eine Frau liest ein Buch.") == ["man"]
    assert grammar.lacking("Two men are reading old books.", "Zwei Männer lesen alte Bücher.") == []


def test_every_rule_on_published_pairs_has_a_broken_table(prepared: Prepared, faulty: Tables) -> None:
    found, every = failures(DATASET, SMALL, faulty, prepared, "public")
    assert {rule for rule in every if rule[0] in faulty} - found == set()


def test_what_is_known_of_one_published_line_is_an_error_in_any_other(prepared: Prepared) -> None:
    pairs = {"train": [(16510, "A dog.", "@@"), (3, "A cat.", "@@")], "val": [(687, "A dog.", "Ein Hund.")]}
    pairs["val"] += [(688, "a dog", "Hund.")]
    tables = {split: pd.DataFrame(rows, columns=list(reader.COLUMNS)) for split, rows in pairs.items()}
    given = RuleContext("public", SMALL, {**tables, "test": tables["val"][:0]}, {})
    checked = {suite.table: suite.rows for suite in DATASET.rules(given)}
    assert checked["train"]["untranslated"].to_list() == ["", "no letter"]
    assert checked["train"]["repeated_target"].to_list() == ["", "repeated"]
    assert checked["val"]["also_in"].to_list() == ["", "train"]


# -- published layout

NAMES = ("train.en.gz", "train.de.gz", "val.en.gz", "val.de.gz", "test_2016_flickr.en.gz", "test_2016_flickr.de.gz")


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """A folder with a pair in each file, but for two in train."""
    for name in NAMES:
        text = "A dog.\nA cat.\n" if name == "train.en.gz" else " Ein\u00a0Hund. \nEine  Katze.\n"
        (tmp_path / name).write_bytes(packed(text.encode() if "train" in name else b"One.\n"))
    return tmp_path


def test_white_space_is_put_right_and_counted(published: Path) -> None:
    found = DATASET.read(published)
    assert found.tables["train"].to_dict("list") == {
        "id": [1, 2],
        "source": ["A dog.", "A cat."],
        "target": ["Ein Hund.", "Eine Katze."],
    }
    assert found.facts["lines_with_other_white_space"]["train"] == {"source": 0, "target": 2}
    assert {split: len(table) for split, table in found.tables.items()} == {"train": 2, "val": 1, "test": 1}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (packed(b"Ein Hund.\n"), r"train.de.gz has 1 lines, .*train.en.gz has 2: .* after line 1"),
        (packed(b"Ein Hund.\nEine Katze."), r"train.de.gz, line 2: the last line is cut off"),
        (packed("Eine Möwe.\n\n".encode("latin-1")), r"train.de.gz is not UTF-8 text"),
        (packed(bytes(reader.LIMIT + 1)), r"train.de.gz unpacks to more than 8388608 bytes"),
        (packed(b"Ein Hund.\n" * 99)[:-9], r"train.de.gz is no whole gzip file"),
        (packed(b"Ein Hund.\n")[:-8] + bytes(8), r"train.de.gz is no whole gzip file: CRC check failed"),
        (b"Ein Hund.\n", r"train.de.gz is no whole gzip file: Not a gzipped file"),
    ],
)
def test_a_file_that_is_not_as_published_is_named(published: Path, content: bytes, says: str) -> None:
    (published / "train.de.gz").write_bytes(content)
    with pytest.raises(StageError, match=says):
        DATASET.read(published)


MD5 = {  # of the texts inside, as others know them
    "train.en.gz": "053a34ece7c904dbc8c7361799afbe4c",
    "train.de.gz": "d3b4bc1671cfb805267f97f16884beba",
    "val.en.gz": "2234730e7925354b766681b029b347ec",
    "val.de.gz": "9f139b15d9d11936dea7af2904e57d8c",
    "test_2016_flickr.en.gz": "2022a6c31e2418047a0511333d55ed42",
    "test_2016_flickr.de.gz": "cde61d7401b116652ee84099c7858ca3",
}


@pytest.fixture(scope="module")
def multi30k(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    mirror = os.environ.get("DATA_MIRROR", "")
    if not mirror or "://" in mirror:
        pytest.skip("DATA_MIRROR names no folder")
    folder = tmp_path_factory.mktemp("multi30k")
    for file in DATASET.origin.public:
        content = (Path(mirror) / file.published).read_bytes()
        assert isinstance(file, PublicFile)
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (file.sha256, file.size)
        assert hashlib.md5(gzip.decompress(content), usedforsecurity=False).hexdigest() == MD5[file.path]
        (folder / file.path).write_bytes(content)
    return DATASET.read(folder)


@pytest.mark.mirror
def test_multi30k_keeps_every_rule_and_one_leak_more_breaks_one(multi30k: Prepared) -> None:
    assert multi30k.facts["lines_with_other_white_space"] == {
        "train": {"source": 1, "target": 129},
        "val": {"source": 0, "target": 1},
        "test": {"source": 0, "target": 0},
    }
    assert failures(DATASET, SMALL, multi30k.tables, multi30k, "public")[0] == set()
    leaky = multi30k.tables["val"].copy()
    leaky.loc[leaky["id"] == 1, "target"] = multi30k.tables["train"]["target"].iloc[0]
    suites = DATASET.rules(RuleContext("public", SMALL, {**multi30k.tables, "val": leaky}, {}))
    (val,) = [suite for suite in suites if suite.table == "val"]
    assert val.rows.loc[val.rows["target_also_in"] != "", "id"].to_list() == [1]


@pytest.mark.mirror
def test_the_words_of_the_grammar_are_german_as_multi30k_has_it(multi30k: Prepared) -> None:
    texts = [re.findall(r"\w+", text) for text in multi30k.tables["train"]["target"]]
    known = {word.lower() for text in texts for word in text}
    drawn = [word for seed in range(1500) for word in words(grammar.draw(Random(seed))[1])]
    assert sum(word in known for word in drawn) / len(drawn) > 0.96
    articles = Counter(pair for text in texts for pair in pairwise(text) if pair[0] in ("einen", "eine", "einer"))
    for noun in chain.from_iterable(grammar.NOUNS):
        feminine = articles["eine", noun["nom"]] + articles["einer", noun["nom"]]
        masculine = articles["einen", declined(noun, "acc", plural=False)]
        if feminine + masculine >= 10:
            assert (feminine > 4 * masculine) == (noun["gender"] == "f"), noun
            assert (masculine > 4 * feminine) == (noun["gender"] == "m"), noun
