"""Abstracts of papers from a grammar, whose key terms are marked by use: what `key_terms` and others are built of.

Every abstract names several technical terms of one vocabulary. Some are its key terms: it defines them, proposes them,
or says what they have over others. The rest are mentioned in passing: reviewed elsewhere, out of scope, worse. Both
also occur in sentences that reveal nothing (`figure 3 shows sparse indexes .`), before or after the one that does; the
order of sentences is random. So neither position, nor frequency, nor the term itself gives it away. Of the pairs of
words that make a term, some occur in test alone and some in val alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain, pairwise
from random import Random

from stages.errors import StageError
from stages.texts.grammar import Grammar, choose, parse_rules

MODIFIERS = (
    *(
        "adaptive",
        "asynchronous",
        "binary",
        "bounded",
        "cyclic",
        "distributed",
        "dynamic",
        "elastic",
        "fuzzy",
        "hybrid",
    ),
    *("implicit", "layered", "linear", "modular", "nested", "optical", "parallel", "quantum", "random", "recursive"),
    *("robust", "sparse", "spectral", "weighted"),
)
HEADS = (
    *(
        "agents",
        "automata",
        "buffers",
        "caches",
        "circuits",
        "codes",
        "controllers",
        "databases",
        "decoders",
        "filters",
    ),
    *("graphs", "grids", "indexes", "interfaces", "kernels", "lattices", "models", "networks", "queues", "schedulers"),
    *("sensors", "solvers", "trees", "wavelets"),
)
TOPICS = ("image", "speech", "traffic", "web")  # some terms have three words: adaptive speech filters

# @key and @other are a key term and one in passing, @any is either; a placeholder each, filled per abstract.
RULES = parse_rules("""
task: image retrieval | load forecasting | route planning | text search | fault detection | data transfer | scheduling
stuff: real data | two benchmarks | simulated runs | hospital records | public archives | noisy samples
quality: need less memory | converge faster | scale to large inputs | tolerate errors | are easier to verify
    | give tighter bounds | keep their accuracy under noise | can be updated while running
kind: structures | systems | methods | devices | algorithms
amount: the size of the input | the number of users | a few minutes | the error rate | the square of the load
number: 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8

key: this paper introduces @key for $task . | we propose @key , which $quality . | by @key we mean $kind that $quality .
    | @key are defined as $kind that $quality . | the main result is a bound for @key . | we present @key .
    | we show how @key can be built for $task . | experiments on $stuff confirm that @key $quality .
    | @key form the subject of this paper . | a theory of @key is developed and applied to $task .
contrast: unlike @other , @key $quality . | @key $quality , which cannot be said of @other .
    | compared with @other , @key $quality . | where @other fail , @key $quality . | @key outperform @other on $stuff .
    | instead of @other we use @key , as these $quality . | it is @key , not @other , that we study .
    | @other are outperformed by @key on $stuff . | we replace @other by @key for $task .
    | @key take the place of @other in $task .
other: work on @other is reviewed elsewhere . | @other are beyond the scope of this paper .
    | @other are not considered .
    | in passing , a link to @other is noted . | readers who know @other may skip the introduction .
    | @other were treated in an earlier paper . | the data were once collected for a study of @other .
    | the same journal has an issue on @other . | a survey of @other appeared last year .
    | @other are left for later work .
neutral: @any are run on $stuff . | the cost of @any grows with $amount . | figure $number shows @any .
    | $task with @any takes $amount . | software for @any is available . | section $number is about $task with @any .
    | table $number lists $amount for @any . | on $stuff , @any depend on $amount . | @any have been used for $task .
