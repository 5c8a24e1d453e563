"""Parses typed or served sentences with a trained parser."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines import task
from pipelines.seq2seq.parsing.inference import load_parser, trees
from pipelines.seq2seq.parsing.trees import closes, opens, with_words
from pipelines.seq2seq.symbols import UNKNOWN

MAX_WORDS = 200  # of a sentence


class Predictor(task.Predictor):
    """A parser loaded from a run's `model.safetensors`."""

    def __init__(self, weights: Path) -> None:
        self._model, self._languages, self._params = load_parser(weights)

    def __call__(self, texts: list[str]) -> list[dict[str, Any]]:
        """For each sentence (words and punctuation with blanks between) its tree: with its words, and as symbols.

        `unknown` lists words that were not in training. Raises ValueError that names a text without words or too long.
        """
        if not texts:
            return []
        sentences = [text.split() for text in texts]
        for number, (text, words) in enumerate(zip(texts, sentences, strict=True), start=1):
            name = f"text {number} of {len(texts)}"
            if not words:
                raise ValueError(f"{name} holds no words: {text[:50]!r}")
            if len(words) > MAX_WORDS:
                raise ValueError(
                    f"{name} has {len(words):,} words, and at most {MAX_WORDS} are parsed: one sentence each"
                )
        found = trees(self._model, self._languages, sentences, self._params)
        answers = []
        for text, words, symbols in zip(texts, sentences, found, strict=True):
            known = zip(words, self._languages.source.symbols.encode(words), strict=True)
            answers.append(
                {
                    "text": text,
                    "tree": with_words(symbols, words),
                    "linear": " ".join(symbols),
                    "unknown": [word for word, number in known if number == UNKNOWN],
                }
            )
        return answers

    @staticmethod
    def shown(answer: Mapping[str, Any]) -> str:
        """The tree, a line for each word, indented by its depth."""
        lines, depth, words = [], 0, iter(answer["text"].split())
        for symbol in answer["linear"].split():
            if opens(symbol):
                lines.append(f"{'  ' * depth}{symbol[1:]}")
                depth += 1
            elif closes(symbol):
                depth -= 1
            else:
                lines.append(f"{'  ' * depth}{symbol} {next(words)}")
        if answer["unknown"]:
            lines.append(f"warning: not known: {' '.join(answer['unknown'])}")
        return "\n".join(lines)
