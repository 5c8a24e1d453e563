"""Labelled brackets by the rules of EVALB (Sekine and Collins 1997) with its parameter file COLLINS.prm.

Punctuation and the root TOP do not count, ADVP and PRT are one label, and tags are no brackets. A bracket counts as
often as it stands there. What a word is, punctuation or not, is said by the gold tree for both.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipelines.seq2seq.parsing.trees import Span, spans, tags

NO_LABEL = {"TOP", "-NONE-", ",", ":", "``", "''", "."}
SAME = {"PRT": "ADVP"}


@dataclass(frozen=True)
class Score:
    """Brackets that match, in gold trees, and found; sentences, and of them all right, and without a tree."""

    matched: int
    gold: int
    found: int
    sentences: int
    exact: int
    failed: int

    @property
    def precision(self) -> float:
        return 100 * self.matched / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        return 100 * self.matched / self.gold if self.gold else 0.0

    @property
    def f1(self) -> float:
        return 200 * self.matched / (self.gold + self.found) if self.gold + self.found else 0.0


def brackets(found: Iterable[Span], gold_tags: Sequence[str]) -> Counter[Span]:
    """The brackets that count, over the words that count; those left without a word are none."""
    places = [0]  # of each word among those that count
    for tag in gold_tags:
        places.append(places[-1] + (tag not in NO_LABEL))
    counted: Counter[Span] = Counter()
    for span in found:
        start, end = places[span.start], places[span.end]
        if span.label not in NO_LABEL and start < end:
            counted[Span(SAME.get(span.label, span.label), start, end)] += 1
    return counted


def score(gold: Sequence[Sequence[str]], found: Sequence[Sequence[str]]) -> Score:
    """Of linear trees over the same sentences. What is no tree over its sentence's words has no bracket right."""
    matched = in_gold = in_found = exact = failed = 0
    for right, said in zip(gold, found, strict=True):
        gold_tags = tags(right)
        expected = brackets(spans(right, len(gold_tags)), gold_tags)
        in_gold += expected.total()
        try:
            given = brackets(spans(said, len(gold_tags)), gold_tags)
        except ValueError:
            failed += 1
            continue
        in_found += given.total()
        both = (expected & given).total()
        matched += both
        exact += both == expected.total() == given.total()
    return Score(matched, in_gold, in_found, len(gold), exact, failed)
