"""English utterances to be spelled: a few words each, of which val and test have some that training never says.

Words are spelled as they sound, and training has many, so that what is learned is spelling rather than words. Those
held out are made of pieces that other words have (`sand` of `hand` and `sock`), all but `friend`: a lecture on CTC
writes HIS FRIEND'S, a word that only those can write who have learnt how words look.
"""

from stages.texts.grammar import Grammar, Names, parse_rules

HELD_OUT_SHARE = 0.3  # of the nouns in val and test

_NOUNS = """
cat hat bat mat map cap tap bag tag van fan man can jam dam lab cab pad sack back track tank bank hatch patch match mask
hand band stand land lamp camp stamp gang crack plan flag snack raft bed shed sled hen pen net pet jet web leg belt felt
tent dent desk nest vest chest neck deck bench bell shell well shelf stem hem step trend spell pin bin fin tin chin ship
chip hip tip clip lid kid kit brick stick chick wig twig pig gift lift ring king string hill mill grill drill fish dish
silk milk list fist mist mint hint wind sink pinch film swing swim skid slit whip dog frog log pot dot lot cot spot shot
clock rock sock block flock shop drop top mop job rod pod box cloth moth doll bond crop plot frost bus mug bug rug jug
hug sun bun run nut hut cup duck truck luck drum gum mud bud tub cub lunch bunch trunk dust pump stump brush club skull
grid tree bee sheep feet seed weed heel queen teeth cheek street sweep moon spoon pool tool room root boot food roof
star car jar card yard park bark farm arm cart chart dart corn horn thorn fork fort port storm cord torch
"""
_HELD_OUT = {
    "val": "pill wing sand dock rag crest skin plug steel mark sport loop",
    "test": "friend rat lock sheet rest barn pond sting ham crab skill print slot fox hub plum wheel speed broom hoop "
    "shark harm form porch",
}
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
