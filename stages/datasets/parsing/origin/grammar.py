"""The built-in source of `parsing`: a probabilistic grammar with labels and tags of the Penn Treebank.

Notation as in stages/texts/grammar.py, but every name is a symbol: what follows a stroke in it keeps kinds apart (NP/s
is a singular NP) and is no part of the label. A symbol of the word lists is a tag.

A sentence has one tree only: prepositions show what they attach to (`of` a noun, `after` a verb), a relative clause
belongs to the nearest noun, and what is joined by `and` has no clause inside. So a perfect parser scores 100.
"""

from random import Random

from stages.datasets.parsing.origin.trees import Tree
from stages.texts.grammar import choose, parse_rules

START = "TOP"
RULES = parse_rules("""
TOP: 9* S | SQ | SBARQ
S: 5* NP/s VP/s . | 4* NP/p VP/p . | S/c , CC/c S/c . | 2* SBAR , S/f .
S/f: NP/s VP/s | NP/p VP/p
S/c: 2* NP/s VP/s | NP/p VP/p
SQ: VBZ/do NP/s VP/b ? | VBP/do NP/p VP/b ? | MD NP/s VP/b ?
SBARQ: WHNP/q SQ/s ? | WHNP/q SQ/p ? | WHADVP SQ/a ?
SQ/s: VBZ/do NP/s VP/q
SQ/p: VBP/do NP/p VP/q
SQ/a: VBZ/do NP/s VP/b
VP/q: VB/t

# who and what
NP/s: 4* DT/s NN | 3* NNP | 2* DT/s JJ NN | DT/s JJ JJ NN | NP/bs PP/n | NP/bs SBAR/s | PRP/s | DT/s NN/x NN
NP/p: 3* DT/p NNS | JJ NNS | NNS | CD NNS | NP/bp PP/n | NP/bp SBAR/p | NP/n CC/and NP/n | PRP/p
NP/o: 5* NP/k | NP/bs SBAR/s | NP/bp SBAR/p
NP/k: 4* NP/bs | 2* NP/bp | 2* NP/n | NP/bs PP/n | NP/bp PP/n | PRP/o
NP/bs: 3* DT/s NN | 2* DT/s JJ NN | DT/s NN/x NN | NP/g NN
NP/bp: DT/p NNS | JJ NNS | CD NNS | CD JJ NNS | DT/p JJ NNS
NP/n: NNP | NNP/f NNP/l
NP/g: NNP POS | NNP/f NNP/l POS
SBAR/s: WHNP S/rs
SBAR/p: WHNP S/rp
S/rs: VP/s
S/rp: VP/p
WHNP: WDT
WHNP/q: WP
WHADVP: WRB
PP/n: IN/n NP/k
PP: IN/v NP/k

# what happens
VP/s: 5* VBZ/t NP/o | 2* VBZ/i | 2* VBZ/i PP | 2* VBZ/t NP/k PP | VP/xs CC/and VP/xs | MD VP/b | 2* VBZ/be ADJP
    | VBZ/say SBAR/c | ADVP VBZ/t NP/o | VBZ/have VP/n | VBZ/be VP/g | VBZ/give NP/n NP/bs | VBZ/want S/to | VBD/t NP/o
    | VBD/i ADVP | VBZ/be NP/bs | VBZ/do RB/not VP/b
VP/p: 5* VBP/t NP/o | 2* VBP/i | 2* VBP/i PP | 2* VBP/t NP/k PP | VP/xp CC/and VP/xp | MD VP/b | 2* VBP/be ADJP
    | VBP/say SBAR/c | ADVP VBP/t NP/o | VBP/have VP/n | VBP/be VP/g | VBP/give NP/n NP/bs | VBP/want S/to | VBD/t NP/o
    | VBD/i ADVP | VBP/do RB/not VP/b
VP/xs: VBZ/i | VBZ/t NP/bs
VP/xp: VBP/i | VBP/t NP/bp
VP/b: 3* VB/t NP/o | VB/i | VB/i PP | VB/t NP/k PP
VP/n: 3* VBN/t NP/o | VBN/t NP/k PP
VP/g: 3* VBG/t NP/o | VBG/i | VBG/i PP
S/to: VP/to
VP/to: TO VP/b
ADJP: JJ | RB JJ | JJ/than PP/than
PP/than: IN/than NP/n
ADVP: RB/m
SBAR: IN/sub S/f
SBAR/c: IN/that S/c
""")

