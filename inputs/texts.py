"""Texts as models read them: bytes in lines, characters that nobody sees, and typed words matched to known ones.

An `Alphabet` or a `Lexicon` is made from the symbols that a trained model knows, and reads typed and served texts in
them. A known word is never changed, and of an unknown one no character that the model knows. So a text of training is
read as it is, whatever its data has: full-width punctuation, or even characters that nobody sees. What is not known is
read in the nearest form that is: without invisible characters, accents or typographic marks, without capitals where the
model has none, in composed or in decomposed letters, and with marks parted from its ends. A mark or an emoji that was
not in training is left out.
"""

import functools
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from inputs.encodings import searched

# Characters that are not drawn: Unicode's Default_Ignorable_Code_Point, and those that frame annotations.
_INVISIBLE_RANGES = (
    *((0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F)),
    *((0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF)),
    *((0xFFA0, 0xFFA0), (0xFFF0, 0xFFFB), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF)),
)
_REPLACED = "<unk>"  # published texts have it in place of rare words: its letters need not be letters of the others
_REPLACEMENT = "\ufffd"  # for half of a surrogate pair, which no encoding can write
_ACCENTS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]")
# What a keyboard has for marks, and for letters that Unicode does not decompose. Dashes: all of category Pd.
_KEYBOARD = {
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u02b9\u02bc\u0060\u00b4\u2039\u203a\u275b\u275c", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\u300c\u300d\u300e\u300f\u275d\u275e", '"'),
    **dict.fromkeys("\u2212\u2043\u02d7", "-"),
    **dict(zip("\u2044\u2215\u2217\u3002\u3001", "//*.,", strict=True)),
    **dict(zip("\u00f8\u00d8\u0142\u0141\u0111\u0110\u00f0\u0131", "oOlLdDdi", strict=True)),
    **dict(zip("\u00df\u00e6\u00c6\u0153\u0152\u00fe", ("ss", "ae", "AE", "oe", "OE", "th"), strict=True)),
}
_FEW_CAPITALS = 0.01  # share of words with capitals, as N for a number, up to which texts are read in lower case
_LONGEST_WORD = 200  # characters of a word for which known forms are looked for


def lines_of(content: bytes, name: str) -> tuple[list[str], str]:
    """The lines of a text, whatever ends them, and the encoding that they were read in; `name` is for messages.

    Raises ValueError where the encoding is not clear.
    """
    found = searched(content, name)
    lines = re.split("\r\n|\r|\n", found.text)
    return lines[:-1] if not lines[-1] else lines, found.encoding


# -- forms of words


def is_invisible(character: str) -> bool:
    """Whether a character is not drawn and is no blank: zero width, marks of direction, BOM, control characters."""
    if unicodedata.category(character) == "Cc":
        return not character.isspace()
    return any(first <= ord(character) <= last for first, last in _INVISIBLE_RANGES)


