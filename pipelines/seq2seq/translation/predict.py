"""Translates typed or served text with a trained translator."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines import task
from pipelines.seq2seq.symbols import UNKNOWN
from pipelines.seq2seq.translation.inference import load_translator, translations

LONGEST = 500  # symbols of a text; nothing that was trained on is a tenth as long
WANTED = 3  # translations of a text


class Predictor(task.Predictor):
    """A translator loaded from a run's `model.safetensors`."""

    def __init__(self, weights: Path) -> None:
        self._model, self._languages, self._params = load_translator(weights)

    def __call__(self, texts: list[str]) -> list[dict[str, Any]]:
        """For each text its translation, the log probability and score of it, and the next best ones.

        `unknown` are symbols that training never saw, which are read as one and the same; `cut` tells that a
        translation did not come to an end. Raises ValueError that names a text without words, one that is too long,
        and one of which nothing is known.
        """
        unknown = [self._unknown(text, f"text {number} of {len(texts)}") for number, text in enumerate(texts, start=1)]
        found = translations(self._model, self._languages, texts, self._params, wanted=WANTED)
        answers = []
        for text, odd, hypotheses in zip(texts, unknown, found, strict=True):
            said = [self._languages.target.text(hypothesis.symbols) for hypothesis in hypotheses]
            best = hypotheses[0]
            answer = {"text": text, "translation": said[0], "log_prob": best.log_prob, "score": best.score}
            others = [
                {"translation": other, "score": hypothesis.score}
                for other, hypothesis in zip(said[1:], hypotheses[1:], strict=True)
            ]
            answers.append(answer | {"cut": best.cut, "unknown": odd, "others": others})
        return answers

    def _unknown(self, text: str, name: str) -> list[str]:
        """The symbols of a text that are not known; raises ValueError where it cannot be translated."""
        writing = self._languages.source
        symbols = writing.split(text)
        if not symbols:
            raise ValueError(f"{name} holds no words: {text[:50]!r}")
        if len(symbols) > LONGEST:
            raise ValueError(
                f"{name} has {len(symbols):,} symbols, and at most {LONGEST} are translated at once: give it sentence "
                "by sentence"
            )
        numbers = writing.symbols.numbers(symbols)
        odd = list(dict.fromkeys(one for one, number in zip(symbols, numbers, strict=True) if number == UNKNOWN))
        if all(number == UNKNOWN for number in numbers):
            raise ValueError(f"{name} holds nothing that training saw: {text[:50]!r} (it reads {writing.units})")
        return odd

    @staticmethod
    def shown(answer: Mapping[str, Any]) -> str:
        """The translation, and what is doubtful about it."""
        lines = [answer["translation"] or "(nothing)"]
        if answer["unknown"]:
            lines.append(f"  warning: not known, so guessed around: {' '.join(answer['unknown'])}")
        if answer["cut"]:
            lines.append("  warning: cut, as it did not come to an end")
        return "\n".join(lines)
