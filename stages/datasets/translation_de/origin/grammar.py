"""The built-in source of `translation_de`: captions of pictures, in English and German at once.

Here the words of lexicon.py and verbs.py become the noun phrases and verbs that the sentences of patterns.py ask for.
"""

import re
from collections.abc import Sequence
from functools import cache
from itertools import chain
from random import Random

from stages.datasets.translation_de.origin import lexicon as lex
from stages.datasets.translation_de.origin.german import conjugated, declined, phrases
from stages.datasets.translation_de.origin.patterns import rules
from stages.datasets.translation_de.origin.verbs import OTHERS, TRANSITIVE
from stages.texts.synchronous import Combinations, Forms, SynchronousGrammar, written, written_english

NOUNS = (
    *(lex.ADULTS, lex.KIDS, lex.ANIMALS, lex.PAPERS, lex.THINGS, lex.CLOTHES, lex.HEADGEAR, lex.FOOD, lex.DRINKS),
    *(lex.INSTRUMENTS, lex.VEHICLES, lex.BIKES, lex.SEATS, lex.LANDMARKS, lex.WATERS, lex.CLIMBS),
)
ADJECTIVES = (lex.AGES, lex.LOOKS, lex.COATS, lex.COLOURS, lex.SIZES, lex.TASTES, lex.DEPTHS, lex.HEIGHTS)
COMBINATIONS = Combinations(
    {
        entry[form].lower(): entry["en"].lower()
        for entries in (*NOUNS, *ADJECTIVES, lex.PLACES, lex.REASONS, TRANSITIVE, OTHERS)
        for entry in entries
        for form in ("en", "many", "third", "ing", "past")
        if form in entry
    },
    share=64,
)


@cache
def grammar() -> SynchronousGrammar:
    """Made when first asked for: whoever lists the data sets imports this module."""
    return SynchronousGrammar({**_phrases(), **_verbs()}, rules())


def draw(rng: Random) -> tuple[str, str]:
    """An English caption and its German translation."""
    forms = grammar().draw("sentence", rng)
    return written_english(forms["en"]), written(forms["de"])


@cache
def _german() -> dict[str, re.Pattern[str]]:
    """What a German sentence must have where the English one has a word."""
    forms: dict[str, set[str]] = {"watch": {"sieht", "sehen"}}  # in `watching as`
    for noun in chain.from_iterable(NOUNS):
        forms.setdefault(noun["en"], set()).update(noun[form] for form in ("nom", "gen"))
        if "plural" in noun:
            forms[noun["en"]].update(declined(noun, case, plural=True) for case in ("nom", "dat"))
    for adjective in chain.from_iterable(ADJECTIVES):
        forms.setdefault(adjective["en"], set()).update((adjective["alone"], rf"{adjective['stem']}\w*"))
    for place in (*lex.PLACES, *lex.REASONS):
        forms.setdefault(place["en"], set()).add(place["de"])
    for verb in map(conjugated, (*TRANSITIVE, *OTHERS)):
        forms.setdefault(verb["en"], set()).update(
            verb[form] for form in ("sg", "pl", "lastsg", "lastpl", "zu", "done")
        )
    return {
        word: re.compile(rf"\b(?:{'|'.join(sorted(found - {''}))})\b", re.IGNORECASE) for word, found in forms.items()
    }


def lacking(english: str, german: str) -> list[str]:
    """The nouns, adjectives, verbs and places of an English caption that a German one lacks."""
    return [word for word in COMBINATIONS.found(english) if not _german()[word].search(german)]


def _phrases() -> dict[str, Sequence[Forms]]:
    """Noun phrases, and the words that are used as they are."""
    some = ("two", "three", "several", "some")
    people, looks = (*lex.AGES, *lex.LOOKS), (*lex.COLOURS, *lex.SIZES)
    found = {
        "theadult": phrases(("the",), people, lex.ADULTS),
        "adults": phrases(some, people, lex.ADULTS, plural=True),
        "crowd": phrases(("",), people, lex.ADULTS, plural=True),
        "thechild": phrases(("the",), lex.LOOKS, lex.KIDS),
        "children": phrases(some, lex.LOOKS, lex.KIDS, plural=True),
        "theanimal": phrases(("the",), lex.COATS, lex.ANIMALS),
        "animals": phrases(some, lex.COATS, lex.ANIMALS, plural=True),
        "things": phrases(some, looks, lex.THINGS, plural=True),
        "item": phrases(("the",), (), lex.THINGS),
        "outfits": phrases(("",), lex.COLOURS, lex.CLOTHES, plural=True),
        "hats": phrases(("",), lex.COLOURS, lex.HEADGEAR, plural=True),
        "beverage": phrases(("",), lex.TASTES, lex.DRINKS),
        "instrument": phrases(("",), (), lex.INSTRUMENTS),
    }
    alone = {
        "adult": (people, lex.ADULTS),
        "child": (lex.LOOKS, lex.KIDS),
        "animal": (lex.COATS, lex.ANIMALS),
        "thing": (looks, lex.THINGS),
        "paper": (lex.SIZES, lex.PAPERS),
        "clothes": (lex.COLOURS, lex.CLOTHES),
        "headgear": (lex.COLOURS, lex.HEADGEAR),
        "food": (lex.TASTES, lex.FOOD),
        "vehicle": (looks, lex.VEHICLES),
        "bike": (looks, lex.BIKES),
        "steed": (lex.COATS, _only(lex.ANIMALS, "horse", "pony", "elephant")),
        "seat": (lex.SIZES, lex.SEATS),
        "landmark": (lex.SIZES, lex.LANDMARKS),
        "roofed": (lex.SIZES, _only(lex.LANDMARKS, "house", "church", "building", "castle")),
        "water": (lex.DEPTHS, lex.WATERS),
        "obstacle": (lex.HEIGHTS, _only(lex.LANDMARKS, "fence", "wall")),
        "border": (_only(lex.DEPTHS, "long"), _only((*lex.WATERS, *lex.LANDMARKS), "river", "stream", "fence", "wall")),
        "ascent": (lex.HEIGHTS, lex.CLIMBS),
    }
    found |= {name: phrases(("a",), adjectives, nouns) for name, (adjectives, nouns) in alone.items()}
    return {**found, "colour": lex.COLOURS, "spot": lex.PLACES, "reason": lex.REASONS}


def _only(nouns: Sequence[Forms], *english: str) -> tuple[Forms, ...]:
    return tuple(noun for noun in nouns if noun["en"] in english)


def _verbs() -> dict[str, Sequence[Forms]]:
    """Verbs by their kind."""
    verbs = [conjugated(verb) for verb in (*TRANSITIVE, *OTHERS)]
    return {kind: [verb for verb in verbs if verb["kind"] == kind] for kind in {verb["kind"]: "" for verb in verbs}}
