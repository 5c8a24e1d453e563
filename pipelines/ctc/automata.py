"""Language models and lexicons as automata, whose states a beam search carries along with its prefixes.

An automaton reads a text label by label from state 0; each label has a score (a log probability, -inf where it is not
allowed) and leads to a state, and each state has a score for a text that ends there.

Shapes: S states, C labels with the blank (index 0, which no text has).
"""

import math
from collections import Counter
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
    counts: dict[tuple[int, ...], Counter[int]] = {(): Counter()}
    for text in texts:
        history: tuple[int, ...] = (start,)
        for label in (*text, stop):
            context = history[max(0, len(history) - order + 1) :] if order > 1 else ()
            for first in range(len(context) + 1):
                counts.setdefault(context[first:], Counter())[label] += 1
            history = (*history, label)
    states = sorted(counts, key=lambda context: (len(context), context))
    first_state = (start,) if order > 1 and (start,) in counts else ()
    states.sort(key=lambda context: context != first_state)  # stable: only the first state moves
    number = {context: index for index, context in enumerate(states)}

    probability: dict[tuple[int, ...], np.ndarray] = {}
    for context in sorted(counts, key=len):
        shorter = probability[context[1:]] if context else np.full(labels + 1, 1 / labels)  # labels - 1, and the stop
        found, total = counts[context], sum(counts[context].values())
        row = len(found) * shorter
        for label, count in found.items():
            row[label] += count
        probability[context] = row / (total + len(found)) if total else shorter
    table = np.log(np.stack([probability[context] for context in states]))

    move = torch.zeros(len(states), labels, dtype=torch.long)
    for state, context in enumerate(states):
        for label in range(1, labels):
            after = (*context, label)[-(order - 1) :] if order > 1 else ()
            while after not in number:
                after = after[1:]
            move[state, label] = number[after]
    scores = torch.from_numpy(table)
    return Automaton(scores[:, :labels].contiguous(), move, scores[:, stop].contiguous())


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
