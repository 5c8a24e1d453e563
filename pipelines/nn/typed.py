"""Typed and served texts: how a trained model reads them, and what answers say of words that were not in training."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from inputs.texts import Alphabet, Reading
from pipelines import task
from pipelines.nn.words import PAD, UNKNOWN, Vocabulary

NO_VERDICT = "no verdict: none of its words was in training"
SHOWN_WORDS = 10  # of those that were not in training


class TextPredictor(task.Predictor):
    """A predictor of texts. It answers in the words of its model, and names those that the model does not know.

    Every answer has its `text` as it was typed, and a list `unknown`. A text of which no word is known gets no verdict:
    the field of its answer that `verdict` names is None.
    """

    verdict: ClassVar[str]  # the field of an answer that matters most
    max_symbols: ClassVar[int | None] = None  # of a text
    lexicon: Alphabet

    @abstractmethod
    def answers(self, texts: list[str]) -> list[task.Answer]:
        """An answer for each text, which is in the model's words and holds one that is known."""

    @abstractmethod
    def no_answer(self, text: str) -> task.Answer:
        """The fields of an answer without a verdict."""

    @staticmethod
    @abstractmethod
    def lines(answer: Mapping[str, Any]) -> list[str]:
        """An answer with a verdict as lines for a terminal."""

    def symbols(self, text: str) -> list[str]:
        """What a text in the model's words is made of."""
        return text.split()

    def __call__(self, texts: list[str]) -> list[task.Answer]:
        """An answer for each text. Raises ValueError that names a text without words, or one that is too long."""
        readings = [self.read(text, f"text {number} of {len(texts)}") for number, text in enumerate(texts, start=1)]
        is_known = [self.lexicon.knows_any(self.symbols(reading.text)) for reading in readings]
        known_texts = [reading.text for reading, known in zip(readings, is_known, strict=True) if known]
        found = iter(self.answers(known_texts) if known_texts else [])
        return [
            {"text": text}
            | (next(found) if known else self.no_answer(reading.text))
            | {"unknown": [*self.lexicon.unknown(self.symbols(reading.text)), *dict.fromkeys(reading.left_out)]}
            for text, reading, known in zip(texts, readings, is_known, strict=True)
        ]

    def read(self, text: str, name: str) -> Reading:
        """A typed text in the words of the model; `name` identifies it in messages."""
        reading = self.lexicon(text)
        symbols = len(self.symbols(reading.text))
        if not symbols:
            raise ValueError(f"{name} holds no words: {text[:50]!r}")
        if self.max_symbols and symbols > self.max_symbols:
            raise ValueError(
                f"{name} has {symbols:,} words or signs, and at most {self.max_symbols} are read at once: "
                "give it sentence by sentence"
            )
        return reading

    @classmethod
    def shown(cls, answer: Mapping[str, Any]) -> str:
        """The answer, and the words that were not in training."""
        unknown = listed(answer["unknown"])
        if answer[cls.verdict] is None:
            return f"{NO_VERDICT}: {unknown}"
        return "\n".join([*cls.lines(answer), *([f"  warning: not in training: {unknown}"] if unknown else [])])


def known_words(vocabulary: Vocabulary) -> tuple[str, ...]:
    """The words of training, without those that stand for others."""
    return vocabulary.words[len((PAD, UNKNOWN)) :]


def listed(words: list[str]) -> str:
    """The first words of a list, and how many more there are."""
    more = len(words) - SHOWN_WORDS
    return " ".join(words[:SHOWN_WORDS]) + (f" and {more:,} more" if more > 0 else "")
