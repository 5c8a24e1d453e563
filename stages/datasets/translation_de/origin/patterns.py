"""What the captions of `translation_de` say, in English and German: see stages/texts/synchronous.py for the notation.

What makes German more than English word by word is here: the finite verb is second in a main clause, whatever comes
first, and last in every other clause; separable verbs leave a part at the end; objects come before participles and
infinitives. The rest, articles and endings, is in german.py.
"""

import re
from collections.abc import Iterator, Sequence

from stages.texts.synchronous import REFERENCE, Forms

# What people do: a kind of verb, what follows it in English, and what German has in front of the end of the clause.
# Here as below, a row that is repeated is twice as likely.
ACTS = """
hold | $thing | $thing.acc
handle | $thing | $thing.acc
handle | $things | $things.acc
read | $paper | $paper.acc
eat | $food | $food.acc
drink | $beverage | $beverage.acc
play | the $instrument | $instrument.acc
wear | $clothes | $clothes.acc
dress | $clothes | $clothes.acc
crown | $headgear | $headgear.acc
fix | $vehicle | $vehicle.acc
drive | $vehicle | $vehicle.acc
ride | $bike | auf $bike.dat
mount | $steed | auf $steed.dat
board | $vehicle | in $vehicle.acc
leave | $vehicle | aus $vehicle.dat
watch | $child | $child.acc
watch | $animals | $animals.acc
help | $child | $child.dat
feed | $animal | $animal.acc
give | $thing to $child | $child.dat $thing.acc
talk | $child | mit $child.dat
wait | for $vehicle | auf $vehicle.acc
point | at $landmark | auf $landmark.acc
sit | on $seat | auf $seat.dat
kneel | on $seat | auf $seat.dat
sit | on the roof of $roofed | auf dem Dach $roofed.gen
settle | on $seat | auf $seat.acc
jump | over $obstacle | über $obstacle.acc
jump | into $water | in $water.acc
run | through $water | durch $water.acc
pass | past $landmark | an $landmark.dat
approach | toward $landmark | auf $landmark.acc
circle | around $landmark | um $landmark.acc
climb | up $ascent | $ascent.acc
descend | down $ascent | $ascent.acc
stroll | along $border | $border.acc
lean | against $landmark | an $landmark.dat
lurk | behind $landmark | hinter $landmark.dat
idle | |
idle | |
"""
MOVES = """
devour | $food | $food.acc
chase | $animal | $animal.acc
sit | on $seat | auf $seat.dat
sit | on the roof of $roofed | auf dem Dach $roofed.gen
jump | over $obstacle | über $obstacle.acc
jump | into $water | in $water.acc
run | through $water | durch $water.acc
pass | past $landmark | an $landmark.dat
circle | around $landmark | um $landmark.acc
stroll | along $border | $border.acc
lurk | behind $landmark | hinter $landmark.dat
roam | |
"""
TRIALS = """
try | to $act | | $act.zu
bend | to $handle $thing | | um $thing.acc $handle.zu
"""
PLACES = """
$spot ~ $spot.de
$spot ~ $spot.de
in front of $landmark ~ vor $landmark.dat
behind $landmark ~ hinter $landmark.dat
next to $landmark ~ neben $landmark.dat
near $landmark ~ in der Nähe $landmark.gen
"""
# Who it is: BASE is a phrase. (trägt) here, and (is) and others below, stand for what the number of subjects asks for.
PLAIN = """
BASE ~ BASE
BASE ~ BASE
BASE in CLOTHES ~ BASE in CLOTHES.dat
BASE with HEADGEAR ~ BASE mit HEADGEAR.dat
"""
CLOTHED = "BASE wearing HEADGEAR ~ BASE , BASE.relnom HEADGEAR.acc (trägt) ,"
# WHO is a subject, BARE one without a clause of its own; DOES and ACT are what they do.
SENTENCES = """
WHO DOES.(is) . ~ WHO.nom DOES.(sg) DOES.rest .
WHO DOES.(is) . ~ WHO.nom DOES.(sg) DOES.rest .
WHO DOES.ing . ~ WHO.nom DOES.(sg) DOES.rest .
$place , WHO (is) ACT.ing . ~ $place ACT.(sg) WHO.nom ACT.rest .
there (is) BARE ACT.ing $place . ~ $place ACT.(sg) BARE.nom ACT.rest .
WHO (is) ACT1.ing and ACT2.ing . ~ WHO.nom ACT1.(sg) ACT1.rest und ACT2.(sg) ACT2.rest .
WHO (is) ACT1.ing without ACT2.ing . ~ WHO.nom ACT1.(sg) ACT1.rest , ohne ACT2.zu .
BARE WHICH (is) ACT.ing DOES.(is) . ~ BARE.nom , BARE.relnom ACT.(lastsg) , DOES.(sg) DOES.rest .
WHO DOES.(is) while $child is $act2.ing . ~ WHO.nom DOES.(sg) DOES.rest , während $child.nom $act2.lastsg .
while WHO DOES.(is) , $child is $act2.ing . ~ während WHO.nom DOES.(lastsg) , $act2.sg $child.nom $act2.rest .
WHO (is) ACT.ing because $reason . ~ WHO.nom ACT.(sg) ACT.rest , weil $reason .
because $reason , WHO (is) ACT.ing . ~ weil $reason , ACT.(sg) WHO.nom ACT.rest .
WHO (is) going to ACT . ~ WHO.nom (wird) ACT.lastpl .
"""
OF_PEOPLE = """
WHO (is) watching as $animal is $move.ing . ~ WHO.nom (sieht) zu , wie $animal.nom $move.lastsg .
WHO (is) ACT1.ing so that $child can $act2 . ~ WHO.nom ACT1.(sg) ACT1.rest , damit $child.nom $act2.lastpl kann .
WHO (sees) $seat on which $child $sit.third . ~ WHO.nom (sieht) $seat.acc , auf $seat.reldat $child.nom $sit.sg .
$item that BARE (is) $handle.ing is $colour . ~ $item.nom , $item.relacc BARE.nom $handle.(lastsg) , ist $colour.alone .
WHO (has) just $handle.past $thing . ~ WHO.nom (hat) gerade $thing.acc $handle.done .
WHO (has) just $eat.past $food . ~ WHO.nom (hat) gerade $food.acc $eat.done .
WHO (has) just $dress.past $clothes . ~ WHO.nom (hat) gerade $clothes.acc $dress.done .
WHO (has) just $give.past $thing to $child . ~ WHO.nom (hat) $child.dat gerade $thing.acc $give.done .
$thing is being $hold.past by WHO . ~ $thing.nom wird von WHO.dat $hold.done .
$things are being $handle.past by WHO . ~ $things.nom werden von WHO.dat $handle.done .
$animal is being $feed.past by WHO . ~ $animal.nom wird von WHO.dat $feed.done .
$vehicle is being $fix.past by WHO $place . ~ $vehicle.nom wird $place von WHO.dat $fix.done .
"""
PLURALS = {
    "is": "are",
    "has": "have",
    "sees": "see",
    "sg": "pl",
    "lastsg": "lastpl",
    "wird": "werden",
    "sieht": "sehen",
    "hat": "haben",
    "trägt": "tragen",
}

