"""Translates typed or served text with a trained translator."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.nn.typed import TextPredictor
from pipelines.seq2seq.asked import lexicon_of
from pipelines.seq2seq.translation.inference import load_translator, translations

N_BEST = 3  # translations of a text


class Predictor(TextPredictor):
    """A translator loaded from a run's `model.safetensors`."""

    verdict = "translation"
    max_symbols = 500  # of a text; those in training have less than a tenth of that

    def __init__(self, weights: Path) -> None:
        self._model, self._languages, self._params = load_translator(weights)
        self.lexicon = lexicon_of(self._languages.source)

    def symbols(self, text: str) -> list[str]:
        return self._languages.source.split(text)

    def answers(self, texts: list[str]) -> list[dict[str, Any]]:
        """For each text its translation, the log probability and score of it, and the next best ones.

        `cut` is true for a translation that did not end within its limit.
        """
        answers = []
        for hypotheses in translations(self._model, self._languages, texts, self._params, n_best=N_BEST):
            translated = [self._languages.target.decode(hypothesis.symbols) for hypothesis in hypotheses]
            best = hypotheses[0]
            answer = {"translation": translated[0], "log_prob": best.log_prob, "score": best.score, "cut": best.is_cut}
            others = [
                {"translation": other, "score": hypothesis.score}
                for other, hypothesis in zip(translated[1:], hypotheses[1:], strict=True)
            ]
            answers.append(answer | {"others": others})
        return answers

    def no_answer(self, text: str) -> dict[str, Any]:  # noqa: ARG002 - as other predictors have it
        return {"translation": None, "log_prob": None, "score": None, "cut": False, "others": []}

    @staticmethod
    def lines(answer: Mapping[str, Any]) -> list[str]:
        """The translation, and whether it is whole."""
        cut = ["  warning: cut, as it did not end within its limit"] if answer["cut"] else []
        return [answer["translation"] or "(nothing)", *cut]
