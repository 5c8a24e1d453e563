"""Continues typed or served text, and reports the perplexity of the text itself."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines import task
from pipelines.nn.words import UNKNOWN, in_words
from pipelines.rnn.language_model.data import END
from pipelines.rnn.language_model.inference import load_model, perplexity_of
from pipelines.rnn.language_model.model import sample

MAX_WORDS = 40  # of a continuation
SEED = 0  # the same text always has the same continuation


class Predictor(task.Predictor):
    """A model loaded from a run's `model.safetensors`."""

    def __init__(self, weights: Path) -> None:
        self._model, self._text = load_model(weights)

    def __call__(self, texts: list[str]) -> list[dict[str, Any]]:
        """For each text its words, its perplexity, its unknown words, and a continuation.

        Raises ValueError for a text without words.
        """
        return [self._answer(words) for words in in_words([text.lower() for text in texts])]

    def _answer(self, words: list[str]) -> dict[str, Any]:
        end, unknown = self._text.words.index(END), self._text.words.index(UNKNOWN)
        indices = self._text.indices(words)
        continuation = sample(self._model, indices, end, MAX_WORDS, seed=SEED, forbidden=[unknown])
        return {
            "prompt": words,
            "unknown": [word for word, index in zip(words, indices, strict=True) if index == unknown],
            "perplexity": perplexity_of(self._model, self._text.stream([" ".join(words)])),
            "continuation": [self._text.words[index] for index in continuation],
        }

    @staticmethod
    def shown(answer: Mapping[str, Any]) -> str:
        """The text, its continuation, and its perplexity."""
        lines = [
            f"{' '.join(answer['prompt'])} | {' '.join(answer['continuation'])}",
            f"perplexity {answer['perplexity']:.1f}",
        ]
        if answer["unknown"]:
            lines.append(f"not known: {', '.join(dict.fromkeys(answer['unknown']))}")
        return "\n".join(lines)
