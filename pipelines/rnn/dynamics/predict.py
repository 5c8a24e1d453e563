"""Classifies a typed sequence with every network of a run."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from inputs.texts import plain
from pipelines import task
from pipelines.rnn.dynamics.inference import load_networks
from pipelines.rnn.sequences import Batch


class Predictor(task.Predictor):
    """The networks of a run's `model.safetensors`."""

    def __init__(self, weights: Path) -> None:
        self._model, self._problem = load_networks(weights)

    def __call__(self, texts: list[str]) -> list[dict[str, Any]]:
        """For each sequence the class that most networks predict, and the class of each network.

        Raises ValueError for a text that is not a sequence of the problem.
        """
        return [self._answer(batch) for batch in self._problem.typed([plain(text) for text in texts])]

    def _answer(self, batch: Batch) -> dict[str, Any]:
        with torch.inference_mode():
            best = self._model(batch)[:, 0].argmax(dim=-1).tolist()
        classes = {name: self._problem.classes[label] for name, label in zip(self._model.networks, best, strict=True)}
        votes = Counter(classes.values())
        label = max(votes, key=lambda name: (votes[name], name))
        return {"label": label, "votes": votes[label], "networks": classes}

    @staticmethod
    def shown(answer: Mapping[str, Any]) -> str:
        """The class, how many networks predict it, and the networks that predict another."""
        line = f"{answer['label']}  ({answer['votes']} of {len(answer['networks'])} networks)"
        others = [f"{name} {label}" for name, label in answer["networks"].items() if label != answer["label"]]
        return "\n".join([line, *(["others: " + ", ".join(others)] if others else [])])
