"""Reconstructs typed or served sentences from their codes, and names the sentences with the nearest codes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines import task
from pipelines.seq2seq.sentences.inference import codes_of, load_autoencoder, nearest, reconstruct
from pipelines.seq2seq.symbols import UNKNOWN

MAX_WORDS = 100  # of a sentence; those in training have at most 20
NEIGHBOURS = 3  # of a sentence


class Predictor(task.Predictor):
    """An auto-encoder loaded from a run's `model.safetensors`."""

    def __init__(self, weights: Path) -> None:
        self._model, self._tokenizer, self._params, self._known, self._codes = load_autoencoder(weights)

    def __call__(self, texts: list[str]) -> list[dict[str, Any]]:
        """For each sentence its reconstruction, whether that is exact, and the nearest sentences of training.

        `unknown` lists words that were not in training. Raises ValueError that names a text without words or too long.
        """
        if not texts:
            return []
        split = [self._tokenizer.split(text) for text in texts]
        for number, (text, words) in enumerate(zip(texts, split, strict=True), start=1):
            name = f"text {number} of {len(texts)}"
            if not words:
                raise ValueError(f"{name} holds no words: {text[:50]!r}")
            if len(words) > MAX_WORDS:
                raise ValueError(f"{name} has {len(words):,} words, and one vector holds at most {MAX_WORDS}")
        numbers = [self._tokenizer.symbols.encode(words) for words in split]
        found = reconstruct(self._model, numbers, self._params)
        places = nearest(codes_of(self._model, numbers), self._codes)[:, :NEIGHBOURS].tolist()
        return [
            {
                "text": text,
                "written": self._tokenizer.decode(output),
                "exact": output == read,
                "unknown": [word for word, number in zip(words, read, strict=True) if number == UNKNOWN],
                "nearest": [self._known[place] for place in near],
            }
            for text, words, read, output, near in zip(texts, split, numbers, found, places, strict=True)
        ]

    @staticmethod
    def shown(answer: Mapping[str, Any]) -> str:
        """The reconstructed sentence, what is doubtful about it, and its neighbours."""
        lines = [answer["written"] or "(nothing)"]
        if answer["unknown"]:
            lines.append(f"  warning: not known: {' '.join(answer['unknown'])}")
        elif not answer["exact"]:
            lines.append("  warning: not what was read")
        return "\n".join([*lines, *(f"  near: {text}" for text in answer["nearest"])])
