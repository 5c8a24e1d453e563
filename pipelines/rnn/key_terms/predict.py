"""Names the key terms of typed or served text with a trained network."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from inputs.texts import Lexicon
from pipelines.nn.typed import TextPredictor, known_words
from pipelines.rnn.key_terms.data import WORD
from pipelines.rnn.key_terms.inference import load_network, name_terms
from pipelines.rnn.key_terms.scores import tagged_phrases


class Predictor(TextPredictor):
    """A network loaded from a run's `model.safetensors`."""

    verdict = "key_terms"

    def __init__(self, weights: Path) -> None:
        self._model, self._encoder = load_network(weights)
        self.lexicon = Lexicon(known_words(self._encoder.vocabulary), WORD.findall)

    def answers(self, texts: list[str]) -> list[dict[str, Any]]:
        """For each text its key terms in order of appearance, its best phrases, and each word's attention, if any."""
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

    def no_answer(self, text: str) -> dict[str, Any]:
        return {"key_terms": None, "ranked": None, "words": text.split(), "attention": []}

    def _attention(self, text: str) -> list[float]:
        with torch.inference_mode():
            weights = self._model.attend(self._encoder.batch([text]))
        return [] if weights is None else weights[0].tolist()

    @staticmethod
    def lines(answer: Mapping[str, Any]) -> list[str]:
        """The key terms, or the best phrases where there are none, and the words with the most attention."""
        terms = answer["key_terms"]
        lines = ["; ".join(terms) if terms else "none; best phrases: " + "; ".join(answer["ranked"][:3])]
        if answer["attention"]:
            ranked = sorted(zip(answer["attention"], answer["words"], strict=True), reverse=True)[:3]
            lines.append("most attention: " + ", ".join(f"{word} {share:.0%}" for share, word in ranked))
        return lines