GROUP = {
    "en": "a group of $crowd",
    "nom": "eine Gruppe von $crowd.dat",
    "dat": "einer Gruppe von $crowd.dat",
}
COUPLE = {"en": "$adult and $child", "nom": "$adult und $child", "dat": "$adult und $child"}


def rules() -> dict[str, Sequence[Forms]]:
    """All rules of the grammar; `sentence` is where it begins."""
    one, some = ("adult", "child", "clothes", "headgear"), ("adults", "children", "outfits", "hats")
    return {
        "sentence": (
            *_sentences(SENTENCES + OF_PEOPLE, who="one", bare="plain", which="who", act="act"),
            *_sentences(SENTENCES + OF_PEOPLE, who="some", bare="plainsome", which="who", act="act", plural=True),
            *_sentences(SENTENCES, who="beast", bare="animal", which="that", act="move"),
            *_sentences(SENTENCES, who="animals", bare="animals", which="that", act="move", plural=True),
        ),
        "plain": tuple(_subjects(PLAIN, *one)),
        "one": (*_subjects(PLAIN + CLOTHED, *one), _same("theadult"), _same("thechild"), GROUP),
        "plainsome": tuple(_subjects(PLAIN, *some, plural=True)),
        "some": (*_subjects(PLAIN + CLOTHED, *some, plural=True), COUPLE),
        "beast": (_same("animal"), _same("animal"), _same("theanimal")),
        "place": tuple({"en": english, "de": german} for english, german in _table(PLACES, "~")),
        "act": tuple(_predicates(ACTS)),
        "actthere": tuple(_predicates(ACTS, there=True)),
        "trial": tuple(_predicates(TRIALS)),
        "actdoes": tuple(_tenses("act", "actthere", "actthere", "trial")),
        "move": tuple(_predicates(MOVES)),
        "movethere": tuple(_predicates(MOVES, there=True)),
        "movedoes": tuple(_tenses("move", "movethere")),
    }


