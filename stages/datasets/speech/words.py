"""English utterances to be spelled: a few words each, of which val and test have some that training never says.

Most words are spelled as they sound. Those held out are made of pieces that other words have (`sand` of `hand` and
`sock`), all but `friend`: a lecture on CTC writes HIS FRIEND'S, a word that only those can write who have learnt how
words look.
"""

from stages.texts.grammar import Grammar, Names, parse_rules

HELD_OUT_SHARE = 0.3  # of the nouns in val and test

_NOUNS = """
cat hat bat mat map cap tap hand band land ship chip bell shell well hill mill dog frog log pot clock rock sock bus cup
duck truck drum tent desk nest fish dish ring king tree bee sheep feet moon spoon star farm corn horn fork lamp camp
stamp wind pin
"""
_HELD_OUT = {"val": "pill wing sand dock", "test": "friend rat lock sheet rest barn pond sting"}
_OTHERS = {
    "things": "cats dogs cups bells ducks ships",
    "adjective": "black red green big hot long soft dark deep",
    "number": "two three four five six seven eight nine ten",
    "who": "we they",
    "verb": "see need keep take sell send",
}


def _nouns(ending: str) -> Names:
    def with_ending(words: str) -> tuple[str, ...]:
        return tuple(word + ending for word in words.split())

    return Names(with_ending(_NOUNS), {split: with_ending(words) for split, words in _HELD_OUT.items()})


GRAMMAR = Grammar(
    parse_rules("""
utterance: 3* $whose @noun | 3* $whose @owner @noun | 2* the @adjective @noun | 2* @number @adjective @things
    | @who @verb the @noun | @things and @things
whose: his | my | the
"""),
    {"noun": _nouns(""), "owner": _nouns("'s"), **{name: tuple(words.split()) for name, words in _OTHERS.items()}},
    HELD_OUT_SHARE,
)


def kept_for(text: str) -> str:
    """The split that alone may have this utterance, by the words in it; '' if any may."""
    words = {word.removesuffix("'s") for word in text.split()}
    return next((split for split, held_out in _HELD_OUT.items() if not words.isdisjoint(held_out.split())), "")
