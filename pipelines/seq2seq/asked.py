"""Typed texts in the symbols of a tokenizer."""

from inputs.texts import Alphabet, Lexicon
from pipelines.seq2seq.symbols import SPECIAL
from pipelines.seq2seq.tokenizer import WORD, Tokenizer


def lexicon_of(tokenizer: Tokenizer, *others: str) -> Alphabet:
    """What reads typed texts in the symbols that `tokenizer` was made from, and in `others`."""
    known = (*tokenizer.symbols.names[len(SPECIAL) :], *others)
    if tokenizer.units in ("characters", "subwords"):
        return Alphabet(known)
    return Lexicon(known, WORD.findall if tokenizer.units == "words" else None)
