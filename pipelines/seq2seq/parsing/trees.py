"""Trees written as a sequence of symbols: `(S (NP NNP )NP (VP VBZ (NP DT NN )NP )VP . )S`.

A symbol that begins with `(` opens a constituent, the same with `)` closes it, and every other is the tag of the next
word: the words themselves are known and need not be written (Vinyals et al. 2015, Grammar as a foreign language,
section 2.1).
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """A constituent: its label, and its words from `start` up to `end`."""

    label: str
    start: int
    end: int


def opens(symbol: str) -> bool:
    return symbol.startswith("(") and len(symbol) > 1


def closes(symbol: str) -> bool:
    return symbol.startswith(")") and len(symbol) > 1


def spans(symbols: Sequence[str], words: int) -> list[Span]:
    """The constituents of a tree over so many words, in the order in which they close.

    Raises ValueError for symbols that are not a tree: a bracket without its other half or without a word, a second
    root, a word too few or too many.
    """
    stack: list[tuple[str, int]] = []
    found: list[Span] = []
    place = 0
    for number, symbol in enumerate(symbols, start=1):
        if found and not stack:
            raise ValueError(f"symbol {number}, {symbol!r}, comes after the end of the tree")
        if opens(symbol):
            stack.append((symbol[1:], place))
        elif closes(symbol):
            label, start = stack.pop() if stack else ("", place)
            if label != symbol[1:]:
                raise ValueError(f"symbol {number}, {symbol!r}, closes a constituent that is not open")
            if start == place:
                raise ValueError(f"symbol {number}, {symbol!r}, closes a constituent without a word")
            found.append(Span(label, start, place))
        elif stack:
            place += 1
        else:
            raise ValueError(f"symbol {number}, {symbol!r}, is outside of any constituent")
    if stack or not found:
        raise ValueError(f"{len(stack)} constituents are not closed" if stack else "there is no tree")
    if place != words:
        raise ValueError(f"the tree has {place} words, the sentence {words}")
    return found


def is_tree(symbols: Sequence[str], words: int) -> bool:
    try:
        spans(symbols, words)
    except ValueError:
        return False
    return True


def tags(symbols: Sequence[str]) -> list[str]:
    return [symbol for symbol in symbols if not opens(symbol) and not closes(symbol)]


def escaped(words: Sequence[str]) -> list[str]:
    """Words as a tree can hold them: the Penn Treebank writes brackets as -LRB- and -RRB-."""
    return [word.replace("(", "-LRB-").replace(")", "-RRB-") for word in words]


def with_words(symbols: Sequence[str], words: Sequence[str]) -> str:
    """The tree with its words, in the Penn Treebank's brackets: `(S (NP (NNP John)) ...)`."""
    left = iter(escaped(words))
    parts: list[str] = []
    for symbol in symbols:
        if opens(symbol):
            parts.append(f" {symbol}")
        elif closes(symbol):
            parts.append(")")
        else:
            parts.append(f" ({symbol} {next(left)})")
    return "".join(parts).strip()
