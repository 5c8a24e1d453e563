"""Classes of cases that are typed, in a CSV file or sent to a served model."""

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from inputs.options import TableOptions, parsed
from inputs.tables import SUFFIXES, read_table
from pipelines import task
from pipelines.gaussian.classification.saved import load_classifier
from pipelines.stats.values import parse_number

# hp=50, "sp. attack"=5
_PART = re.compile(r'(?P<quote>")?(?P<name>(?(quote)[^"]*|[^\s=]+))(?(quote)")=?(?P<value>\S*)')
WHERE = " # "  # after a case: the file and line that it comes from


class Predictor(task.Predictor):
    """A classifier loaded from a run's `model.safetensors`."""

    def __init__(self, weights: Path) -> None:
        self._classifier = load_classifier(weights)
        self._needed = [self._classifier.features[index] for index in self._classifier.used]

    def __call__(self, texts: list[str]) -> list[dict[str, Any]]:
        """The label of each case, written as `hp=50 attack=65`, and the probability of each class.

        A redundant feature may be left out. `unread` has the names in a case that the classifier does not know. Raises
        ValueError for a missing feature, and for a value that is not a finite number.
        """
        if not texts:
            return []
        cases = [self._case(text, f"case {number} of {len(texts)}") for number, text in enumerate(texts, 1)]
        answers = []
        posteriors = self._classifier.posteriors(np.array([row for row, _ in cases]))
        for (_, unread), probabilities in zip(cases, posteriors, strict=True):
            classes = zip(self._classifier.classes, map(float, probabilities), strict=True)
            ranked = sorted(classes, key=lambda one: -one[1])
            answers.append(
                {
                    "label": ranked[0][0],
                    "confidence": ranked[0][1],
                    "probabilities": dict(ranked),
                    "unread": unread,
                }
            )
        return answers

    def _case(self, text: str, where: str) -> tuple[list[float], list[str]]:
        """A value for each feature of the classifier, and the names that are none of them."""
        text, _, origin = text.partition(WHERE)
        where = origin or where
        values: dict[str, float] = {}
        unread = []
        for part in _PART.finditer(text):
            if (name := part["name"]) in self._classifier.features:
                values[name] = parse_number(part["value"], f"{name} of {where}")
            else:
                unread.append(name)
        if missing := [name for name in self._needed if name not in values]:
            named = f" and names {', '.join(map(repr, unread))}" if unread else ""
            known = ", ".join(self._classifier.features)
            raise ValueError(
                f"{where} lacks {', '.join(missing)}{named}: the classifier reads {known}, each as NAME=NUMBER"
            )
        return [values.get(name, 0.0) for name in self._classifier.features], unread  # 0: of a redundant feature

    @staticmethod
    def inputs(arguments: list[str]) -> list[str]:
        """Cases from a command line: `--hp 50 --attack 65` is one; `cases.csv` has one in each row below its header.

        Other arguments are cases as the predictor reads them; without arguments the lines of standard input are. The
        options of `inputs/options.py` decide how a file is read. Raises ValueError for an option without a value and
        for a file that is not a table.
        """
        if not arguments:
            return task.standard_input()
        options, others = parsed(arguments) if any(map(_is_file, arguments)) else (TableOptions(), arguments)
        if others[0].startswith("--"):
            return [_of_options(others)]
        return [text for other in others for text in (_of_file(Path(other), options) if _is_file(other) else [other])]

    @staticmethod
    def shown(answer: Mapping[str, Any]) -> str:
        """The classes, the most probable one first, and what was not read."""
        classes = ", ".join(f"{name} {share:.1%}" for name, share in answer["probabilities"].items())
        return classes + (f"  (not read: {', '.join(answer['unread'])})" if answer["unread"] else "")


def _of_options(arguments: list[str]) -> str:
    pairs = [part for argument in arguments for part in argument.split("=", 1)]
    names, values = pairs[::2], pairs[1::2]
    if wrong := [name for name in names if not name.startswith("--")]:
        raise ValueError(f"expected a feature, found {wrong[0]!r}: give each as --NAME NUMBER")
    if len(values) < len(names):
        raise ValueError(f"{names[-1]} has no value: give each feature as --NAME NUMBER")
    return " ".join(f"{name[2:]}={value}" for name, value in zip(names, values, strict=True))


def _is_file(argument: str) -> bool:
    return not argument.startswith("--") and (
        Path(argument).suffix.lower() in SUFFIXES or ("=" not in argument and Path(argument).is_file())
    )


def _of_file(path: Path, options: TableOptions) -> Iterator[str]:
    """The rows of a table whose columns of numbers are features. How it was read goes to standard error."""
    table = read_table(path, options)
    numeric = table.numeric()
    columns = {name: table.numbers(name) for name in numeric}
    if not len(table.rows) or not columns:
        raise ValueError(f"{path} holds no case: expected a line of features and a line of numbers for each case")
    if others := [name for name in table.columns if name not in numeric]:
        table.notes.append(f"not read, as not all of it is numbers: {', '.join(others)}")
    print(table.read_as, file=sys.stderr)
    for place, line in enumerate(table.lines):
        values = {name: float(numbers[place]) for name, numbers in columns.items()}
        known = (f"{_quoted(name)}={value!r}" for name, value in values.items() if not np.isnan(value))
        yield " ".join(known) + f"{WHERE}line {line} of {path}"


def _quoted(name: str) -> str:
    return f'"{name}"' if re.search(r"[\s=]", name) else name
