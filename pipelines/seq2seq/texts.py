"""How texts of a language become symbols and back: by words, characters, subwords or tokens."""

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import torch

from pipelines.seq2seq.symbols import Symbols

Units = Literal["words", "characters", "subwords", "tokens"]

IDEOGRAPH = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
WORD = re.compile(rf"[{IDEOGRAPH}]|[^\W{IDEOGRAPH}]+(?:['\u2019-][^\W{IDEOGRAPH}]+)*|[^\w\s]")
WIDE = f"{IDEOGRAPH}\u3000-\u303f\uff00-\uffef"  # ideographs and their punctuation: no blanks beside them
BEFORE_NO_BLANK = re.compile(r"\s+([.,!?;:%)\]\u201d])")
BETWEEN_WIDE = re.compile(rf"(?<=[{WIDE}])\s+|\s+(?=[{WIDE}])")


@dataclass(frozen=True)
class Writing:
    """The symbols of one side of the training texts.

    words: punctuation is parted from words, and an ideograph is a word; characters: each is one, blanks too; subwords:
    the pieces of a unigram model (Kudo 2018, by sentencepiece), whose serialised form is `pieces`; tokens: what blanks
    part.
    """

    units: Units
    lower: bool  # whether capitals are read as small letters
    symbols: Symbols
    pieces: bytes = b""

    @classmethod
    def of(
        cls, texts: Iterable[str], units: Units, *, lower: bool = False, least: int = 1, subwords: int = 0
    ) -> "Writing":
        """Of training texts: symbols that occur at least `least` times, or `subwords` pieces."""
        texts = [text.lower() for text in texts] if lower else list(texts)
        pieces = _pieces(texts, subwords) if units == "subwords" else b""
        return cls(units, lower, Symbols.of((_split(text, units, pieces) for text in texts), least), pieces)

    def split(self, text: str) -> list[str]:
        """The symbols of a text, known or not."""
        return _split(text.lower() if self.lower else text, self.units, self.pieces)

    def numbers(self, text: str) -> list[int]:
        return self.symbols.numbers(self.split(text))

    def text(self, numbers: Iterable[int]) -> str:
        """Symbols as people write them."""
        found = self.symbols.sequence(numbers)
        if self.units == "characters":
            return "".join(found)
        if self.units == "subwords":
            return "".join(found).replace("\u2581", " ").strip()
        if self.units == "tokens":
            return " ".join(found)
        return BETWEEN_WIDE.sub("", BEFORE_NO_BLANK.sub(r"\1", " ".join(found)))

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps of it."""
        pieces = torch.tensor(list(self.pieces), dtype=torch.uint8)
        return {"units": self.units, "lower": self.lower, "symbols": self.symbols.names, "pieces": pieces}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "Writing":
        symbols = Symbols(tuple(state["symbols"]))
        return cls(state["units"], state["lower"], symbols, bytes(state["pieces"].tolist()))


def _split(text: str, units: Units, pieces: bytes) -> list[str]:
    if units == "words":
        return WORD.findall(text)
    if units == "characters":
        return list(" ".join(text.split()))
    if units == "tokens":
        return text.split()
    found: list[str] = _processor(pieces).encode(text, out_type=str)
    return found


@lru_cache(maxsize=4)
def _processor(pieces: bytes) -> Any:
    from sentencepiece import SentencePieceProcessor

    return SentencePieceProcessor(model_proto=pieces)


def _pieces(texts: Sequence[str], size: int) -> bytes:
    """A unigram model of at most `size` pieces; with one thread, so that the same texts make the same pieces."""
    from sentencepiece import SentencePieceTrainer

    written = io.BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_writer=written,
        vocab_size=size,
        hard_vocab_limit=False,
        character_coverage=1.0,
        num_threads=1,
        minloglevel=2,
    )
    return written.getvalue()
