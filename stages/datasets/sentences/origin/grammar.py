"""The built-in source of `sentences`: who does what to whom, which only the order of words shows.

`white blood cells destroying an infection` and `an infection destroying white blood cells` are a pair: the very same
words, two meanings. The two actors of a pair come from one field, and which actors meet is given by a rule that keeps
some meetings for val and some for test alone: every word of test is known from train, its pairs are not.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from random import Random

from stages.errors import StageError
from stages.texts.grammar import Grammar, choose, parse_rules
from stages.texts.recognition import Recogniser

ACTORS = {
    "body": (
        *("white blood cells", "an infection", "the virus", "healthy tissue", "the immune system", "a tumour"),
        *("antibodies", "the parasite", "the new drug", "young bacteria", "a rare fungus", "nerve cells"),
    ),
    "animals": (
        *("the old dog", "a black cat", "two foxes", "the hungry wolf", "a herd of goats", "the farmer's geese"),
        *("a flock of crows", "the wild boar", "three hunters", "the shepherd", "a young bear", "the horses"),
    ),
    "people": (
        *("the teacher", "a group of pupils", "the mayor", "two journalists", "my neighbour", "the tall lawyer"),
        *("a police officer", "the singer", "her older brother", "the committee", "a retired judge", "the students"),
    ),
    "weather": (
        *("the storm", "a small boat", "the high wall", "the river", "heavy snow", "the coastal road"),
        *("a wooden bridge", "the rising tide", "the forest fire", "a cloud of dust", "strong wind", "the glacier"),
    ),
}
VERBS = {  # -ing, past
    "body": "destroying destroyed | attacking attacked | changing changed | absorbing absorbed | weakening weakened",
    "animals": "chasing chased | following followed | watching watched | scaring scared | surrounding surrounded",
    "people": "praising praised | blaming blamed | helping helped | ignoring ignored | interviewing interviewed",
    "weather": "covering covered | crossing crossed | damaging damaged | reaching reached | blocking blocked",
}

# @a does it to @b; the pair's other sentence has them changed. Forms of verbs that fit one and many alike.
RULES = parse_rules("""
when: yesterday | last night | in the end | for hours | again | after the rain | without warning | every year
seen: the report describes | a picture shows | we saw | everybody talked about | the film begins with
pair: @a #ing @b | @a #ed @b | $when , @a #ed @b | @a #ed @b $when | $seen @a #ing @b | $seen @b that @a #ed
    | it was @a that #ed @b | @b being #ed by @a | we thought that @a #ed @b $when | @a must have #ed @b
    | @a , not @b , did the #ing | after #ing @b , @a disappeared | $seen how @a #ed @b $when
alone: @a disappeared $when | $when , nobody mentioned @a | $seen @a and @b | @a could not be found | @a and @b are gone
    | the photograph of @a was lost $when | $when , we heard of @a and of @b | there is @a
""")
ALONE_SHARE = 0.3  # of all sentences; the rest are pairs
LETTERS = "a-z',"
LONGEST = 20


@dataclass(frozen=True)
class Made:
    """A sentence with the number of its pair, -1 if it has none."""

    text: str
    pair: int


def meets_in(split: str, first: int, second: int) -> bool:
    """Whether two actors of a field, by their places in its list, may meet in `split`: nowhere else do they."""
    kind = (first + second) % 6
    return {"val": kind == 4, "test": kind == 5}.get(split, kind < 4)


def actors_in(text: str) -> list[tuple[str, int]]:
    """The actors named in a sentence, as field and place."""
    padded = f" {text} "
    return [
        (field, place) for field, names in ACTORS.items() for place, name in enumerate(names) if f" {name} " in padded
    ]


def is_written(text: str, rule: str) -> bool:
    """Whether one of the patterns of `rule` comes to this sentence, with whatever actors."""
    pattern = _VERBS.sub(lambda match: "#ing" if match[0].endswith("ing") else "#ed", text)
    orders = (("@a", "@b"), ("@b", "@a"))
    return any(_RECOGNISER.makes(rule, _with_places(pattern, order).split()) for order in orders)


def _with_places(pattern: str, places: tuple[str, str]) -> str:
    """The pattern with places for the first two actors; a third one stays, which no pattern has."""
    for place in places:
        pattern = _ACTORS.sub(place, pattern, count=1)
    return pattern


def _whole_words(phrases: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\S)(?:{'|'.join(map(re.escape, phrases))})(?!\S)")


def draw_sentences(split: str, count: int, rng: Random, seen: set[str]) -> list[Made]:
    """`count` sentences in random order, whose bags of words are not in `seen`, to which they go."""
    pairs = int(count * (1 - ALONE_SHARE) / 2)
    made: list[Made] = []
    for number, pattern in zip(range(pairs), _new("pair", split, rng, seen), strict=False):
        made += [Made(text, number) for text in pattern]
    for _, pattern in zip(range(count - len(made)), _new("alone", split, rng, seen), strict=False):
        made.append(Made(pattern[0], -1))
    return sorted(made, key=lambda _: rng.random())


def _new(rule: str, split: str, rng: Random, seen: set[str]) -> Iterator[tuple[str, str]]:
    """New sentences without end, each with its actors changed."""
    for _ in range(100_000):
        field = choose(tuple(ACTORS), rng)
        names = ACTORS[field]
        one, two = int(rng.random() * len(names)), int(rng.random() * len(names))
        if one == two or not meets_in(split, one, two):
            continue
        ing, past = choose(VERBS[field].split("|"), rng).split()
        pattern = GRAMMAR.draw(rule, split, rng).text.replace("#ing", ing).replace("#ed", past)
        texts = tuple(
            " ".join({"<a>": first, "<b>": second}.get(word, word) for word in pattern.split())
            for first, second in ((names[one], names[two]), (names[two], names[one]))
        )
        key = " ".join(sorted(texts[0].split()))
        if key not in seen and len(texts[0].split()) <= LONGEST:
            seen.add(key)
            yield texts[0], texts[1]
    raise StageError(f"{split}: the grammar gives no more new sentences ({rule}); ask for fewer")


GRAMMAR = Grammar(RULES, {"a": ("<a>",), "b": ("<b>",)}, 0.0)
_RECOGNISER = Recogniser(GRAMMAR)
_ACTORS = _whole_words(chain.from_iterable(ACTORS.values()))
_VERBS = _whole_words(" ".join(VERBS.values()).replace("|", " ").split())
