"""Whether a grammar (see stages/texts/grammar.py) can have written a sentence: how the rules check what it drew.

A sentence is given as its symbols: its words, and `@label` in place of each phrase that fills a slot.
"""

from collections.abc import Sequence
from itertools import chain

from stages.texts.grammar import Grammar, Names, Sentence


class Recogniser:
    """Recognises the sentences that one grammar can write."""

    def __init__(self, grammar: Grammar) -> None:
        self._rows = {
            f"${name}": [production.split() for production in dict.fromkeys(productions)]
            for name, productions in grammar.rules.items()
        }
        self._phrases = {label: _phrases(words) for label, words in grammar.lexicon.items()}
        self._firsts: dict[str, frozenset[str]] = {}
        self._fitting: dict[tuple[str, str], list[list[str]]] = {}

    def symbols(self, sentence: Sentence) -> list[str]:
        """A tagged phrase that its label's lexicon lacks stays as it is, which no grammar writes."""
        spans: list[tuple[str, list[str]]] = []
        for word, tag in zip(sentence.words, sentence.tags, strict=True):
            if tag.startswith("I-") and spans:
                spans[-1][1].append(word)
            else:
                spans.append((tag.removeprefix("B-"), [word]))
        return [
            f"@{label}" if (phrase := " ".join(words)) in self._phrases.get(label, ()) else phrase
            for label, words in spans
        ]

    def makes(self, rule: str, symbols: Sequence[str]) -> bool:
        """Whether `rule` can come to these symbols."""
        following = [*symbols, ""]

        def ends(token: str, start: int) -> set[int]:
            """The places where the expansion of `token` can end when it starts at `start`."""
            if token[-1] == "?":
                return {start, *ends(token[:-1], start)}
            if token[0] != "$":
                return {start + 1} if token == following[start] else set()
            return set().union(*[row(tokens, start) for tokens in self._rows_from(token, following[start])])

        def row(tokens: list[str], start: int) -> set[int]:
            places = {start}
            for token in tokens:
                places = set().union(*[ends(token, place) for place in places])
            return places

        return f"${rule}" in self._rows and len(symbols) in ends(f"${rule}", 0)

    def _rows_from(self, token: str, symbol: str) -> list[list[str]]:
        """The productions of a rule that may start with the symbol, or be nothing: for most symbols few or none."""
        if (token, symbol) not in self._fitting:
            self._fitting[token, symbol] = [
                tokens for tokens in self._rows[token] if not {"", symbol}.isdisjoint(self._first_of_row(tokens))
            ]
        return self._fitting[token, symbol]

    def _first(self, token: str) -> frozenset[str]:
        """The symbols that `token` may start with, '' where it may be nothing."""
        if token not in self._firsts:
            if token.endswith("?"):
                self._firsts[token] = self._first(token[:-1]) | {""}
            elif token[0] == "$":
                self._firsts[token] = frozenset(chain.from_iterable(map(self._first_of_row, self._rows[token])))
            else:
                self._firsts[token] = frozenset([token])
        return self._firsts[token]

    def _first_of_row(self, tokens: list[str]) -> set[str]:
        found = {""}
        for token in tokens:
            if "" in found:
                found = found - {""} | self._first(token)
        return found


def _phrases(words: Names | tuple[str, ...]) -> set[str]:
    """What a slot can be filled with, in any split."""
    return {*words.everywhere, *chain.from_iterable(words.only.values())} if isinstance(words, Names) else set(words)
