"""Sentences in two languages at once, drawn from a synchronous grammar: the source of built-in translation data.

A production has a template for each form of what it makes: `en` and `zh` for a sentence, say, or more where a language
has cases. In a template `$name` is a rule or an entry of a word list, the same one in all templates of a production,
and `$name.form` is one of its forms; left out, the form is the one that the template is for. Numbers tell several of a
kind apart: `$thing1`, `$thing2`.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import combinations
from random import Random

from stages.texts.grammar import choose

Forms = Mapping[str, str]  # name of a form -> text; of a production, a template

REFERENCE = re.compile(r"\$([a-z]+)(\d?)(?:\.([a-z]+))?")
KEPT = {"test": 0, "val": 1}  # split -> remainder of the digests of combinations that it keeps for itself


@dataclass(frozen=True)
class SynchronousGrammar:
    """Word lists, each entry with its forms, and rules."""

    words: Mapping[str, Sequence[Forms]]
    rules: Mapping[str, Sequence[Forms]]

    def __post_init__(self) -> None:
        forms = {
            name: set.intersection(*({*entry} for entry in entries))
            for name, entries in (*self.words.items(), *self.rules.items())
        }
        wrong = [
            f"{match[0]} in {rule}.{form}"
            for rule, productions in self.rules.items()
            for production in productions
            for form, template in production.items()
            for match in REFERENCE.finditer(template)
            if (match[3] or form) not in forms.get(match[1], set())
        ]
        if wrong:
            raise ValueError(f"references to a rule, a word list or a form that does not exist: {', '.join(wrong)}")

    def draw(self, name: str, rng: Random) -> Forms:
        """One entry of a word list, or one production of a rule with its templates filled."""
        if name in self.words:
            return choose(self.words[name], rng)
        production = choose(self.rules[name], rng)
        return filled(production, {key: self.draw(kind, rng) for key, kind in references(production).items()})


def references(production: Forms) -> dict[str, str]:
    """What the templates of a production refer to, in the order of the text: name with its number -> name."""
    return {key: kind for template in production.values() for key, kind, _, _ in _pieces(template)[1]}


def filled(production: Forms, parts: Mapping[str, Forms]) -> Forms:
    """The production with its references replaced."""

    def fill(form: str, template: str) -> str:
        start, found = _pieces(template)
        return start + "".join([parts[key][asked or form] + text for key, _, asked, text in found])

    return {form: fill(form, template) for form, template in production.items()}


@cache
def _pieces(template: str) -> tuple[str, list[tuple[str, str, str, str]]]:
    """The text in front, then of each reference its name with its number, its name, its form, and the text after it."""
    start, *parts = REFERENCE.split(template)
    return start, [
        (name + number, name, form or "", text)
        for name, number, form, text in zip(parts[::4], parts[1::4], parts[2::4], parts[3::4], strict=True)
    ]


def word_list(text: str) -> tuple[dict[str, str], ...]:
    """A line of form names, then a line per entry."""
    names, *entries = (tuple(cell.strip() for cell in line.split("|")) for line in text.strip().splitlines())
    return tuple(dict(zip(names, entry, strict=True)) for entry in entries)


def written(words: str) -> str:
    """Words as a sentence is written: a capital, marks without a blank before them, one comma where two would meet."""
    text = re.sub(r" ([.,?])", r"\1", " ".join(words.split()))
    text = re.sub(r",+(?=[.,?])", "", text)
    return text[0].upper() + text[1:]


def written_english(words: str) -> str:
    """`written`, with `an` before a vowel."""
    return written(re.sub(r"\ba (?=[aeiou])", "an ", words))


@dataclass(frozen=True)
class Combinations:
    """Which split may show which two words in one sentence: a test sentence combines words as training never did."""

    words: Mapping[str, str]  # form in lower case -> the word that it is a form of
    share: int  # of all combinations, one in so many is kept for test and one for val

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        longest_first = sorted(self.words, key=len, reverse=True)
        of_letter: dict[str, list[str]] = {}  # a choice of letters, then of the rest: faster than one of all forms
        for form in longest_first:
            of_letter.setdefault(form[0], []).append(re.escape(form[1:]))
        choices = [f"{re.escape(letter)}(?:{'|'.join(rests)})" for letter, rests in of_letter.items()]
        return re.compile(rf"\b(?:{'|'.join(choices)})\b")

    def found(self, sentence: str) -> list[str]:
        """The words that a sentence shows, each once."""
        return sorted({self.words[form] for form in self._pattern.findall(sentence.lower())})

    def shown(self, sentence: str) -> Iterator[tuple[str, str]]:
        """The combinations of two different words that a sentence shows."""
        return combinations(self.found(sentence), 2)

    def kept_for(self, sentence: str) -> str:
        """The split whose alone this sentence may be, by the combinations it shows; '' where no split may have it."""
        owners = {_owner(pair, self.share) for pair in self.shown(sentence)} - {""}
        return {0: "train", 1: min(owners, default="")}.get(len(owners), "")


@cache
def _owner(pair: tuple[str, str], share: int) -> str:
    """The split that a combination is kept for; '' for most, which every split may show."""
    first_byte = hashlib.sha256("+".join(pair).encode()).digest()[0]
    return next((owner for owner, remainder in KEPT.items() if first_byte % share == remainder), "")
