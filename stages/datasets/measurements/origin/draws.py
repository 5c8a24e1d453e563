"""The built-in source of `measurements`: draws whose truth is known, so that estimates can be held against it.

A file per set, `case,group,split,<features>`, and `truth.json`: the moments of each group and feature as they were
set, and for the class sets the mean vectors, the covariance both classes share, and the accuracy that no rule exceeds.

- `gaussian`    four groups, of different mean and variance
- `outliers`    one Gaussian and 3% gross errors far below it, labelled so that a method's detections can be checked
- `skewed`      waiting times: exponential, where a Gaussian fit is the wrong model
- `classes-2d`, `classes-7d`   two classes with one covariance, 2 and 7 features
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import log, sqrt
from random import Random
from statistics import NormalDist
from typing import Any

DECIMALS = 4  # rounding hides the last bits, in which the logarithms of two machines may differ
NORMAL, EXPONENTIAL = 3.0, 9.0  # kurtosis: what says how far a sample's variance may lie from the true one

GROUPS = {"a": (0.0, 1.0), "b": (100.0, 15.0), "c": (-5.0, 0.5), "d": (12.0, 4.0)}  # mean, standard deviation
CLEAN, GROSS = (26.0, 5.0), (-40.0, 8.0)
GROSS_SHARE = 0.03
WAITING = 10.0  # mean and standard deviation
# What lies between the classes, measured along the axes of their covariance: its length d gives the best accuracy,
# Phi(d / 2).
BETWEEN = {"classes-2d": (1.2, 0.9), "classes-7d": (1.0, 0.0, 0.8, 0.0, 0.9, 0.6, 0.5)}

Row = tuple[str, str, tuple[float, ...]]  # group, split, values


@dataclass(frozen=True)
class MeasurementsOptions:
    """params.yaml's `datasets.measurements.builtin`."""

    seed: int
    draws: int  # of a group, or of a set without groups
    train: int  # cases of a class
    test: int

    def __post_init__(self) -> None:
        for name, least in (("draws", 100), ("train", 50), ("test", 50)):
            if (found := getattr(self, name)) < least:
                raise ValueError(f"{name} must be at least {least}, found {found}")

    @property
    def gross(self) -> int:
        """How many of the draws of `outliers` are gross errors."""
        return round(GROSS_SHARE * self.draws)


def cases(options: MeasurementsOptions) -> dict[str, dict[tuple[str, str], int]]:
    """Set -> (group, split) -> cases."""
    sizes = {(name, split): getattr(options, split) for name in "ab" for split in ("train", "test")}
    return {
        "gaussian": {(name, "train"): options.draws for name in GROUPS},
        "outliers": {("clean", "train"): options.draws - options.gross, ("gross", "train"): options.gross},
        "skewed": {("all", "train"): options.draws},
        **{name: dict(sizes) for name in BETWEEN},
    }


def make(options: MeasurementsOptions) -> Iterator[tuple[str, bytes]]:
    """The files; a set depends on the seed and its own sizes alone."""
    truth: dict[str, Any] = {}
    for name, sizes in cases(options).items():
        rng = Random(f"{options.seed}/{name}")
        if name in BETWEEN:
            vectors = _class_vectors(BETWEEN[name])
            rows = [
                _class_case(group, split, vectors, rng) for (group, split), count in sizes.items() for _ in [0] * count
            ]
            truth[name] = _class_truth(BETWEEN[name], vectors)
        else:
            models = {group: _model(name, group) for group, _ in sizes}
            rows = [
                (group, split, (_draw(*models[group], rng),)) for (group, split), n in sizes.items() for _ in [0] * n
            ]
            truth[name] = {"moments": {group: {"value": _moments(*model)} for group, model in models.items()}}
        rows.sort(key=lambda _: rng.random())
        yield f"{name}.csv", _csv(truth[name]["moments"], rows)
    yield "truth.json", (json.dumps(truth, indent=1) + "\n").encode()


def _model(name: str, group: str) -> tuple[float, float, float]:
    """Mean, standard deviation and kurtosis."""
    if name == "skewed":
        return WAITING, WAITING, EXPONENTIAL
    mean, deviation = {**GROUPS, "clean": CLEAN, "gross": GROSS}[group]
    return mean, deviation, NORMAL


def _draw(mean: float, deviation: float, kurtosis: float, rng: Random) -> float:
    """By inverting the distribution function: one call of `random()` a draw, the sequence Python promises to keep."""
    share = (int(rng.random() * 2**52) + 0.5) / 2**52  # never 0 or 1
    value = -mean * log(share) if kurtosis == EXPONENTIAL else mean + deviation * NormalDist().inv_cdf(share)
    return round(value, DECIMALS)


def _moments(mean: float, deviation: float, kurtosis: float) -> dict[str, float]:
    """The truth about one feature in one group, and limits that no draw comes to in practice."""
    low, high = (
        (0.0, mean + 40 * deviation) if kurtosis == EXPONENTIAL else (mean - 9 * deviation, mean + 9 * deviation)
    )
    return {"mean": mean, "variance": deviation**2, "kurtosis": kurtosis, "low": low, "high": high}


@dataclass(frozen=True)
class _Vectors:
    """A class's mean, and the factor L of the covariance L L' that both classes share."""

    means: dict[str, list[float]]
    factor: list[list[float]]

    @property
    def covariance(self) -> list[list[float]]:
        size = range(len(self.factor))
        return [
            [round(sum(a * b for a, b in zip(self.factor[i], self.factor[j], strict=True)), 6) for j in size]
            for i in size
        ]


def _class_vectors(between: Sequence[float]) -> _Vectors:
    """Neighbouring features are correlated; class b lies `between` away from class a, along the covariance's axes."""
    size = len(between)
    deviations = [12.0 + 2 * i for i in range(size)]
    factor = [[{0: 1.0, 1: 0.5}.get(i - j, 0.0) * deviations[i] for j in range(size)] for i in range(size)]
    first = [60.0 + 3 * i for i in range(size)]
    second = [
        mean + sum(a * b for a, b in zip(row, between, strict=True)) for mean, row in zip(first, factor, strict=True)
    ]
    return _Vectors({"a": first, "b": [round(mean, 6) for mean in second]}, factor)


def _class_case(group: str, split: str, vectors: _Vectors, rng: Random) -> Row:
    standard = [_draw(0, 1, NORMAL, rng) for _ in vectors.factor]
    means = zip(vectors.means[group], vectors.factor, strict=True)
    values = (mean + sum(a * b for a, b in zip(row, standard, strict=True)) for mean, row in means)
    return group, split, tuple(round(value, DECIMALS) for value in values)


def _class_truth(between: Sequence[float], vectors: _Vectors) -> dict[str, Any]:
    covariance = vectors.covariance
    moments = {
        group: {
            f"x{i + 1}": _moments(mean, sqrt(covariance[i][i]), NORMAL) for i, mean in enumerate(vectors.means[group])
        }
        for group in vectors.means
    }
    distance = sqrt(sum(part**2 for part in between))
    best = round(NormalDist().cdf(distance / 2), 6)
    return {"moments": moments, "means": vectors.means, "covariance": covariance, "best_accuracy": best}


def _csv(moments: dict[str, dict[str, Any]], rows: Iterable[Row]) -> bytes:
    features = next(iter(moments.values()))
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["case", "group", "split", *features])
    table.writerows([number, group, split, *values] for number, (group, split, values) in enumerate(rows))
    return text.getvalue().encode()
