"""English utterances to be spelled: a few words each, of which val and test have some that training never says.

The words that are held out are spelled as they sound, from pieces that other words have (`sand` as `hand` and `sock`),
all but `friend`: a lecture on CTC writes HIS FRIEND'S, a word that only those can write who have learnt how words look.
"""

from stages.texts.grammar import Grammar, Names, parse_rules

HELD_OUT_SHARE = 0.5  # of the nouns in val and test

_NOUNS = """
cat hat bat rat map cap lamp hand band lip ship bell shell well dog frog log pot clock rock sock bus cup duck truck
drum plum tent desk nest fish dish ring king wing lake cake plate train rain tail boat coat road rose nose stone phone
kite bike line pine tree bee sheep wheel moon spoon book cook car star farm arm horse corn fork shirt skirt church
night light coin oil boy toy cow town house mouse cloud sister brother mother father teacher doctor baker winter
summer river paper letter dinner apple table candle bottle city party kitten button lesson
"""
_HELD_OUT = {
    "val": "land pill nail string cone feet cart storm puppy hunter basket moonlight runner",
    "test": "friend sand hill goat snail spring bone sheet barn thorn farmer singer ladder candy rocket hook",
}
_OTHERS = {
    "things": "cats dogs cups boats kites stones hats books bells rings lamps ducks",
    "adjective": "black white red green blue big small old new cold hot long short soft dark deep",
    "number": "two three four five six seven eight nine ten",
    "who": "i you we they",
    "verb": "see have want like need hear find keep take hold sell send",
}


def _nouns(ending: str) -> Names:
    def with_ending(words: str) -> tuple[str, ...]:
        return tuple(word + ending for word in words.split())

    return Names(with_ending(_NOUNS), {split: with_ending(words) for split, words in _HELD_OUT.items()})


GRAMMAR = Grammar(
    parse_rules("""
utterance: 3* $whose @noun | 3* $whose @owner @noun | 2* the @adjective @noun | 2* @number @adjective @things
    | @who @verb $whose @noun | @who @verb the @noun | @things and @things
whose: his | her | my | our | their | your | the
"""),
    {"noun": _nouns(""), "owner": _nouns("'s"), **{name: tuple(words.split()) for name, words in _OTHERS.items()}},
    HELD_OUT_SHARE,
)


def kept_for(text: str) -> str:
    """The split that alone may have this utterance, by the words in it; '' if any may."""
    words = {word.removesuffix("'s") for word in text.split()}
    return next((split for split, held_out in _HELD_OUT.items() if not words.isdisjoint(held_out.split())), "")
