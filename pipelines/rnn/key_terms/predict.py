"""Names the key terms of typed or served text with a trained network."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from pipelines import task
from pipelines.nn.words import in_words
from pipelines.rnn.key_terms.data import split_words
from pipelines.rnn.key_terms.inference import load_network, name_terms
from pipelines.rnn.key_terms.scores import tagged_phrases


class Predictor(task.Predictor):
    """A network loaded from a run's `model.safetensors`."""

    def __init__(self, weights: Path) -> None:
        self._model, self._encoder = load_network(weights)

    def __call__(self, texts: list[str]) -> list[dict[str, Any]]:
        """For each text its key terms in order of appearance, its best phrases, and each word's attention, if any.

        Raises ValueError for a text without words.
        """
        in_words(texts)
        texts = [split_words(text) for text in texts]
        return [
            {
                "key_terms": sorted(
                    (" ".join(phrase) for phrase in tagged_phrases(found.words, found.tags)),
                    key=" ".join(found.words).find,
                ),
                "ranked": [" ".join(phrase) for phrase in found.ranked],
                "words": found.words,
                "attention": self._attention(text),
            }
            for text, found in zip(texts, name_terms(self._model, self._encoder, texts), strict=True)
        ]

    def _attention(self, text: str) -> list[float]:
        with torch.inference_mode():
            weights = self._model.attend(self._encoder.batch([text]))
        return [] if weights is None else weights[0].tolist()

    @staticmethod
    def shown(answer: Mapping[str, Any]) -> str:
        """The key terms, or the best phrases where there are none, and the words with the most attention."""
        terms = answer["key_terms"]
        line = "; ".join(terms) if terms else "none; best phrases: " + "; ".join(answer["ranked"][:3])
        if answer["attention"]:
            ranked = sorted(zip(answer["attention"], answer["words"], strict=True), reverse=True)[:3]
            line += "\nmost attention: " + ", ".join(f"{word} {share:.0%}" for share, word in ranked)
        return line
