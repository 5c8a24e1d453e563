"""How key terms are scored. The protocol, since published figures differ by it more than by their methods:

- Phrases count, not places: a document's terms are a set, in lower case, split into words as its text is.
- `f1`: exact F1 in percent, over all documents together, of the phrases that were tagged; asked for are the terms that
  are written out in the text. `f1_all` asks for those too that are not, which no tagging can find.
- `f1_at_k`: every phrase of up to four words has a score, and the best k are given; words are stemmed (Porter 1980) on
  both sides, asked for are all terms, and F1 is the mean over documents. Fewer than k are given where a text is short.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache

import snowballstemmer

LONGEST = 4  # words of a phrase that is ranked
Phrase = tuple[str, ...]


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """A word by Porter's rules."""
    return str(snowballstemmer.stemmer("porter").stemWord(word))


def stemmed(phrases: Collection[Phrase]) -> list[Phrase]:
    """Distinct phrases of stems, in the order of `phrases`."""
    return list(dict.fromkeys(tuple(stem(word) for word in phrase) for phrase in phrases))


def tagged_phrases(words: Sequence[str], tags: Sequence[str]) -> set[Phrase]:
    """The phrases that B and I mark; an I that continues nothing begins one."""
    found: list[list[str]] = []
    before = "O"
    for word, tag in zip(words, tags, strict=True):
        if tag == "B" or (tag == "I" and before == "O"):
            found.append([word])
        elif tag == "I":
            found[-1].append(word)
        before = tag
    return {tuple(phrase) for phrase in found}


def written_out(phrases: Collection[Phrase], words: Sequence[str]) -> set[Phrase]:
    """Those of the phrases that stand in a text, word for word."""
    text = f" {' '.join(words)} "
    return {phrase for phrase in phrases if f" {' '.join(phrase)} " in text}


def ranked_phrases(
    words: Sequence[str], begin: Sequence[float], inside: Sequence[float], most: int = 10
) -> list[Phrase]:
    """The best phrases by P(B) of the first word times P(I) of the others times P(not I) of what follows.

    begin and inside are P(B) and P(I) of each word. A phrase that stands several times has its best score; phrases
    with anything but letters, digits, and what joins them (-'./) are none.
    """
    scores: dict[Phrase, float] = {}
    for start in range(len(words)):
        score = begin[start]
        for end in range(start + 1, min(start + LONGEST, len(words)) + 1):
            if not any(letter.isalnum() for letter in words[end - 1]):
                break
            ends = 1 - inside[end] if end < len(words) else 1.0
            phrase = tuple(words[start:end])
            scores[phrase] = max(scores.get(phrase, 0.0), score * ends)
            score *= inside[end] if end < len(words) else 0.0
    ordered = sorted(scores, key=lambda phrase: (-scores[phrase], phrase))
    return ordered[:most]


def f1(right: int, given: int, asked: int) -> float:
    """2 right / (given + asked), in percent; 0 where nothing is right."""
    return 200 * right / (given + asked) if right else 0.0


def exact_f1(given: Sequence[Collection[Phrase]], asked: Sequence[Collection[Phrase]]) -> float:
    """F1 over all documents together."""
    right = sum(len(set(one) & set(other)) for one, other in zip(given, asked, strict=True))
    return f1(right, sum(map(len, given)), sum(map(len, asked)))


def f1_at(most: int, ranked: Sequence[Sequence[Phrase]], asked: Sequence[Collection[Phrase]]) -> float:
    """The mean over documents of the F1 of the best `most` phrases, all stemmed."""
    each = []
    for phrases, terms in zip(ranked, asked, strict=True):
        given, wanted = stemmed(phrases)[:most], stemmed(terms)
        each.append(f1(len(set(given) & set(wanted)), len(given), len(wanted)))
    return sum(each) / len(each)


def scores(
    texts: Sequence[Sequence[str]],
    asked: Sequence[Collection[Phrase]],
    tagged: Sequence[Collection[Phrase]],
    ranked: Sequence[Sequence[Phrase]],
) -> Mapping[str, float]:
    """All figures of documents, whose words, terms, tagged phrases and ranked phrases these are."""
    present = [written_out(terms, words) for terms, words in zip(asked, texts, strict=True)]
    return {
        "f1": exact_f1(tagged, present),
        "f1_all": exact_f1(tagged, asked),
        "f1_at_5": f1_at(5, ranked, asked),
        "f1_at_10": f1_at(10, ranked, asked),
    }