def clean(text: str) -> str:
    """The text with one blank between its words, without invisible characters, in Unicode's composed form (NFC)."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    visible = "".join(map(_visible, text))
    return " ".join(unicodedata.normalize("NFC", visible).split())


@functools.lru_cache(maxsize=10_000)
def _visible(character: str) -> str:
    if character.isspace():
        return " "
    if unicodedata.category(character) == "Cs":
        return _REPLACEMENT
    return "" if is_invisible(character) else character


def plain(text: str) -> str:
    """Full-width and other compatible forms, dashes, quotes and ligatures as a keyboard has them."""
    return clean("".join(map(_keyboard, unicodedata.normalize("NFKC", text))))


@functools.lru_cache(maxsize=10_000)
def _keyboard(character: str) -> str:
    return "-" if unicodedata.category(character) == "Pd" else _KEYBOARD.get(character, character)


def without_accents(text: str) -> str:
    """Each letter without the marks above and below it."""
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", text)))


def is_mark(character: str) -> bool:
    """Punctuation, a symbol or an emoji."""
    return unicodedata.category(character)[0] in "PS"


@dataclass(frozen=True)
class Reading:
    """A typed text as a model reads it, its words with one blank between them, and what it has no symbol for."""

    text: str
    left_out: tuple[str, ...]  # marks that were not in training: read as unknown words they would be taken for names


class Alphabet:
    """The symbols that a model was trained on; a text is read in their characters, as far as they have them."""

    def __init__(self, symbols: Iterable[str]) -> None:
        self._known = frozenset(symbols)
        self._characters = frozenset("".join(self._known - {_REPLACED}))
        capitals = sum(symbol != symbol.lower() for symbol in self._known)
        self._is_lower = capitals <= _FEW_CAPITALS * len(self._known)

    def __call__(self, text: str) -> Reading:
        """A text of nothing but marks that are not known keeps them."""
        words = [self._parts(word) for word in text.split()]
        left_out = [part for parts in words for part in parts if self._is_left_out(part)]
        kept = [self._joined_parts(part for part in parts if not self._is_left_out(part)) for parts in words]
        if not any(kept):
            return Reading(" ".join(filter(None, map(self._joined_parts, words))), ())
        return Reading(" ".join(filter(None, kept)), tuple(left_out))

    def unknown(self, symbols: Iterable[str]) -> list[str]:
        """Those that were not in training, each once."""
        return [symbol for symbol in dict.fromkeys(symbols) if symbol not in self._known]

    def knows_any(self, symbols: Iterable[str]) -> bool:
        """Whether one of them was in training. Marks and blanks do not count, unless there is nothing else."""
        found = list(symbols)
        words = [symbol for symbol in found if not all(is_mark(one) or one.isspace() for one in symbol)]
        return any(symbol in self._known for symbol in words or found)

    def _parts(self, word: str) -> list[str]:
        """What is between two blanks, in parts of which each is kept or left out."""
        return list(self._in_characters(word))

    def _joined_parts(self, parts: Iterable[str]) -> str:
        return "".join(parts)

    def _is_left_out(self, part: str) -> bool:
        return is_mark(part) and part not in self._characters

    def _in_characters(self, word: str) -> str:
        """A word in known characters, as far as there are any; '' for one of invisible characters alone."""
        if self._characters.issuperset(word):
            return word
        word = self._visible(word)
        forms = {character: self._character(character) for character in set(word)}
        return "".join(map(forms.__getitem__, word))

    def _visible(self, word: str) -> str:
        return self._cased(clean(word))

    def _cased(self, word: str) -> str:
        """Without capitals where the model has none."""
        return word.lower() if self._is_lower else word

    def _forms(self, word: str) -> Iterator[str]:
        """A word as it is, and then ever further from it."""
        yield word
        yield self._cased(word)
        if not word.isascii() or "`" in word:
            yield self._cased(unicodedata.normalize("NFD", word))
            common = plain(word)
            yield self._cased(common)
            yield self._cased(plain(without_accents(common)))

    def _character(self, character: str) -> str:
        """A character in the first of its forms that the alphabet has; itself where it has none."""
        for form in self._forms(character):
            if self._characters.issuperset(form) and " " not in form and (form or _ACCENTS.match(character)):
                return form
        return character


class Lexicon(Alphabet):
    """The words that a model was trained on; a text is read in the forms that are known.

    `tokens` splits what is between blanks into words. Without it marks are parted from the ends of words.
    """

    def __init__(self, words: Iterable[str], tokens: Callable[[str], list[str]] | None = None) -> None:
        super().__init__(words)
        self._tokens = tokens
        # Marks that words of training begin or end with, as `mr.` does: they are parted from known words alone.
        ends = ((word[0], word[-1]) for word in self._known if word and not all(map(is_mark, word)))
        self._joined = frozenset(end for pair in ends for end in pair if is_mark(end))

    def _joined_parts(self, parts: Iterable[str]) -> str:
        return " ".join(parts)

    def _is_left_out(self, part: str) -> bool:
        return part not in self._known and all(map(is_mark, part))

    def _parts(self, word: str) -> list[str]:
        """The words in what is between two blanks, in the forms that are known."""
        if word in self._known:
            return [word]
        word = self._visible(word)
        if (form := self._form(word)) is not None:
            return [form]
        word = self._in_characters(word)
        parts = self._tokens(word) if self._tokens else self._parted(word)
        return [form if (form := self._form(part)) is not None else part for part in parts]

    def _parted(self, word: str) -> list[str]:
        """A word with the marks at its ends beside it."""
        before: list[str] = []
        after: list[str] = []
        while 1 < len(word) <= _LONGEST_WORD and self._form(word) is None:
            if mark := self._mark_at_end(word):
                word = word[: -len(mark)]
                after.insert(0, mark)
            elif self._is_parted(word[0], word[1:]):
                before.append(word[0])
                word = word[1:]
            else:
                break
        return [part for part in (*before, word, *after) if part]

    def _mark_at_end(self, word: str) -> str:
        """What is parted from a word's end: three marks, or two, that are known as one word, or one; '' for none."""
        for length in (3, 2):
            if length < len(word) and all(map(is_mark, word[-length:])) and word[-length:] in self._known:
                return word[-length:]
        return word[-1] if self._is_parted(word[-1], word[:-1]) else ""

    def _is_parted(self, mark: str, rest: str) -> bool:
        return is_mark(mark) and (mark not in self._joined or self._form(rest) is not None)

    def _form(self, word: str) -> str | None:
        """The first form of a word that is known; None where none is."""
        if len(word) > _LONGEST_WORD:
            return None
        return next((form for form in self._forms(word) if form in self._known), None)
