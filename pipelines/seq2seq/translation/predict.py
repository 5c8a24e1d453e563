"""Translates typed or served text with a trained translator."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines import task
from pipelines.seq2seq.symbols import UNKNOWN
from pipelines.seq2seq.translation.inference import load_translator, translations

MAX_SYMBOLS = 500  # of a text; those in training have less than a tenth of that
N_BEST = 3  # translations of a text


class Predictor(task.Predictor):
    """A translator loaded from a run's `model.safetensors`."""

    def __init__(self, weights: Path) -> None:
        self._model, self._languages, self._params = load_translator(weights)

    def __call__(self, texts: list[str]) -> list[dict[str, Any]]:
        """For each text its translation, the log probability and score of it, and the next best ones.

        `unknown` lists symbols that were not in training, which are all read as one; `cut` is true for a translation
        that did not end within its limit. Raises ValueError that names a text without words, one that is too long, and
        one of which nothing is known.
        """
        unknown = [self._unknown(text, f"text {number} of {len(texts)}") for number, text in enumerate(texts, start=1)]
        found = translations(self._model, self._languages, texts, self._params, n_best=N_BEST)
        answers = []
        for text, unknown_symbols, hypotheses in zip(texts, unknown, found, strict=True):
            translated = [self._languages.target.decode(hypothesis.symbols) for hypothesis in hypotheses]
            best = hypotheses[0]
            answer = {"text": text, "translation": translated[0], "log_prob": best.log_prob, "score": best.score}
            others = [
                {"translation": other, "score": hypothesis.score}
                for other, hypothesis in zip(translated[1:], hypotheses[1:], strict=True)
            ]
            answers.append(answer | {"cut": best.is_cut, "unknown": unknown_symbols, "others": others})
        return answers

    def _unknown(self, text: str, name: str) -> list[str]:
        """The symbols of a text that are not known; raises ValueError where it cannot be translated."""
        tokenizer = self._languages.source
        symbols = tokenizer.split(text)
        if not symbols:
            raise ValueError(f"{name} holds no words: {text[:50]!r}")
        if len(symbols) > MAX_SYMBOLS:
            raise ValueError(
                f"{name} has {len(symbols):,} symbols, and at most {MAX_SYMBOLS} are translated at once: give it "
                "sentence by sentence"
            )
        numbers = tokenizer.symbols.encode(symbols)
        unknown = (symbol for symbol, number in zip(symbols, numbers, strict=True) if number == UNKNOWN)
        if all(number == UNKNOWN for number in numbers):
            raise ValueError(f"{name} holds no symbol that was in training: {text[:50]!r} (it reads {tokenizer.units})")
        return list(dict.fromkeys(unknown))

    @staticmethod
    def shown(answer: Mapping[str, Any]) -> str:
        """The translation, and what is doubtful about it."""
        lines = [answer["translation"] or "(nothing)"]
        if answer["unknown"]:
            lines.append(f"  warning: not in training: {' '.join(answer['unknown'])}")
        if answer["cut"]:
            lines.append("  warning: cut, as it did not end within its limit")
        return "\n".join(lines)
