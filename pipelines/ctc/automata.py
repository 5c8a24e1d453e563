"""Language models and lexicons as automata, whose states a beam search carries along with its prefixes.

An automaton reads a text label by label from state 0; each label has a score (a log probability, -inf where it is not
allowed) and leads to a state, and each state has a score for a text that ends there.

Shapes: S states, C labels with the blank (index 0, which no text has).
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Automaton:
    """score (S, C) of each label in each state, move (S, C) the state it leads to, end (S,) the score of ending."""

    score: Tensor
    move: Tensor
    end: Tensor

    def to(self, like: Tensor) -> "Automaton":
        """The same on the device of `like`, with scores of its dtype."""
        return Automaton(self.score.to(like), self.move.to(like.device), self.end.to(like))

    def of_text(self, labels: Sequence[int]) -> float:
        """The score of a whole text."""
        state, total = 0, 0.0
        for label in labels:
            total += float(self.score[state, label])
            state = int(self.move[state, label])
        return total + float(self.end[state])


def ngram(texts: Iterable[Sequence[int]], labels: int, order: int) -> Automaton:
    """log p(label | the order - 1 before it), from texts of labels 1 to `labels` - 1, smoothed so that none is zero.

    Interpolated Witten-Bell: a context seen n times before r different labels weighs its own counts n / (n + r), and
    the context that is one shorter the rest; the shortest is a uniform distribution (Chen & Goodman 1999, section 2.6).

    Raises ValueError for an order below 1.
    """
    if order < 1:
        raise ValueError(f"order is {order}: an n-gram model has an order of at least 1")
    start, stop = 0, labels  # before a text is the blank's index, after it one more than the labels'
    longest = order - 1  # labels of a context
    counts: defaultdict[tuple[int, ...], Counter[int]] = defaultdict(Counter, {(): Counter()})
    for text in texts:
        context = (start,)[:longest]
        for label in (*text, stop):
            for first in range(len(context) + 1):
                counts[context[first:]][label] += 1
            context = (*context, label)[-longest:] if longest else ()
    first_state = (start,) if (start,) in counts else ()
    states = sorted(counts, key=lambda context: (context != first_state, len(context), context))
    number = {context: index for index, context in enumerate(states)}

    probability: dict[tuple[int, ...], np.ndarray] = {}
    move = np.zeros((len(states), labels), np.int64)
    move[number[()], 1:] = number[()]
    for context in sorted(counts, key=len):
        state, found, total = number[context], counts[context], sum(counts[context].values())
        shorter = probability[context[1:]] if context else np.full(labels + 1, 1 / labels)  # labels - 1, and the stop
        row = len(found) * shorter
        for label, count in found.items():
            row[label] += count
        probability[context] = row / (total + len(found)) if total else shorter
        # A label leads to the longest context that was seen: this one with it, or that of the shorter context.
        if context:
            move[state] = move[number[context[1:]]]
        if len(context) < longest:
            for label in found:
                if (longer := (*context, label)) in number:
                    move[state, label] = number[longer]
    scores = torch.from_numpy(np.log(np.stack([probability[context] for context in states])))
    return Automaton(scores[:, :labels].contiguous(), torch.from_numpy(move), scores[:, stop].contiguous())


def lexicon(words: Iterable[Sequence[int]], labels: int, space: int) -> Automaton:
    """Allows the texts that are `words` with one label `space` between two of them, all with score 0.

    Raises ValueError for a word without labels.
    """
    nodes: list[dict[int, int]] = [{}]
    ends: set[int] = set()
    for word in words:
        if not word:
            raise ValueError("a word of the lexicon has no labels")
        node = 0
        for label in word:
            if label not in nodes[node]:
                nodes[node][label] = len(nodes)
                nodes.append({})
            node = nodes[node][label]
        ends.add(node)
    score = torch.full((len(nodes), labels), -math.inf, dtype=torch.float64)
    move = torch.zeros(len(nodes), labels, dtype=torch.long)
    end = torch.full((len(nodes),), -math.inf, dtype=torch.float64)
    for node, children in enumerate(nodes):
        for label, child in children.items():
            score[node, label], move[node, label] = 0.0, child
    for node in ends:
        end[node] = 0.0
        score[node, space] = 0.0  # back to where words begin
    return Automaton(score, move, end)
