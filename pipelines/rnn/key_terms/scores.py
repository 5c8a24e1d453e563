"""How key terms are scored. The protocol, since published figures differ more by protocol than by method:

- Phrases count, not places: a document's terms are a set, in lower case, split into words as its text is.
- `f1`: exact F1 in percent, over all documents together, of the tagged phrases against the terms that occur in the
  text. `f1_all` is against all terms, also those that no tagging can find.
- `f1_at_k`: every phrase of up to four words has a score, and the best k are taken; words are stemmed (Porter 1980) on
  both sides, all terms are expected, and F1 is the mean over documents. A short text may have fewer than k.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache

import snowballstemmer

MAX_PHRASE_WORDS = 4  # of a phrase that is ranked
Phrase = tuple[str, ...]


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """The stem of a word by Porter's rules."""
    return str(snowballstemmer.stemmer("porter").stemWord(word))


def stemmed(phrases: Collection[Phrase]) -> list[Phrase]:
    """Distinct phrases of stems, in the order of `phrases`."""
    return list(dict.fromkeys(tuple(stem(word) for word in phrase) for phrase in phrases))


def tagged_phrases(words: Sequence[str], tags: Sequence[str]) -> set[Phrase]:
    """The phrases that tags B and I mark; an I after O begins one."""
    found: list[list[str]] = []
    before = "O"
    for word, tag in zip(words, tags, strict=True):
        if tag == "B" or (tag == "I" and before == "O"):
            found.append([word])
        elif tag == "I":
            found[-1].append(word)
        before = tag
    return {tuple(phrase) for phrase in found}


def occurring(phrases: Collection[Phrase], words: Sequence[str]) -> set[Phrase]:
    """The phrases that occur in a text, word for word."""
    text = f" {' '.join(words)} "
    return {phrase for phrase in phrases if f" {' '.join(phrase)} " in text}


def ranked_phrases(
    words: Sequence[str], begin: Sequence[float], inside: Sequence[float], max_phrases: int = 10
) -> list[Phrase]:
    """The best phrases by P(B) of the first word times P(I) of the others times P(not I) of the word after.

    begin and inside are P(B) and P(I) of each word. A phrase that occurs several times has its best score; phrases with
    punctuation are left out.
    """
    scores: dict[Phrase, float] = {}
    for start in range(len(words)):
        score = begin[start]
        for end in range(start + 1, min(start + MAX_PHRASE_WORDS, len(words)) + 1):
            if not any(letter.isalnum() for letter in words[end - 1]):
                break
            ends = 1 - inside[end] if end < len(words) else 1.0
            phrase = tuple(words[start:end])
            scores[phrase] = max(scores.get(phrase, 0.0), score * ends)
            score *= inside[end] if end < len(words) else 0.0
    ordered = sorted(scores, key=lambda phrase: (-scores[phrase], phrase))
    return ordered[:max_phrases]


def f1(matched: int, found: int, expected: int) -> float:
    """2 matched / (found + expected), in percent; 0 without a match."""
    return 200 * matched / (found + expected) if matched else 0.0


def exact_f1(found: Sequence[Collection[Phrase]], expected: Sequence[Collection[Phrase]]) -> float:
    """F1 over all documents together."""
    matched = sum(len(set(one) & set(other)) for one, other in zip(found, expected, strict=True))
    return f1(matched, sum(map(len, found)), sum(map(len, expected)))


def f1_at(k: int, ranked: Sequence[Sequence[Phrase]], expected: Sequence[Collection[Phrase]]) -> float:
    """The mean over documents of the F1 of the best k phrases, all stemmed."""
    figures = []
    for phrases, terms in zip(ranked, expected, strict=True):
        found, wanted = stemmed(phrases)[:k], stemmed(terms)
        figures.append(f1(len(set(found) & set(wanted)), len(found), len(wanted)))
    return sum(figures) / len(figures)


def scores(
    texts: Sequence[Sequence[str]],
    expected: Sequence[Collection[Phrase]],
    tagged: Sequence[Collection[Phrase]],
    ranked: Sequence[Sequence[Phrase]],
) -> Mapping[str, float]:
    """All figures of documents, from their words, their terms, and their tagged and ranked phrases."""
    present = [occurring(terms, words) for terms, words in zip(expected, texts, strict=True)]
    return {
        "f1": exact_f1(tagged, present),
        "f1_all": exact_f1(tagged, expected),
        "f1_at_5": f1_at(5, ranked, expected),
        "f1_at_10": f1_at(10, ranked, expected),
    }
