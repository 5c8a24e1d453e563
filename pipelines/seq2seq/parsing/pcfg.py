"""A probabilistic context-free grammar counted on a treebank, and the most probable tree of a sentence under it.

Rules are counted (Charniak 1996, Tree-bank grammars) and made binary from the left: NP -> DT JJ NN becomes
NP -> DT @NP|DT and @NP|DT -> JJ NN, where the rest is named by its parent and the last `history` sisters before it
(Markovisation: Klein and Manning 2003, section 2). A word that was not in training is replaced by its shape.

Shapes: n words, N symbols, R binary rules.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pipelines.seq2seq.parsing.trees import closes, opens

Array = NDArray[np.float64]
RARE = 1  # occurrences up to which a training word also counts as an unknown word of its shape
ROOT = "TOP"


@dataclass
class Node:
    """A constituent or, with a word and without children, a tag."""

    label: str
    children: "list[Node]" = field(default_factory=list)
    word: str = ""


def tree_of(symbols: Sequence[str], words: Sequence[str]) -> Node:
    """The tree of linear symbols and its words."""
    root = Node(ROOT)
    stack, left = [root], iter(words)
    for symbol in symbols:
        if opens(symbol):
            stack[-1].children.append(Node(symbol[1:]))
            stack.append(stack[-1].children[-1])
        elif closes(symbol):
            stack.pop()
        else:
            stack[-1].children.append(Node(symbol, word=next(left)))
    return root


def linear(node: Node) -> list[str]:
    """A tree as linear symbols, without TOP and the symbols of binary rules."""
    if node.word:
        return [node.label]
    inside = [symbol for child in node.children for symbol in linear(child)]
    return inside if node.label == ROOT or node.label.startswith("@") else [f"({node.label}", *inside, f"){node.label}"]


def shape(word: str, first: bool) -> str:
    """The class of an unknown word, by its capitals, digits, hyphens and ending."""
    if any(character.isdigit() for character in word):
        return "<number>"
    start = "<first" if first else "<"
    kind = "capital" if word[:1].isupper() else "small"
    end = re.search(r"(ing|ed|ly|s|er|est|tion|able|al)$", word.lower())
    return f"{start} {kind}{' hyphen' if '-' in word else ''} {end.group() if end else ''}>"


class Grammar:
    """Rules with their log probabilities, and the parser (CKY)."""

    def __init__(self, trees: Sequence[Node], history: int = 1) -> None:
        binary: Counter[tuple[str, str, str]] = Counter()
        unary: Counter[tuple[str, str]] = Counter()
        tagged: Counter[tuple[str, str]] = Counter()
        places: list[tuple[str, str, bool]] = []
        for tree in trees:
            words: list[tuple[str, str]] = []
            _count(tree, history, binary, unary, words)
            places += [(tag, word, number == 0) for number, (tag, word) in enumerate(words)]
        counts = Counter(word for _, word, _ in places)
        for tag, word, first in places:
            tagged[tag, word] += 1
            if counts[word] <= RARE:
                tagged[tag, shape(word, first)] += 1
        self._known = {word for word, count in counts.items()}
        totals: Counter[str] = Counter()
        for (parent, *_), count in (*binary.items(), *unary.items()):
            totals[parent] += count
        self.symbols = sorted({symbol for rule in [*binary, *unary] for symbol in rule} | {tag for tag, _ in tagged})
        number = {symbol: place for place, symbol in enumerate(self.symbols)}
        self._number = number
        rules = sorted(binary)
        self.parent, self.left, self.right = (
            np.array([number[rule[part]] for rule in rules], int) for part in range(3)
        )
        self.binary = np.array([math.log(binary[rule] / totals[rule[0]]) for rule in rules])
        self._closure(unary, totals)
        of_tag: Counter[str] = Counter()
        for (tag, _), count in tagged.items():
            of_tag[tag] += count
        self._words: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for (tag, word), count in sorted(tagged.items()):
            self._words[word].append((number[tag], math.log(count / of_tag[tag])))
        self._tags = [(number[tag], -math.log(count)) for tag, count in sorted(of_tag.items())]  # as if counted once
        self.root = number[ROOT]

    def _closure(self, unary: Counter[tuple[str, str]], totals: Counter[str]) -> None:
        """The best chain of unary rules from each symbol to each other (Floyd and Warshall, max-plus)."""
        size = len(self.symbols)
        self.chain = np.full((size, size), -np.inf)
        self.through = np.full((size, size), -1)
        for (parent, child), count in unary.items():
            self.chain[self._number[parent], self._number[child]] = math.log(count / totals[parent])
        np.fill_diagonal(self.chain, 0.0)
        for middle in range(size):
            longer = self.chain[:, middle, None] + self.chain[None, middle]
            better = longer > self.chain
            self.chain[better] = longer[better]
            self.through[better] = middle
        self._parents = np.flatnonzero((self.chain > -np.inf).sum(axis=1) > 1)

    def emitted(self, word: str, first: bool) -> list[tuple[int, float]]:
        """Tags of a word, with log p(word | tag), up to a constant for unknown words."""
        if word in self._known:
            return self._words[word]
        return self._words.get(shape(word, first)) or self._tags

    def parse(self, words: Sequence[str]) -> tuple[Node, float] | None:
        """The most probable tree and its log probability (CKY); None where no tree spans the words."""
        count, size = len(words), len(self.symbols)
        best = np.full((count, count + 1, size), -np.inf)  # [start, end, symbol]
        rule = np.full((count, count + 1, size), -1)
        split = np.full((count, count + 1, size), -1)
        below = np.full((count, count + 1, size), -1)  # the end of the unary chain
        for start, word in enumerate(words):
            for tag, value in self.emitted(word, start == 0):
                best[start, start + 1, tag] = value
            self._climb(best[start, start + 1], below[start, start + 1])
        for width in range(2, count + 1):
            for start in range(count - width + 1):
                end = start + width
                middles = np.arange(start + 1, end)
                scores = best[start, middles][:, self.left] + best[middles, end][:, self.right]  # (middles, R)
                chosen = scores.argmax(axis=0)
                values = scores[chosen, np.arange(len(self.binary))] + self.binary
                found = best[start, end]
                np.maximum.at(found, self.parent, values)
                wins = np.flatnonzero((values == found[self.parent]) & (values > -np.inf))
                rule[start, end, self.parent[wins]] = wins
                split[start, end, self.parent[wins]] = middles[chosen[wins]]
                self._climb(found, below[start, end])
        if best[0, count, self.root] == -np.inf:
            return None
        return self._tree(words, (rule, split, below), (0, count), self.root), float(best[0, count, self.root])

    def _climb(self, values: Array, below: NDArray[np.int64]) -> None:
        """Adds to a cell the symbols that unary chains reach from its symbols."""
        reached = self.chain[self._parents] + values  # (parents, N)
        ends = reached.argmax(axis=1)
        found = reached[np.arange(len(ends)), ends]
        better = found > values[self._parents]
        values[self._parents[better]] = found[better]
        below[self._parents[better]] = ends[better]

    def _tree(
        self, words: Sequence[str], back: tuple[NDArray[np.int64], ...], span: tuple[int, int], symbol: int
    ) -> Node:
        start, end = span
        if (lower := int(back[2][start, end, symbol])) >= 0:
            path = self._path(symbol, lower)
            top = node = Node(self.symbols[path[0]])
            for step in path[1:-1]:
                node.children.append(Node(self.symbols[step]))
                node = node.children[-1]
            node.children.append(self._own(words, back, span, path[-1]))
            return top
        return self._own(words, back, span, symbol)

    def _own(
        self, words: Sequence[str], back: tuple[NDArray[np.int64], ...], span: tuple[int, int], symbol: int
    ) -> Node:
        """The node of a symbol by its binary rule, or of a word's tag."""
        rule, split, _ = back
        start, end = span
        if end - start == 1:
            return Node(self.symbols[symbol], word=words[start])
        used, middle = int(rule[start, end, symbol]), int(split[start, end, symbol])
        children = [
            self._tree(words, back, (start, middle), int(self.left[used])),
            self._tree(words, back, (middle, end), int(self.right[used])),
        ]
        return Node(self.symbols[symbol], children)

    def _path(self, parent: int, child: int) -> list[int]:
        middle = int(self.through[parent, child])
        if middle < 0:
            return [parent, child]
        return [*self._path(parent, middle), *self._path(middle, child)[1:]]


def _count(
    node: Node,
    history: int,
    binary: Counter[tuple[str, str, str]],
    unary: Counter[tuple[str, str]],
    words: list[tuple[str, str]],
) -> None:
    """Counts the rules of a tree, made binary, and its tagged words."""
    if node.word:
        words.append((node.label, node.word))
        return
    labels = [child.label for child in node.children]
    parent = node.label
    while len(labels) > 2:
        seen = [child.label for child in node.children][: len(node.children) - len(labels) + 1]
        rest = f"@{node.label}|{'|'.join(reversed(seen[-history:])) if history else ''}"
        binary[parent, labels[0], rest] += 1
        parent, labels = rest, labels[1:]
    if len(labels) == 2:
        binary[parent, labels[0], labels[1]] += 1
    else:
        unary[parent, labels[0]] += 1
    for child in node.children:
        _count(child, history, binary, unary, words)
