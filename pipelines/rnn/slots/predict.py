"""Tags typed or served text with a trained tagger."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from inputs.texts import Lexicon
from pipelines.nn.typed import TextPredictor, known_words
from pipelines.rnn.slots.inference import label, load_tagger


class Predictor(TextPredictor):
    """A tagger loaded from a run's `model.safetensors`."""

    verdict = "tags"

    def __init__(self, weights: Path) -> None:
        self._model, self._encoder = load_tagger(weights)
        self.lexicon = Lexicon(known_words(self._encoder.vocabulary))

    def answers(self, texts: list[str]) -> list[dict[str, Any]]:
        """For each text its words, their IOB tags, and the slots in order, as `slot: words`."""
        return [
            {"words": text.split(), "tags": tags, "slots": slots(text.split(), tags)}
            for text, tags in zip(texts, label(self._model, self._encoder, texts), strict=True)
        ]

    def no_answer(self, text: str) -> dict[str, Any]:
        return {"words": text.split(), "tags": None, "slots": None}

    @staticmethod
    def lines(answer: Mapping[str, Any]) -> list[str]:
        """A line for each word, with its tag."""
        width = max(map(len, answer["words"]))
        return [f"{word:<{width}}  {tag}" for word, tag in zip(answer["words"], answer["tags"], strict=True)]


def slots(words: list[str], tags: list[str]) -> list[str]:
    """The slots of IOB tags, as `slot: words`; an I- that continues no slot begins one, as in conlleval."""
    found: list[str] = []
    previous = "O"
    for word, tag in zip(words, tags, strict=True):
        if tag.startswith("I-") and previous[2:] == tag[2:]:
            found[-1] += f" {word}"
        elif tag != "O":
            found.append(f"{tag[2:]}: {word}")
        previous = tag
    return found