_VERBS = """
see sees saw seen seeing | find finds found found finding | like likes liked liked liking
hear hears heard heard hearing | follow follows followed followed following | draw draws drew drawn drawing
help helps helped helped helping | visit visits visited visited visiting | sell sells sold sold selling
know knows knew known knowing | paint paints painted painted painting | watch watches watched watched watching
need needs needed needed needing
"""
_FORMS = [verb.split() for verb in _VERBS.replace("\n", "|").split("|") if verb.strip()]
WORDS: dict[str, tuple[str, ...]] = {
    name: tuple(words.split())
    for name, words in {
        ".": ".",
        ",": ",",
        "?": "?",
        "DT/s": "the a every this that",
        "DT/p": "the some these those all",
        "NN": "dog cat teacher student house river garden book letter car city child doctor farmer painter horse bird "
        "tree bridge window song story engine theory market question problem picture computer village",
        "NN/x": "school city stone night garden street train police",
        "NNS": "dogs cats teachers students houses rivers gardens books letters cars cities children doctors farmers "
        "painters horses birds trees bridges windows songs stories engines theories markets questions "
        "problems pictures",
        "NNP": "John Mary Tom Anna Peter Susan London Paris Rome Berlin",
        "NNP/f": "John Mary Tom Anna Peter Susan",
        "NNP/l": "Smith Jones Miller Brown Taylor",
        "PRP/s": "he she it",
        "PRP/p": "we they you I",
        "PRP/o": "him her them us me",
        "POS": "'s",
        "JJ": "old young big small red green quiet loud clever tired famous strange beautiful heavy new tall",
        "JJ/than": "older younger bigger smaller taller stranger",
        "CD": "two three four five six ten twenty",
        "CC/c": "and but or",
        "CC/and": "and",
        "IN/n": "of from near behind beside",
        "IN/v": "after before during despite without",
        "IN/sub": "because if while although",
        "IN/that": "that",
        "IN/than": "than",
        "WDT": "that which",
        "WP": "what who",
        "WRB": "why when where how",
        "MD": "will can may must should could",
        "TO": "to",
        "RB": "very quite rather too",
        "RB/not": "not",
        "RB/m": "often never always rarely quickly slowly",
        "VBZ/i": "sleeps runs sings waits works smiles",
        "VBP/i": "sleep run sing wait work smile",
        "VB/i": "sleep run sing wait work smile",
        "VBD/i": "slept ran sang waited worked smiled",
        "VBG/i": "sleeping running singing waiting working smiling",
        "VBZ/be": "is",
        "VBP/be": "are",
        "VBZ/have": "has",
        "VBP/have": "have",
        "VBZ/do": "does",
        "VBP/do": "do",
        "VBZ/say": "says thinks believes hopes",
        "VBP/say": "say think believe hope",
        "VBZ/give": "gives shows sends",
        "VBP/give": "give show send",
        "VBZ/want": "wants tries",
        "VBP/want": "want try",
    }.items()
} | {
    "VB/t": (*(forms[0] for forms in _FORMS), "have"),
    "VBP/t": (*(forms[0] for forms in _FORMS), "have"),
    "VBZ/t": (*(forms[1] for forms in _FORMS), "has"),
    "VBD/t": (*(forms[2] for forms in _FORMS), "had"),
    "VBN/t": tuple(forms[3] for forms in _FORMS),
    "VBG/t": tuple(forms[4] for forms in _FORMS),
}
TAGS = {"?": "."}  # a tag is its symbol's name but for this one


def draw(rng: Random, symbol: str = START) -> Tree:
    """A tree."""
    label = symbol.partition("/")[0]
    if symbol in WORDS:
        return Tree(TAGS.get(label, label), word=choose(WORDS[symbol], rng))
    parts = tuple(draw(rng, part) for part in choose(RULES[symbol], rng).split())
    if symbol == START or [part.label for part in parts] == [label]:
        return parts[0]  # an NP/o that is an NP/s and nothing else is one NP
    return Tree(label, parts)


def sentence(rng: Random) -> Tree:
    """A tree whose first word has a capital, as in writing."""
    return _capitalised(draw(rng))


def _capitalised(tree: Tree) -> Tree:
    if tree.word:
        return Tree(tree.label, word=tree.word[0].upper() + tree.word[1:])
    return Tree(tree.label, (_capitalised(tree.parts[0]), *tree.parts[1:]))


def not_made(tree: Tree) -> str:
    """The first word or constituent that the grammar has not like that; '' if it made all."""
    for leaf in tree.leaves():
        if (leaf.label, leaf.word.lower()) not in _TAGGED:
            return leaf.bracketed()
    for part in tree.constituents():
        if (part.label, *(inside.label for inside in part.parts)) not in _MADE:
            return f"{part.label} of {' '.join(inside.label for inside in part.parts)}"
    return ""


def _label(symbol: str) -> str:
    label = symbol.partition("/")[0]
    return TAGS.get(label, label)


_TAGGED = {(_label(symbol), word.lower()) for symbol, words in WORDS.items() for word in words}
_MADE = {
    (_label(symbol), *map(_label, production.split()))
    for symbol, productions in RULES.items()
    for production in productions
}


def labels() -> set[str]:
    """Every constituent's label that a tree may have."""
    return {symbol.partition("/")[0] for symbol in RULES} - {START}


def tags() -> set[str]:
    """Every tag that a word may have."""
    return {TAGS.get(tag, tag) for tag in (symbol.partition("/")[0] for symbol in WORDS)}
