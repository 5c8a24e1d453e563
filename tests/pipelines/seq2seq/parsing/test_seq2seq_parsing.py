"""Trees: written and read back, scored by EVALB's rules, kept well-formed, and parsed by a grammar."""

import itertools
import math
from collections import Counter, defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.seq2seq.parsing.brackets import brackets, score
from pipelines.seq2seq.parsing.constraint import TreeConstraint
from pipelines.seq2seq.parsing.pcfg import Grammar, Node, linear, tree_of
from pipelines.seq2seq.parsing.trees import Span, is_tree, spans, tags, with_words
from pipelines.seq2seq.symbols import SPECIAL, STOP


def parts(text: str) -> list[str]:
    return text.split()


DOG = parts("(S (NP NNP )NP (VP VBZ (NP DT NN )NP )VP . )S")
WORDS = parts("John has a dog .")
NAMES = [*SPECIAL, "(S", ")S", "(NP", ")NP", "(VP", ")VP", "NN", "VB", ".", "(X"]


def test_the_spans_of_a_tree() -> None:
    assert spans(DOG, 5) == [Span("NP", 0, 1), Span("NP", 2, 4), Span("VP", 1, 4), Span("S", 0, 5)]
    assert tags(DOG) == ["NNP", "VBZ", "DT", "NN", "."]
    assert with_words(DOG, WORDS) == "(S (NP (NNP John)) (VP (VBZ has) (NP (DT a) (NN dog))) (. .))"
    assert linear(tree_of(DOG, WORDS)) == DOG


