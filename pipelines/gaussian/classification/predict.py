"""Classes of cases that are typed, in a CSV file or sent to a served model."""

import csv
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pipelines import task
from pipelines.gaussian.classification.saved import load_classifier
from pipelines.stats.values import parse_number


class Predictor(task.Predictor):
    """A classifier loaded from a run's `model.safetensors`."""

    def __init__(self, weights: Path) -> None:
        self._classifier = load_classifier(weights)
        self._needed = [self._classifier.features[index] for index in self._classifier.used]

    def __call__(self, texts: list[str]) -> list[dict[str, Any]]:
        """The label of each case, written as `hp=50 attack=65`, and the probability of each class.

        A redundant feature may be left out. Raises ValueError for an unknown feature, for a missing one, and for a
        value that is not a finite number.
        """
        if not texts:
            return []
        rows = np.array([self._row(text, f"case {number} of {len(texts)}") for number, text in enumerate(texts, 1)])
        answers = []
        for probabilities in self._classifier.posteriors(rows):
            classes = zip(self._classifier.classes, map(float, probabilities), strict=True)
            ranked = sorted(classes, key=lambda one: -one[1])
            answers.append({"label": ranked[0][0], "confidence": ranked[0][1], "probabilities": dict(ranked)})
        return answers

    def _row(self, text: str, where: str) -> list[float]:
        """A value for each feature of the classifier."""
        values: dict[str, float] = {}
        known = ", ".join(self._classifier.features)
        for part in text.split():
            name, _, value = part.partition("=")
            if name not in self._classifier.features:
                raise ValueError(f"{where} names {name!r}: the classifier reads {known}, each as NAME=NUMBER")
            values[name] = parse_number(value, f"{name} of {where}")
        if missing := [name for name in self._needed if name not in values]:
            raise ValueError(f"{where} lacks {', '.join(missing)}: the classifier reads {known}")
        return [values.get(name, 0.0) for name in self._classifier.features]  # 0: of a redundant feature

    @staticmethod
    def inputs(arguments: list[str]) -> list[str]:
        """Cases from a command line: `--hp 50 --attack 65` is one; `cases.csv` has one in each row below its header.

        Other arguments are cases as the predictor reads them; without arguments the lines of standard input are. Raises
        ValueError for an option without a value and for a file that is not a table.
        """
        if not arguments:
            return [line.strip() for line in sys.stdin]
        if arguments[0].startswith("--"):
            return [_of_options(arguments)]
        return [
            text for argument in arguments for text in (_of_file(argument) if argument.endswith(".csv") else [argument])
        ]

    @staticmethod
    def shown(answer: Mapping[str, Any]) -> str:
        """The classes, the most probable one first."""
        return ", ".join(f"{name} {share:.1%}" for name, share in answer["probabilities"].items())


def _of_options(arguments: list[str]) -> str:
    pairs = [part for argument in arguments for part in argument.split("=", 1)]
    names, values = pairs[::2], pairs[1::2]
    if wrong := [name for name in names if not name.startswith("--")]:
        raise ValueError(f"expected a feature, found {wrong[0]!r}: give each as --NAME NUMBER")
    if len(values) < len(names):
        raise ValueError(f"{names[-1]} has no value: give each feature as --NAME NUMBER")
    return " ".join(f"{name[2:]}={value}" for name, value in zip(names, values, strict=True))


def _of_file(name: str) -> list[str]:
    """The rows of a CSV file whose first line names the features."""
    try:
        with Path(name).open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream, restkey="", strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{name} cannot be read as CSV: {error}") from None
    if not rows:
        raise ValueError(f"{name} holds no case: expected a line of features and a line of numbers for each case")
    if ragged := [number for number, row in enumerate(rows, 1) if "" in row or None in row.values()]:
        raise ValueError(f"{name}, case {ragged[0]}: not as many numbers as there are features in the first line")
    return [" ".join(f"{feature}={value.strip()}" for feature, value in row.items()) for row in rows]
