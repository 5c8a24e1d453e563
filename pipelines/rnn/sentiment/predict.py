"""Classifies typed or served text with a trained classifier."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from pipelines import task
from pipelines.rnn.sentiment.inference import load_classifier, probabilities


class Predictor(task.Predictor):
    """A classifier loaded from a run's `model.safetensors`."""

    def __init__(self, weights: Path) -> None:
        self._model, self._encoder = load_classifier(weights)

    def __call__(self, texts: list[str]) -> list[dict[str, Any]]:
        """For each text its words, its label, the label's probability, and the attention to each word, if any.

        Raises ValueError for a text without words.
        """
        texts = [text.lower() for text in texts]  # as the training data is
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

    def _attention(self, text: str) -> list[float]:
        with torch.inference_mode():
            weights = self._model.attend(self._encoder.batch([text]))
        return [] if weights is None else weights[0].tolist()

    @staticmethod
    def shown(answer: Mapping[str, Any]) -> str:
        """The label and its probability, and the words with the most attention."""
        line = f"{answer['label']} ({answer['confidence']:.0%})"
        if answer["attention"]:
            ranked = sorted(zip(answer["attention"], answer["words"], strict=True), reverse=True)[:3]
            line += "  most attention: " + ", ".join(f"{word} {share:.0%}" for share, word in ranked)
        return line
