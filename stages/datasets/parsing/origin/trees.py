"""Phrase structure trees: read from brackets, cleaned as EVALB does before it scores, and written in two ways."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from stages.errors import StageError

TRACE = "-NONE-"
_TOKEN = re.compile(r"\(|\)|[^\s()]+")


@dataclass(frozen=True)
class Tree:
    """A constituent with its parts, or a word with its tag: then `word` is set and there are no parts."""

    label: str
    parts: tuple["Tree", ...] = ()
    word: str = ""

    def leaves(self) -> Iterator["Tree"]:
        """The words with their tags, in order."""
        return (tree for tree in self.everything() if tree.word)

    def constituents(self) -> Iterator["Tree"]:
        """Everything but the words, from the top."""
        return (tree for tree in self.everything() if not tree.word)

    def everything(self) -> Iterator["Tree"]:
        """The tree and all in it, each before its parts. (A generator in a generator would cost a step per level.)"""
        waiting = [self]
        while waiting:
            tree = waiting.pop()
            yield tree
            waiting += tree.parts[::-1]

    @property
    def text(self) -> str:
        return " ".join(leaf.word for leaf in self.leaves())

    def bracketed(self) -> str:
        """As the Penn Treebank writes it, in one line: (S (NP (NNP John)) ...)."""
        inside = self.word or " ".join(part.bracketed() for part in self.parts)
        return f"({self.label} {inside})"

    def linear(self) -> str:
        """Labels and tags alone, each constituent named at both ends: (S (NP NNP )NP ... )S."""
        if self.word:
            return self.label
        return " ".join([f"({self.label}", *(part.linear() for part in self.parts), f"){self.label}"])


def parse(text: str) -> list[Tree]:
    """All trees of a bracketed text; a StageError names the place where the brackets do not fit together.

    A bracket holds a label (which may be missing) and then either one word or further brackets.
    """
    found: list[Tree] = []
    # Of each bracket that is not yet closed: its label, parts, words and place.
    open_: list[tuple[str, list[Tree], list[str], re.Match[str]]] = []
    before = ""
    for match in _TOKEN.finditer(text):
        piece = match[0]
        if piece == "(":
            open_.append(("", [], [], match))
        elif not open_:
            raise StageError(f"{_place(match)}: {piece!r} outside of all brackets")
        elif piece == ")":
            label, parts, words, begin = open_.pop()
            if len(words) > 1 or bool(words) == bool(parts):
                raise StageError(f"{_place(begin)}: ({label} ...) must hold one word or further brackets")
            tree = _leaf(label, words[0]) if words else Tree(label, tuple(parts))
            (open_[-1][1] if open_ else found).append(tree)
        elif before == "(":
            open_[-1] = (piece, *open_[-1][1:])
        else:
            open_[-1][2].append(piece)
        before = piece
    if open_:  # the first of them: a tree that lacks a bracket takes those after it for its own parts
        label, _, _, begin = open_[0]
        raise StageError(f"{_place(begin)}: the tree ({label} ...) lacks {len(open_)} of its closing brackets")
    return found


@cache
def _leaf(tag: str, word: str) -> Tree:
    """One for all places where a word has the tag: a tree never changes, and many objects are slow to collect."""
    return Tree(tag, word=word)


def _place(found: re.Match[str]) -> str:
    line = found.string.count("\n", 0, found.start()) + 1
    return f"line {line}, character {found.start() - found.string.rfind(chr(10), 0, found.start())}"


def clean(tree: Tree) -> Tree | None:
    """The tree as EVALB compares it: no traces, no constituent left empty by that, no function tags or indices.

    The outermost bracket without a label goes, too. A tree of traces alone becomes None.
    """
    if tree.word:
        return None if tree.label == TRACE else Tree(tree.label, word=tree.word.replace("\\/", "/"))
    parts = tuple(part for part in map(clean, tree.parts) if part)
    if not tree.label and len(parts) == 1:
        return parts[0]
    return Tree(plain(tree.label) or "TOP", parts) if parts else None


def plain(label: str) -> str:
    """NP-SBJ-1 and NP=2 are NP; ADVP|PRT, where the annotators did not decide, counts as the first."""
    return re.split(r"[-=|]", label)[0]
