"""Scores of a classifier on rows that it was not fitted to: a held-out split, and cross-validation.

Shapes: n rows, k classes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from pipelines.gaussian.classifier import Classifier
from pipelines.gaussian.data import Cases
from pipelines.stats.intervals import LEVEL, Interval
from pipelines.stats.values import Labels

Fit = Callable[[Cases], Classifier]


@dataclass(frozen=True)
class Scores:
    """Scores of a classifier on some rows."""

    count: int
    accuracy: float
    interval: Interval  # of the accuracy
    log_loss: float  # mean of -log p(true class), in nats

    @classmethod
    def of(cls, classifier: Classifier, cases: Cases) -> "Scores":
        log_posteriors = classifier.log_posteriors(cases.rows)
        truth = np.array([classifier.classes.index(label) for label in cases.labels])
        right = int((log_posteriors.argmax(axis=1) == truth).sum())
        loss = -float(log_posteriors[np.arange(len(truth)), truth].mean())
        return cls(len(truth), right / len(truth), share_interval(right, len(truth)), loss)


def share_interval(right: int, count: int, level: float = LEVEL) -> Interval:
    """The interval of the share right / count (Wilson 1927), which stays within 0 and 1."""
    z = float(ndtri((1 + level) / 2))
    share, width = right / count, z**2 / count
    middle = (share + width / 2) / (1 + width)
    half = z / (1 + width) * float(np.sqrt(share * (1 - share) / count + width / (4 * count)))
    return Interval(middle - half, middle + half, level)


def folds(labels: Labels, clusters: Labels, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """The fold (n,) that each row is held out in, with classes spread evenly and rows of one cluster together.

    Clusters are assigned class by class in random order, large ones first, each to the fold that has the fewest rows of
    the class so far. The class of a cluster is that of its first row; '' is a cluster of one.
    """
    alone = np.asarray(clusters) == ""
    names = np.where(alone, [f"alone {index}" for index in range(len(labels))], clusters).astype(str)
    _, first, which, sizes = np.unique(names, return_index=True, return_inverse=True, return_counts=True)
    fold_of = np.empty(len(first), np.int64)
    filled = np.zeros(count, np.int64)
    for name in sorted(set(labels)):
        members = rng.permutation(np.flatnonzero(np.asarray(labels)[first] == name))
        of_class = np.zeros(count, np.int64)
        for member in members[np.argsort(-sizes[members], kind="stable")]:
            fold = np.lexsort((filled, of_class))[0]
            fold_of[member] = fold
            of_class[fold] += sizes[member]
            filled[fold] += sizes[member]
    return fold_of[which]


def cross_validate(cases: Cases, fit: Fit, *, count: int = 10, repeats: int = 5, seed: int = 0) -> pd.DataFrame:
    """Accuracy (from 0 to 1) and log-loss over all rows, each scored by a classifier fitted without its fold.

    A row of the table is a repeat with new folds. Raises ValueError if a class has fewer rows than there are folds.
    """
    smallest = min((cases.labels == name).sum() for name in set(cases.labels))
    if smallest < count:
        raise ValueError(f"a class has {smallest} rows: too few for {count} folds")
    rows = []
    for repeat in range(repeats):
        held_out = folds(cases.labels, cases.clusters, count, np.random.default_rng((seed, repeat)))
        scores = [Scores.of(fit(cases.at(train)), cases.at(test)) for train, test in _splits(held_out, count)]
        weights = [score.count for score in scores]
        rows.append(
            {
                "accuracy": np.average([score.accuracy for score in scores], weights=weights),
                "log_loss": np.average([score.log_loss for score in scores], weights=weights),
            }
        )
    return pd.DataFrame(rows)


def confusion(classifier: Classifier, cases: Cases) -> pd.DataFrame:
    """The number of rows of each class (down) by predicted class (across)."""
    predicted = pd.Categorical(classifier.predict(cases.rows), list(classifier.classes))
    actual = pd.Categorical(cases.labels, list(classifier.classes))
    return pd.crosstab(actual, predicted, rownames=["actual"], colnames=["predicted"], dropna=False)


def _splits(held_out: NDArray[np.int64], count: int) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    for fold in range(count):
        yield held_out != fold, held_out == fold