filler: the paper has $number sections . | $task is a common problem . | the results on $stuff are discussed .
""")
PLACES = ("key", "other", "any")
GRAMMAR = Grammar(RULES, {place: (f"<{place}>",) for place in PLACES}, 0.0)
HELD_OUT_SHARE = 0.4
LETTERS = "a-z0-9,."
LONGEST = 160


@dataclass(frozen=True)
class Abstract:
    """Words with B, I or O each, and the key terms in the order of their first use."""

    words: tuple[str, ...]
    tags: tuple[str, ...]
    key_terms: tuple[str, ...]


def _terms() -> Iterator[tuple[str, int]]:
    for row, modifier in enumerate(MODIFIERS):
        for column, head in enumerate(HEADS):
            topic = f"{TOPICS[(row + column // 2) % 4]} " if (row + 2 * column) % 5 == 0 else ""
            yield f"{modifier} {topic}{head}", (row + column) % 6


def terms(split: str | None) -> tuple[str, ...]:
    """The terms that occur in `split` alone; None: in all. Their words occur in all, but not next to each other."""
    kinds = {"val": (4,), "test": (5,), None: (0, 1, 2, 3)}.get(split, ())
    return tuple(term for term, kind in _terms() if kind in kinds)


def terms_in(text: str) -> set[str]:
    """The terms, of any split, that a text names as whole words; each is two words or three."""
    words, every = text.split(" "), _every_term()
    places = chain(pairwise(words), zip(words, words[1:], words[2:], strict=False))
    return {term for place in places if (term := " ".join(place)) in every}


@cache
def _every_term() -> frozenset[str]:
    return frozenset(term for term, _ in _terms())


def draw_abstracts(split: str, count: int, rng: Random, seen: set[str]) -> list[Abstract]:
    """`count` abstracts whose texts are not in `seen`, to which they go."""
    found: list[Abstract] = []
    everywhere, own = terms(None), terms(split)
    for _ in range(1000 + 2 * count):
        if len(found) == count:
            return found
        abstract = _draw(everywhere, own, rng)
        text = " ".join(abstract.words)
        if text not in seen:
            seen.add(text)
            found.append(abstract)
    raise StageError(f"{split}: the grammar gave {len(found)} of {count} distinct abstracts; ask for fewer")


def _draw(everywhere: tuple[str, ...], own: tuple[str, ...], rng: Random) -> Abstract:
    """An abstract with two or three key terms and as many in passing."""
    chosen: list[str] = []
    while len(chosen) < 6:
        term = choose(own if own and rng.random() < HELD_OUT_SHARE else everywhere, rng)
        if term not in chosen:
            chosen.append(term)
    keys, others = chosen[: choose((2, 3), rng)], chosen[3 : 3 + choose((2, 3), rng)]
    plan: list[tuple[str, dict[str, str]]] = []
    for term in keys:
        rule = choose(("key", "contrast"), rng)
        plan.append((rule, {"key": term, "other": choose(others, rng)}))
    contrasted = {filling["other"] for rule, filling in plan if rule == "contrast"}
    plan += [("other", {"other": term}) for term in others if term not in contrasted or rng.random() < 0.3]
    plan += [("neutral", {"any": term}) for term in [*keys, *others] if rng.random() < 0.6]
    plan += [("filler", {})] * choose((0, 1, 2), rng)
    plan.sort(key=lambda _: rng.random())
    words: list[str] = []
    for rule, filling in plan:
        sentence = GRAMMAR.draw(rule, "", rng)
        for word, tag in zip(sentence.words, sentence.tags, strict=True):
            words += filling[tag[2:]].split() if tag != "O" else [word]
    ordered = sorted(keys, key=lambda term: f" {' '.join(words)} ".index(f" {term} "))
    return Abstract(tuple(words), tuple(tag_terms(words, ordered)), tuple(ordered))


def tag_terms(words: list[str], key_terms: list[str]) -> list[str]:
    """B at the start and I in the rest of each place where a key term is written out; longer terms go first.

    Case does not matter; the words of a key term are separated by blanks.
    """
    lower = [word.lower() for word in words]
    tags = ["O"] * len(words)
    for term in sorted({tuple(term.lower().split()) for term in key_terms}, key=lambda term: (-len(term), term)):
        for start in range(len(words) - len(term) + 1):
            here = slice(start, start + len(term))
            if tuple(lower[here]) == term and set(tags[here]) == {"O"}:
                tags[here] = ["B", *["I"] * (len(term) - 1)]
    return tags
