"""Reconstructs typed or served sentences from their codes, and names the sentences with the nearest codes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.nn.typed import TextPredictor
from pipelines.seq2seq.asked import lexicon_of
from pipelines.seq2seq.sentences.inference import codes_of, load_autoencoder, nearest, reconstruct

NEIGHBOURS = 3  # of a sentence


class Predictor(TextPredictor):
    """An auto-encoder loaded from a run's `model.safetensors`."""

    verdict = "written"
    max_symbols = 100  # of a sentence, which one vector holds; those in training have at most 20

    def __init__(self, weights: Path) -> None:
        self._model, self._tokenizer, self._params, self._known, self._codes = load_autoencoder(weights)
        self.lexicon = lexicon_of(self._tokenizer)

    def symbols(self, text: str) -> list[str]:
        return self._tokenizer.split(text)

    def answers(self, texts: list[str]) -> list[dict[str, Any]]:
        """For each sentence its reconstruction, whether that is exact, and the nearest sentences of training."""
        numbers = [self._tokenizer.encode(text) for text in texts]
        found = reconstruct(self._model, numbers, self._params)
        places = nearest(codes_of(self._model, numbers), self._codes)[:, :NEIGHBOURS].tolist()
        return [
            {
                "written": self._tokenizer.decode(output),
                "exact": output == read,
                "nearest": [self._known[place] for place in near],
            }
            for read, output, near in zip(numbers, found, places, strict=True)
        ]

    def no_answer(self, text: str) -> dict[str, Any]:  # noqa: ARG002 - as other predictors have it
        return {"written": None, "exact": False, "nearest": []}

    @staticmethod
    def lines(answer: Mapping[str, Any]) -> list[str]:
        """The reconstructed sentence, whether it is exact, and its neighbours."""
        lines = [answer["written"] or "(nothing)"]
        if not answer["unknown"] and not answer["exact"]:
            lines.append("  warning: not what was read")
        return [*lines, *(f"  near: {text}" for text in answer["nearest"])]
