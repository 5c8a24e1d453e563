"""Writes typed or served sentences again out of their codes, and names the sentences with the nearest codes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines import task
from pipelines.seq2seq.sentences.inference import codes_of, load_autoencoder, nearest, written_again
from pipelines.seq2seq.symbols import UNKNOWN

LONGEST = 100  # words of a sentence; those that were trained on have at most 20
NEAREST = 3


class Predictor(task.Predictor):
    """An auto-encoder loaded from a run's `model.safetensors`."""

    def __init__(self, weights: Path) -> None:
        self._model, self._writing, self._params, self._known, self._codes = load_autoencoder(weights)

    def __call__(self, texts: list[str]) -> list[dict[str, Any]]:
        """For each sentence what its code says, whether that is all of it, and the nearest sentences of training.

        `unknown` are words that training never saw. Raises ValueError that names a text without words or too long.
        """
        if not texts:
            return []
        split = [self._writing.split(text) for text in texts]
        for number, (text, words) in enumerate(zip(texts, split, strict=True), start=1):
            name = f"text {number} of {len(texts)}"
            if not words:
                raise ValueError(f"{name} holds no words: {text[:50]!r}")
            if len(words) > LONGEST:
                raise ValueError(f"{name} has {len(words):,} words, and one vector is for at most {LONGEST}")
        numbers = [self._writing.symbols.numbers(words) for words in split]
        found = written_again(self._model, numbers, self._params)
        places = nearest(codes_of(self._model, numbers), self._codes)[:, :NEAREST].tolist()
        return [
            {
                "text": text,
                "written": self._writing.text(said),
                "exact": said == read,
                "unknown": [word for word, number in zip(words, read, strict=True) if number == UNKNOWN],
                "nearest": [self._known[place] for place in near],
            }
            for text, words, read, said, near in zip(texts, split, numbers, found, places, strict=True)
        ]

    @staticmethod
    def shown(answer: Mapping[str, Any]) -> str:
        """The sentence as it came back, what is doubtful about it, and its neighbours."""
        lines = [answer["written"] or "(nothing)"]
        if answer["unknown"]:
            lines.append(f"  warning: not known: {' '.join(answer['unknown'])}")
        elif not answer["exact"]:
            lines.append("  warning: not what was read")
        return "\n".join([*lines, *(f"  near: {text}" for text in answer["nearest"])])