def _same(name: str) -> dict[str, str]:
    return dict.fromkeys(("en", "nom", "dat"), f"${name}")


def _table(rows: str, between: str) -> Iterator[list[str]]:
    for row in filter(None, rows.splitlines()):
        yield [cell.strip() for cell in row.split(between)]


def _filled(text: str, words: dict[str, str], plural: bool) -> str:
    """A pattern with its words in capitals and in brackets replaced."""
    text = re.sub("[A-Z]{3,}", lambda match: words[match[0]], text)
    return re.sub(r"\((\w+)\)", lambda match: PLURALS[match[1]] if plural else match[1], text)


def _sentences(
    rows: str, who: str, bare: str, which: str, act: str, *, plural: bool = False
) -> Iterator[dict[str, str]]:
    words = {"WHO": f"${who}", "BARE": f"${bare}", "WHICH": which, "DOES": f"${act}does", "ACT": f"${act}"}
    for english, german in _table(rows, "~"):
        yield {"en": _filled(english, words, plural), "de": _filled(german, words, plural)}


def _subjects(
    rows: str, adult: str, child: str, clothes: str, headgear: str, *, plural: bool = False
) -> Iterator[dict[str, str]]:
    """Phrases with what somebody wears, nominative and dative."""
    for base in (adult, child):
        words = {"BASE": f"${base}", "CLOTHES": f"${clothes}", "HEADGEAR": f"${headgear}"}
        for english, german in _table(rows, "~"):
            text = _filled(german, words, plural)
            yield {"en": _filled(english, words, plural), "nom": text, "dat": text, "relnom": f"${base}"}


def _predicates(rows: str, *, there: bool = False) -> Iterator[dict[str, str]]:
    """What is said of a subject, in the forms that clauses ask for; `there`: with a place, which comes early in German.

    `sg` and `pl` are the finite verb of a main clause and `rest` is what ends it; `lastsg` and `lastpl` end another
    clause, with the finite verb or (`lastpl`) the infinitive; `zu` is the infinitive with `zu`. Where an infinitive
    depends on the verb, it comes after all that.
    """
    for verb, english, middle, *infinitive in _table(rows, "|"):
        follows = REFERENCE.sub(lambda match: match[0] if match[3] else f"{match[0]}.en", english)
        place_en, place_de = ("$place.en", "$place.de") if there else ("", "")
        after = f", {infinitive[0]} ," if infinitive else ""
        yield {
            **dict.fromkeys(("en", "third", "ing"), f"${verb} {follows} {place_en}"),
            **dict.fromkeys(("sg", "pl"), f"${verb} ${verb}.self"),
            "rest": f"{place_de} {middle} ${verb}.off {after}",
            **dict.fromkeys(("lastsg", "lastpl", "zu"), f"${verb}.self {place_de} {middle} ${verb} {after}"),
        }


def _tenses(*rules: str) -> Iterator[dict[str, str]]:
    """What somebody does or is doing, which is the same in German."""
    for rule in rules:
        same = dict.fromkeys(("ing", "sg", "pl", "rest", "lastsg", "lastpl"), f"${rule}")
        yield {"is": f"is ${rule}.ing", "are": f"are ${rule}.ing", **same}
        yield {"is": f"${rule}.third", "are": f"${rule}.en", **same}
