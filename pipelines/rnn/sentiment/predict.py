"""Classifies typed or served text with a trained classifier."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from inputs.texts import Lexicon
from pipelines.nn.typed import TextPredictor, known_words
from pipelines.rnn.sentiment.inference import load_classifier, probabilities


class Predictor(TextPredictor):
    """A classifier loaded from a run's `model.safetensors`."""

    verdict = "label"

    def __init__(self, weights: Path) -> None:
        self._model, self._encoder = load_classifier(weights)
        self.lexicon = Lexicon(known_words(self._encoder.vocabulary))

    def answers(self, texts: list[str]) -> list[dict[str, Any]]:
        """For each text its words, its label, the label's probability, and the attention to each word, if any."""
        answers = []
        for text, found in zip(texts, probabilities(self._model, self._encoder, texts), strict=True):
            label = int(found.argmax())
            answer = {
                "words": text.split(),
                "label": self._encoder.vocabulary.labels[label],
                "confidence": float(found[label]),
            }
            answers.append(answer | {"attention": self._attention(text)})
        return answers

    def no_answer(self, text: str) -> dict[str, Any]:
        return {"words": text.split(), "label": None, "confidence": None, "attention": []}

    def _attention(self, text: str) -> list[float]:
        with torch.inference_mode():
            weights = self._model.attend(self._encoder.batch([text]))
        return [] if weights is None else weights[0].tolist()

    @staticmethod
    def lines(answer: Mapping[str, Any]) -> list[str]:
        """The label and its probability, and the words with the most attention."""
        line = f"{answer['label']} ({answer['confidence']:.0%})"
        if answer["attention"]:
            ranked = sorted(zip(answer["attention"], answer["words"], strict=True), reverse=True)[:3]
            line += "  most attention: " + ", ".join(f"{word} {share:.0%}" for share, word in ranked)
        return [line]