@pytest.mark.parametrize(
    ("symbols", "message"),
    [
        ("", "there is no tree"),
        ("NN", "'NN', is outside"),
        ("(S NN", "1 constituents are not closed"),
        ("(S NN )NP", "'\\)NP', closes a constituent that is not open"),
        (")S", "closes a constituent that is not open"),
        ("(S )S", "closes a constituent without a word"),
        ("(S (NP )NP NN )S", "symbol 3, '\\)NP', closes a constituent without"),
        ("(S NN )S NN", "comes after the end"),
        ("(S NN )S (S NN )S", "comes after the end"),
        ("(S NN NN )S", "the tree has 2 words, the sentence 1"),
    ],
)
def test_what_is_no_tree_says_why(symbols: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        spans(symbols.split(), 1)


def test_brackets_by_evalbs_rules() -> None:
    """Punctuation takes no place, TOP and brackets of punctuation alone do not count, PRT is ADVP."""
    symbols = parts("(TOP (S (NP NNP , )NP (PRN , )PRN (VP VBD (PRT RP )PRT )VP . )S )TOP")
    found = brackets(spans(symbols, 6), tags(symbols))
    assert found == Counter([Span("NP", 0, 1), Span("ADVP", 2, 3), Span("VP", 1, 3), Span("S", 0, 3)])


def test_a_score_by_hand() -> None:
    gold = [parts("(S (NP NN NN )NP (VP VB )VP )S"), parts("(S (NP NN )NP (VP VB (NP NN )NP )VP )S")]
    said = [parts("(S (NP NN )NP (VP NN VB )VP )S"), parts("(S (NP NN )NP (VP VB (NP NN )NP )VP )S")]
    found = score(gold, said)
    assert (found.matched, found.gold, found.found, found.exact, found.failed) == (1 + 4, 3 + 4, 3 + 4, 1, 0)
    assert found.f1 == pytest.approx(100 * 5 / 7)
    assert found.precision == found.recall == found.f1
    broken = score(gold, [said[0][:-1], said[1]])
    assert (broken.matched, broken.gold, broken.found, broken.failed) == (4, 7, 4, 1)
    assert broken.recall == pytest.approx(100 * 4 / 7)
    assert broken.precision == 100


def test_the_same_bracket_twice_counts_twice() -> None:
    twice, once = parts("(S (NP (NP NN )NP )NP )S"), parts("(S (NP NN )NP )S")
    assert (score([twice], [once]).matched, score([twice], [once]).gold) == (2, 3)
    assert score([once], [twice]).matched == 2
    assert score([twice], [twice]).f1 == 100


@settings(max_examples=60)
@given(st.integers(1, 6), st.integers(0, 30), st.randoms(use_true_random=False))
def test_every_walk_through_what_is_allowed_is_a_tree(words: int, room: int, random: object) -> None:
    most = words + 2 + room
    constraint = TreeConstraint(NAMES, words, most)
    state, written = constraint.start(), []
    while (symbol := random.choice(constraint.allowed(state))) != STOP:  # type: ignore[attr-defined]
        written.append(NAMES[symbol])
        state = constraint.step(state, symbol)
    assert is_tree(written, words)
    assert len(written) <= most


def test_every_tree_is_allowed() -> None:
    """All sequences of up to eight symbols that are trees of two words, and no other, can be walked."""
    constraint = TreeConstraint(NAMES, 2, 8)
    some = [NAMES.index(name) for name in ("(S", ")S", "(NP", ")NP", "NN")]

    def walks(symbols: tuple[int, ...]) -> bool:
        state = constraint.start()
        for symbol in symbols:
            if symbol not in constraint.allowed(state):
                return False
            state = constraint.step(state, symbol)
        return constraint.allowed(state) == [STOP]

    found = 0
    for length in range(1, 9):
        for symbols in itertools.product(some, repeat=length):
            tree = is_tree([NAMES[symbol] for symbol in symbols], 2)
            assert walks(symbols) == tree
            found += tree
    assert found > 10


def test_a_constraint_without_room_is_refused() -> None:
    for words, most in ((0, 10), (3, 4)):
        with pytest.raises(ValueError, match="a tree has at least one word and one bracket"):
            TreeConstraint(NAMES, words, most)


BANK = [
    ("(S (NP DT NN )NP (VP VB (NP DT NN )NP )VP )S", "the dog saw the cat"),
    ("(S (NP DT JJ NN )NP (VP VB )VP )S", "the old dog slept"),
    ("(S (NP NN )NP (VP VB (NP DT JJ JJ NN )NP )VP )S", "Ann saw the old red cat"),
    ("(S (NP (NP DT NN )NP (PP IN (NP DT NN )NP )PP )NP (VP VB )VP )S", "the cat with the dog slept"),
    ("(S (NP DT NN )NP (VP VB (NP DT NN )NP (PP IN (NP NN )NP )PP )VP )S", "the dog saw the cat with Ann"),
]


def grammar(history: int = 1) -> Grammar:
    return Grammar([tree_of(symbols.split(), words.split()) for symbols, words in BANK], history)


def test_rules_of_a_symbol_share_all_of_its_probability() -> None:
    for history in (0, 1, 9):
        found = grammar(history)
        mass: dict[str, float] = defaultdict(float)
        for parent, value in zip(found.parent, found.binary, strict=True):
            mass[found.symbols[parent]] += math.exp(value)
        chain = {symbol: found.chain[place] for place, symbol in enumerate(found.symbols)}
        single = {"TOP": ["S"], "NP": ["NN"], "VP": ["VB"]}
        for parent, children in single.items():
            mass[parent] += sum(math.exp(chain[parent][found.symbols.index(child)]) for child in children)
        assert mass == {symbol: pytest.approx(1) for symbol in mass}


def all_trees(found: Grammar, words: list[str], symbol: int, depth: int = 0) -> list[tuple[float, Node]]:
    """Every tree of a symbol over words with its log probability, by trying everything."""
    trees = []
    if len(words) == 1:
        trees += [
            (value, Node(found.symbols[tag], word=words[0]))
            for tag, value in found.emitted(words[0], False)
            if tag == symbol
        ]
    if depth < 3:
        for child in range(len(found.symbols)):
            if child != symbol and found.through[symbol, child] < 0 and found.chain[symbol, child] > -math.inf:
                trees += [
                    (found.chain[symbol, child] + value, Node(found.symbols[symbol], [tree]))
                    for value, tree in all_trees(found, words, child, depth + 1)
                ]
    for rule in range(len(found.binary)):
        if found.parent[rule] == symbol:
            for middle in range(1, len(words)):
                left = all_trees(found, words[:middle], int(found.left[rule]))
                right = all_trees(found, words[middle:], int(found.right[rule]))
                trees += [
                    (found.binary[rule] + a + b, Node(found.symbols[symbol], [one, two]))
                    for (a, one), (b, two) in itertools.product(left, right)
                ]
    return trees


@pytest.mark.parametrize("text", ["the dog slept", "the cat saw Ann", "the old dog saw the cat", "dog with Ann slept"])
def test_the_parse_is_the_likeliest_of_all_trees(text: str) -> None:
    found = grammar()
    words = text.split()
    everything = all_trees(found, words, found.root)
    parsed = found.parse(words)
    if not everything:
        assert parsed is None
        return
    value, best = max(everything, key=lambda one: one[0])
    assert parsed is not None
    assert parsed[1] == pytest.approx(value, abs=1e-9)
    assert linear(parsed[0]) == linear(best)
    assert is_tree(linear(parsed[0]), len(words))


def test_what_was_counted_is_parsed_as_it_was() -> None:
    found = grammar(history=9)
    for symbols, words in BANK:
        parsed = found.parse(words.split())
        assert parsed is not None
        assert linear(parsed[0]) == symbols.split()


def test_unknown_words_are_parsed_by_their_shape() -> None:
    parsed = grammar().parse(parts("the zorgish dog slept"))
    assert parsed is not None
    assert is_tree(linear(parsed[0]), 4)
