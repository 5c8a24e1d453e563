"""Tags typed or served text with a trained tagger."""

from collections.abc import Mapping
from pathlib import Path

from pipelines import task
from pipelines.rnn.slots.inference import label, load_tagger


class Predictor(task.Predictor):
    """A tagger loaded from a run's `model.safetensors`."""

    def __init__(self, weights: Path) -> None:
        self._model, self._encoder = load_tagger(weights)

    def __call__(self, texts: list[str]) -> list[dict[str, list[str]]]:
        """For each text its words, their IOB tags, and the slots in order, as `slot: words`.

        Raises ValueError for a text without words.
        """
        texts = [text.lower() for text in texts]  # as the training data is
        return [
            {"words": text.split(), "tags": tags, "slots": slots(text.split(), tags)}
            for text, tags in zip(texts, label(self._model, self._encoder, texts), strict=True)
        ]

    @staticmethod
    def shown(answer: Mapping[str, list[str]]) -> str:
        """A line for each word, with its tag."""
        width = max(map(len, answer["words"]))
        return "\n".join(f"{word:<{width}}  {tag}" for word, tag in zip(answer["words"], answer["tags"], strict=True))


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
