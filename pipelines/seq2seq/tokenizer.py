"""Texts to symbols and back: by words, characters, subwords or tokens."""

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
class Tokenizer:
    """Splits texts into symbols, and joins symbols to texts; for one side of the training texts.

    words: punctuation is split from words, and an ideograph is a word; characters: each is a symbol, blanks too;
    subwords: pieces of a unigram model (Kudo 2018, by sentencepiece), whose serialised form is `pieces`; tokens: split
    at blanks.
    """

    units: Units
    lower: bool  # whether texts are lower-cased before they are split
    symbols: Symbols
    pieces: bytes = b""

    @classmethod
    def of(
        cls, texts: Iterable[str], units: Units, *, lower: bool = False, min_count: int = 1, subwords: int = 0
    ) -> "Tokenizer":
        """From training texts: the symbols that occur at least `min_count` times, or `subwords` pieces."""
        texts = [text.lower() for text in texts] if lower else list(texts)
        pieces = _pieces(texts, subwords) if units == "subwords" else b""
        return cls(units, lower, Symbols.of((_split(text, units, pieces) for text in texts), min_count), pieces)

    def split(self, text: str) -> list[str]:
        """The symbols of a text, known or not."""
        return _split(text.lower() if self.lower else text, self.units, self.pieces)

    def encode(self, text: str) -> list[int]:
        """The numbers of a text's symbols."""
        return self.symbols.encode(self.split(text))

    def decode(self, numbers: Iterable[int]) -> str:
        """Symbols joined to a text as people write it."""
        symbols = self.symbols.decode(numbers)
        if self.units == "characters":
            return "".join(symbols)
        if self.units == "subwords":
            return "".join(symbols).replace("\u2581", " ").strip()
        if self.units == "tokens":
            return " ".join(symbols)
        return BETWEEN_WIDE.sub("", BEFORE_NO_BLANK.sub(r"\1", " ".join(symbols)))

    def state(self) -> dict[str, Any]:
        """The tokenizer as an entry of a checkpoint."""
        pieces = torch.tensor(list(self.pieces), dtype=torch.uint8)
        return {"units": self.units, "lower": self.lower, "symbols": self.symbols.names, "pieces": pieces}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "Tokenizer":
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
    """A unigram model of at most `size` pieces; trained on one thread, so that the same texts give the same pieces."""
    from sentencepiece import SentencePieceTrainer

    model = io.BytesIO()
    SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_writer=model,
        vocab_size=size,
        hard_vocab_limit=False,
        character_coverage=1.0,
        num_threads=1,
        minloglevel=2,
    )
    return model.getvalue()
