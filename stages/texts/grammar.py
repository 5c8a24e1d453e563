"""Sentences with labelled slots, drawn from a grammar: the engine behind built-in text data.

Rules are written down as `name: production | production`, indented lines going on, `# ...` being a comment. A
production is words separated by blanks:

    word    itself                $name   a rule          @label  a slot, filled from that label's lexicon
    4* ...  (in front) a production as likely as four     ...?    one time in two

so `to: 3* to @toloc.city_name | into the @toloc.state_name area please?` has two productions.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from random import Random
from typing import TypeVar

from stages.errors import StageError

Item = TypeVar("Item")


@dataclass(frozen=True)
class Names:
    """Phrases of a slot of which some are held out: a split draws from `everywhere` and from its own alone."""

    everywhere: tuple[str, ...]
    only: Mapping[str, tuple[str, ...]]  # split -> phrases

    def of(self, split: str) -> tuple[str, ...]:
        """The phrases that occur in `split` alone."""
        return self.only.get(split, ())


@dataclass(frozen=True)
class Sentence:
    """Words with one IOB tag each."""

    words: tuple[str, ...]
    tags: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(self.words)


@dataclass(frozen=True)
class Grammar:
    """Rules and lexicon; `held_out_share` is how often a slot with names held out for a split is filled with them."""

    rules: Mapping[str, Sequence[str]]
    lexicon: Mapping[str, Names | tuple[str, ...]]
    held_out_share: float

    def __post_init__(self) -> None:
        tokens = {token.removesuffix("?") for rule in self.rules.values() for text in rule for token in text.split()}
        unknown = {token for token in tokens if token[0] == "$"} - {f"${name}" for name in self.rules}
        unfilled = {token for token in tokens if token[0] == "@"} ^ {f"@{label}" for label in self.lexicon}
        if unknown or unfilled:
            raise ValueError(f"unknown rules {sorted(unknown)}, slots only in rules or lexicon {sorted(unfilled)}")

    def tags(self) -> list[str]:
        """Every tag that train can show, O first. (Held-out names must not bring new ones.)"""
        tags = ["O"]
        for label, words in self.lexicon.items():
            phrases = words.everywhere if isinstance(words, Names) else words
            tags.append(f"B-{label}")
            if any(" " in phrase for phrase in phrases):
                tags.append(f"I-{label}")
        return tags

    def held_out(self, split: str) -> set[str]:
        """The names that may occur in `split` and in no other."""
        return {name for words in self.lexicon.values() if isinstance(words, Names) for name in words.of(split)}

    def draw(self, rule: str, split: str, rng: Random) -> Sentence:
        """One random sentence of `rule`, with the names that `split` may show."""
        pairs = list(self._expand(f"${rule}", split, rng, set()))
        return Sentence(tuple(word for word, _ in pairs), tuple(tag for _, tag in pairs))

    def _expand(self, token: str, split: str, rng: Random, used: set[str]) -> Iterator[tuple[str, str]]:
        if token.endswith("?"):
            if rng.random() < 0.5:
                yield from self._expand(token[:-1], split, rng, used)
        elif token[0] == "$":
            for part in choose(self.rules[token[1:]], rng).split():
                yield from self._expand(part, split, rng, used)
        elif token[0] == "@":
            label = token[1:]
            for position, word in enumerate(self._fill(label, split, rng, used).split()):
                yield word, f"{'I' if position else 'B'}-{label}"
        else:
            yield token, "O"

    def _fill(self, label: str, split: str, rng: Random, used: set[str]) -> str:
        """A phrase for a slot, not used in this sentence so far (nobody flies from Boston to Boston)."""
        words = self.lexicon[label]
        if isinstance(words, Names):
            hold = words.of(split)
            words = hold if hold and rng.random() < self.held_out_share else words.everywhere
        phrase = choose([phrase for phrase in words if phrase not in used] or words, rng)
        used.add(phrase)
        return phrase


def parse_rules(text: str) -> dict[str, tuple[str, ...]]:
    """Rules as this module's head describes them: name -> productions, a weighted one as often as its weight says."""
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    rules = {}
    for block in re.split(r"\n(?=\S)", "\n".join(lines).strip()):
        name, _, productions = block.partition(":")
        rules[name] = tuple(chain.from_iterable(map(_weighted, productions.split("|"))))
    return rules


def _weighted(production: str) -> list[str]:
    weight, star, words = production.partition("*")
    return [words.strip()] * int(weight) if star else [production.strip()]


def choose(items: Sequence[Item], rng: Random) -> Item:
    """One item at random. `random()` is the one draw whose sequence Python promises to keep between versions."""
    return items[int(rng.random() * len(items))]


def distinct_sentences(
    grammar: Grammar, starts: Sequence[str], split: str, count: int, rng: Random, *, seen: set[str], cover: set[str]
) -> list[tuple[str, Sentence]]:
    """Draw `count` sentences, each with the rule of `starts` it is made from; no text is in `seen`, to which they go.

    The first ones are kept only if they show a tag of `cover` not met before, until all have been met: so a small
    sample shows every tag, too. The order is shuffled afterwards.
    """
    missing = set(cover)
    rows: list[tuple[str, Sentence]] = []
    for _ in range(20_000 + 50 * count):
        if len(rows) == count:
            break
        start = choose(starts, rng)
        sentence = grammar.draw(start, split, rng)
        if sentence.text in seen or (missing and missing.isdisjoint(sentence.tags)):
            continue
        missing.difference_update(sentence.tags)
        seen.add(sentence.text)
        rows.append((start, sentence))
    if missing:
        raise StageError(f"{split}: {len(rows)} sentences lack {len(missing)} of {len(cover)} tags; ask for more")
    if len(rows) < count:
        raise StageError(f"{split}: the grammar gave {len(rows)} of {count} distinct sentences; ask for fewer")
    return sorted(rows, key=lambda _: rng.random())
