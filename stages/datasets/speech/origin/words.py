"""English utterances to be spelled: a few words each, of which val and test have some that training never says.

Words are spelled as they sound, no two sound the same, and three in ten nouns of training are made-up names (`plig`):
so what is learned is spelling rather than words. Those held out are made of pieces that other words have (`sand` of
`hand` and `sock`), all but `friend`: a lecture on CTC writes HIS FRIEND'S, a word that only those can write who have
learned how words look.
"""

from collections.abc import Iterable, Iterator
from itertools import product

from stages.texts.grammar import Grammar, Names, parse_rules
from stages.texts.sizes import SPLITS

HELD_OUT_SHARE = 0.3  # of the nouns: in train names, in val and test what is held out

_NOUNS = """
cat hat bat mat map cap tap bag tag van fan man can jam dam lab cab pad sack back track tank bank hatch patch match mask
hand band stand land lamp camp stamp gang crack plan flag snack raft bed shed sled hen pen net pet jet web leg belt felt
tent dent desk nest vest chest neck deck bench bell shell well shelf stem hem step trend spell pin bin fin tin chin ship
chip hip tip clip lid kid kit brick stick chick wig twig pig gift lift ring king string hill mill grill drill fish dish
silk milk list fist mist mint hint wind sink pinch film swing swim skid slit dog frog log pot dot lot cot spot shot
clock rock sock block flock shop drop top mop job rod pod box cloth moth doll bond crop plot frost bus mug bug rug jug
hug sun bun run nut hut cup duck truck luck drum gum mud bud tub cub lunch bunch trunk dust pump stump brush club skull
grid tree bee sheep feet seed weed heel queen teeth cheek street sweep moon spoon pool tool room root boot food roof
star car jar card yard park bark farm arm cart chart dart corn horn thorn fork fort port storm cord torch
"""
_HELD_OUT = {
    "val": "pill wing sand dock rag crest skin plug steel mark sport loop clamp brand twist finch creek bloom yarn "
    "lark peg slug plank stool",
    "test": "friend rat lock sheet rest barn pond sting ham crab skill print slot fox hub plum reel speed broom hoop "
    "shark harm form porch",
}
_OTHERS = {
    "things": "cats dogs cups bells ducks ships",
    "adjective": "black red green big hot long soft dark deep",
    "number": "two three four five six seven eight nine ten",
    "who": "we they",
    "verb": "see need keep take sell send",
}
_ONSETS = {  # of names, by the vowels before which they stand
    "aeiou": "b bl br ch cl cr d dr f fl fr gl gr h j l m n p pl pr r s sh shr sl sm sn sp spr st str t thr tr v y z",
    "aou": "c g",  # otherwise said as s and j
    "ei": "k sk sw tw w",  # k is c before the others; w makes other sounds of a and o
}
_RIMES = """
ab ack ad ag am amp an and ang ank ap ar ard ark arm arn art ash ask at atch eck ed ee eed eek eel een eep eet eg elf
ell elt em en ench ent ep esk est et ick id ift ig ilk ill im in inch ing ink int ip ish ist it ob ock od og om ond oof
ool oom oon oop op orch ord ork orm orn ort ot ox ub uck ud ug um ump un unch unk up ust ut
"""
_NO_NAMES = """
been besk chem chink chish chist chond chord clim clit cock crap cum dick dup fag from fuck jap mish mond nig pint
prick pud put reen reg shit slut smond spick swed tit trag veg yang yed
"""  # said in another way than they are spelled, or rude


def _names() -> Iterator[str]:
    """Every beginning before every end, but words that there are."""
    words = set(" ".join([_NOUNS, _NO_NAMES, *_HELD_OUT.values(), *_OTHERS.values()]).split())
    for vowels, onsets in _ONSETS.items():
        for onset, rime in product(onsets.split(), _RIMES.split()):
            if rime[0] in vowels and onset + rime not in words:
                yield onset + rime


def _nouns(ending: str) -> Names:
    def with_ending(words: Iterable[str]) -> tuple[str, ...]:
        return tuple(word + ending for word in words)

    only = {"train": _names(), **{split: words.split() for split, words in _HELD_OUT.items()}}
    return Names(with_ending(_NOUNS.split()), {split: with_ending(words) for split, words in only.items()})


GRAMMAR = Grammar(
    parse_rules("""
utterance: 3* $whose @noun | 3* $whose @owner @noun | 2* the @adjective @noun | 2* @number @adjective @things
    | @who @verb the @noun | @things and @things
whose: his | my | the
"""),
    {"noun": _nouns(""), "owner": _nouns("'s"), **{name: tuple(words.split()) for name, words in _OTHERS.items()}},
    HELD_OUT_SHARE,
)
_KEPT_FOR = {word: split for split in SPLITS for word in GRAMMAR.held_out(split)}


def kept_for(text: str) -> str:
    """The split that alone may have this utterance, by the words in it; '' if any may."""
    splits = {_KEPT_FOR[word] for word in text.split() if word in _KEPT_FOR}
    return next((split for split in reversed(SPLITS) if split in splits), "")
