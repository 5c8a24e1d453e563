"""Continues typed or served text, and reports the perplexity of the text itself."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from inputs.texts import Lexicon
from pipelines.nn.typed import TextPredictor
from pipelines.nn.words import UNKNOWN
from pipelines.rnn.language_model.data import END
from pipelines.rnn.language_model.inference import load_model, perplexity_of
from pipelines.rnn.language_model.model import sample

MAX_WORDS = 40  # of a continuation
SEED = 0  # the same text always has the same continuation


class Predictor(TextPredictor):
    """A model loaded from a run's `model.safetensors`."""

    verdict = "perplexity"

    def __init__(self, weights: Path) -> None:
        self._model, self._text = load_model(weights)
        self.lexicon = Lexicon(word for word in self._text.words if word != END)  # <unk> is a word of its texts

    def answers(self, texts: list[str]) -> list[dict[str, Any]]:
        """For each text its words, its perplexity, and a continuation."""
        return [self._answer(text.split()) for text in texts]

    def _answer(self, words: list[str]) -> dict[str, Any]:
        end, unknown = self._text.words.index(END), self._text.words.index(UNKNOWN)
        indices = self._text.indices(words)
        continuation = sample(self._model, indices, end, MAX_WORDS, seed=SEED, forbidden=[unknown])
        return {
            "prompt": words,
            "perplexity": perplexity_of(self._model, self._text.stream([" ".join(words)])),
            "continuation": [self._text.words[index] for index in continuation],
        }

    def no_answer(self, text: str) -> dict[str, Any]:
        return {"prompt": text.split(), "perplexity": None, "continuation": None}

    @staticmethod
    def lines(answer: Mapping[str, Any]) -> list[str]:
        """The text, its continuation, and its perplexity."""
        return [
            f"{' '.join(answer['prompt'])} | {' '.join(answer['continuation'])}",
            f"perplexity {answer['perplexity']:.1f}",
        ]
