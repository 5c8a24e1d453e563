"""Labelled brackets by the rules of EVALB (Sekine and Collins 1997) with its parameter file COLLINS.prm.

Punctuation and the root TOP do not count, ADVP and PRT are one label, and tags are no brackets. A bracket counts as
often as it occurs. The gold tree decides for both trees which words are punctuation.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipelines.seq2seq.parsing.trees import Span, spans, tags

NO_LABEL = {"TOP", "-NONE-", ",", ":", "``", "''", "."}
SAME = {"PRT": "ADVP"}


@dataclass(frozen=True)
class Score:
    """Counts over sentences, and the figures that they give, in percent."""

    matched: int  # brackets in both trees
    gold: int  # brackets in gold trees
    found: int  # brackets in found trees
    sentences: int
    exact: int  # sentences with every bracket right
    failed: int  # sentences whose output is not a tree over its words

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
    """The brackets that count, over the words that count; a bracket that has none of them does not."""
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
    """The score of linear trees over the same sentences. An output that is not a tree over its words has none right."""
    matched = in_gold = in_found = exact = failed = 0
    for gold_tree, found_tree in zip(gold, found, strict=True):
        gold_tags = tags(gold_tree)
        expected = brackets(spans(gold_tree, len(gold_tags)), gold_tags)
        in_gold += expected.total()
        try:
            parsed = brackets(spans(found_tree, len(gold_tags)), gold_tags)
        except ValueError:
            failed += 1
            continue
        in_found += parsed.total()
        both = (expected & parsed).total()
        matched += both
        exact += both == expected.total() == parsed.total()
    return Score(matched, in_gold, in_found, len(gold), exact, failed)
