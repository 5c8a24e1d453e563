"""Answers typed sequences with a trained network."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from inputs.texts import plain
from pipelines import task
from pipelines.rnn.long_memory.inference import load_reader
from pipelines.rnn.sequences import Batch


class Predictor(task.Predictor):
    """A network loaded from a run's `model.safetensors`."""

    def __init__(self, weights: Path) -> None:
        self._model, self._problem = load_reader(weights)

    def __call__(self, texts: list[str]) -> list[dict[str, Any]]:
        """For each sequence the number, or the class and its probability.

        A sequence is typed as its steps with blanks between: numbers, the two to add followed by `*`; symbols; or
        pixels. Raises ValueError for a text that is not a sequence of the problem.
        """
        return [self._answer(batch) for batch in self._problem.typed([plain(text) for text in texts])]

    def _answer(self, batch: Batch) -> dict[str, Any]:
        with torch.inference_mode():
            found = self._model(batch)[0]
        answer: dict[str, Any] = {"problem": self._problem.name, "steps": int(batch.lengths[0])}
        if not self._problem.classes:
            return answer | {"answer": float(found[0])}
        label = int(found.argmax())
        return answer | {"answer": self._problem.classes[label], "confidence": float(found.softmax(dim=0)[label])}

    @staticmethod
    def shown(answer: Mapping[str, Any]) -> str:
        """The answer, and the probability of a class."""
        if "confidence" in answer:
            return f"{answer['answer']} ({answer['confidence']:.0%}) after {answer['steps']} steps"
        return f"{answer['answer']:.3f} after {answer['steps']} steps"
