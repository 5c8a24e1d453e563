"""Parses typed or served sentences with a trained parser."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.nn.typed import TextPredictor
from pipelines.seq2seq.asked import lexicon_of
from pipelines.seq2seq.parsing.inference import load_parser, trees
from pipelines.seq2seq.parsing.trees import closes, escaped, opens, with_words


class Predictor(TextPredictor):
    """A parser loaded from a run's `model.safetensors`."""

    verdict = "tree"
    max_symbols = 200  # of a sentence

    def __init__(self, weights: Path) -> None:
        self._model, self._languages, self._params = load_parser(weights)
        self.lexicon = lexicon_of(self._languages.source, "(", ")")  # which `escaped` writes as words

    def symbols(self, text: str) -> list[str]:
        """The words of a sentence, as a tree can hold them."""
        return escaped(text.split())

    def answers(self, texts: list[str]) -> list[dict[str, Any]]:
        """For each sentence its words and its tree: with the words, and as symbols."""
        sentences = [self.symbols(text) for text in texts]
        found = trees(self._model, self._languages, sentences, self._params)
        return [
            {"words": words, "tree": with_words(symbols, words), "linear": " ".join(symbols)}
            for words, symbols in zip(sentences, found, strict=True)
        ]

    def no_answer(self, text: str) -> dict[str, Any]:
        return {"words": self.symbols(text), "tree": None, "linear": None}

    @staticmethod
    def lines(answer: Mapping[str, Any]) -> list[str]:
        """The tree, a line for each word, indented by its depth."""
        lines, depth, words = [], 0, iter(answer["words"])
        for symbol in answer["linear"].split():
            if opens(symbol):
                lines.append(f"{'  ' * depth}{symbol[1:]}")
                depth += 1
            elif closes(symbol):
                depth -= 1
            else:
                lines.append(f"{'  ' * depth}{symbol} {next(words)}")
        return lines
