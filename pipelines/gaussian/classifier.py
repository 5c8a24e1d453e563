"""Generative classification: a Gaussian for each class, and Bayes' rule.

    log p(class | x) = log prior + log density(x | class) - log density(x)

The kind of covariance decides the boundary between classes:

- `shared`    one covariance for all: the squares of x cancel, boundaries are planes (linear discriminant analysis)
- `separate`  one covariance for each class: boundaries are quadrics (quadratic discriminant analysis)
- `naive`     one diagonal covariance for each class: features are independent within a class (naive Bayes)

Shapes: n rows, p features, k classes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.gaussian import streaming
from pipelines.gaussian.multivariate import (
    SingularCovarianceError,
    cholesky,
    dependences,
    describe,
    log_sum_exp,
    shrunk,
    solve,
    solve_lower,
)
from pipelines.stats.moments import Array
from pipelines.stats.values import Labels, checked_numbers

Covariance = Literal["shared", "separate", "naive"]
Score = Callable[[Array], Array]  # rows (n, p) -> (n, k)

CHUNK = 2**15  # values scored at a time, so that they and their scores fit a core's cache
NEAR = 1e3  # squared distance between means, in variances, up to which (x - m)^2 is expanded without loss of digits


@dataclass(frozen=True)
class Classifier:
    """A fitted classifier. Rows to classify have all `features`; the redundant ones are then left out."""

    covariance: Covariance
    features: tuple[str, ...]
    used: tuple[int, ...]  # indices of the p features that are not redundant
    redundant: Mapping[str, str]  # feature -> the equation that makes it redundant
    classes: tuple[str, ...]  # k
    priors: Array  # (k,)
    means: Array  # (k, p)
    covariances: Array  # (1, p, p) shared, (k, p, p) separate, (k, p) naive

    def scores(self, rows: Any) -> Array:
        """log prior + log density of each class (n, k), up to a term that is the same for all classes."""
        checked = self._checked(rows)
        score = {"shared": self._shared, "separate": self._separate, "naive": self._naive}[self.covariance]()
        found = np.empty((len(checked), len(self.classes)))
        step = max(1, CHUNK // len(self.used))
        for start in range(0, len(checked), step):
            found[start : start + step] = score(checked[start : start + step])
        return found

    def log_posteriors(self, rows: Any) -> Array:
        """The log-probability of each class (n, k)."""
        scores = self.scores(rows)
        return np.asarray(scores - log_sum_exp(scores)[:, None])

    def posteriors(self, rows: Any) -> Array:
        """The probability of each class (n, k)."""
        return np.asarray(np.exp(self.log_posteriors(rows)))

    def predict(self, rows: Any) -> Labels:
        """The most probable class of each row (n,)."""
        return np.asarray(np.array(self.classes, dtype=object)[self.scores(rows).argmax(axis=1)])

    def linear(self) -> tuple[Array, Array]:
        """Weights (k, p) and offsets (k,) of a shared covariance: scores are rows @ weights.T + offsets.

        In -(x - m)' S^-1 (x - m) / 2 the term x' S^-1 x is the same for all classes. What is left is linear: weights
        S^-1 m and offsets -m' S^-1 m / 2 + log prior. Raises ValueError for other covariances.
        """
        if self.covariance != "shared":
            raise ValueError(f"with {self.covariance} covariances scores are not linear: only with a shared one")
        weights = solve(cholesky(self.covariances[0]), self.means.T).T
        return weights, np.log(self.priors) - np.einsum("kp,kp->k", weights, self.means) / 2

    def logistic(self, first: str, second: str) -> tuple[Array, float]:
        """w (p,) and b of p(first | x) = 1 / (1 + exp(-(w x + b))), for two classes under a shared covariance.

        w = S^-1 (m1 - m2). Logistic regression has the same form, but fits w and b directly and finds other values.
        """
        weights, offsets = self.linear()
        one, other = (self.classes.index(name) for name in (first, second))
        return weights[one] - weights[other], float(offsets[one] - offsets[other])

    def _shared(self) -> Score:
        centre = self.means.mean(axis=0)  # subtracted, so that large numbers cancel before they are multiplied
        around = self.means - centre
        weights = solve(cholesky(self.covariances[0]), around.T)
        offsets = np.log(self.priors) - np.einsum("pk,kp->k", weights, around) / 2
        return lambda rows: np.asarray((rows - centre) @ weights + offsets)

    def _separate(self) -> Score:
        factors = [cholesky(covariance) for covariance in self.covariances]
        offsets = np.log(self.priors) - [np.log(np.diag(factor)).sum() for factor in factors]

        def score(rows: Array) -> Array:
            found = np.empty((len(rows), len(factors)))
            for index, (mean, factor) in enumerate(zip(self.means, factors, strict=True)):
                standard = solve_lower(factor, (rows - mean).T)
                found[:, index] = np.einsum("pn,pn->n", standard, standard)
            return np.asarray(offsets - found / 2)

        return score

    def _naive(self) -> Score:
        centre = self.means.mean(axis=0)
        around, precisions = self.means - centre, 1 / self.covariances
        offsets = np.log(self.priors) + np.log(precisions).sum(axis=1) / 2

        def squared(rows: Array) -> Array:
            """Expanded: two matrix products instead of a pass over the rows for each class."""
            apart = rows - centre
            linear = apart @ (precisions * around).T
            return np.asarray(apart**2 @ precisions.T - 2 * linear + (precisions * around**2).sum(axis=1))

        def squared_one_by_one(rows: Array) -> Array:
            pairs = zip(self.means, np.sqrt(precisions), strict=True)
            return np.stack([(((rows - mean) * scale) ** 2).sum(axis=1) for mean, scale in pairs], axis=1)

        distance = squared if (precisions * around**2).max() < NEAR else squared_one_by_one
        return lambda rows: np.asarray(offsets - distance(rows) / 2)

    def _checked(self, rows: Any) -> Array:
        if isinstance(rows, pd.DataFrame):
            if missing := [name for name in self.features if name not in rows.columns]:
                raise ValueError(f"no column {missing[0]!r}: the classifier reads {', '.join(self.features)}")
            rows = rows[list(self.features)].to_numpy()
        array = checked_numbers(rows, "rows").astype(np.float64, copy=False)
        if array.ndim != 2 or array.shape[1] != len(self.features):
            raise ValueError(
                f"rows has shape {array.shape}: expected {len(self.features)} columns, {', '.join(self.features)}"
            )
        return array if len(self.used) == len(self.features) else array[:, list(self.used)]

    def to_values(self) -> dict[str, Any]:
        """Everything as JSON values, exactly."""
        arrays = {name: getattr(self, name).tolist() for name in ("priors", "means", "covariances")}
        lists = {name: list(getattr(self, name)) for name in ("features", "used", "classes")}
        return {"covariance": self.covariance, "redundant": dict(self.redundant)} | lists | arrays

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> "Classifier":
        priors, means, covariances = (
            np.asarray(values[name], np.float64) for name in ("priors", "means", "covariances")
        )
        features, used, classes = (tuple(values[name]) for name in ("features", "used", "classes"))
        return cls(values["covariance"], features, used, values["redundant"], classes, priors, means, covariances)


def fit(
    rows: Any,
    labels: Any,
    covariance: Covariance,
    *,
    features: Sequence[str] = (),
    priors: Literal["observed", "equal"] | Mapping[str, float] = "observed",
    unbiased: bool = False,
    shrinkage: float = 0.0,
    smoothing: float = 0.0,
) -> Classifier:
    """The most likely Gaussian of each class in rows (n, p) with labels (n,).

    `unbiased` divides sums of squares by n - 1, or n - k for a shared covariance, instead of by n. `shrinkage` is the
    amount of `multivariate.shrunk`. `smoothing` adds this share of the largest variance of a feature to every variance
    of a naive classifier. A feature that is a linear combination of others over all rows is redundant and left out.

    Raises ValueError for rows that are not numbers and labels that do not fit them, and SingularCovarianceError, which
    names the class and what to do, if the rows of a class do not vary in all directions.
    """
    if covariance not in get_args(Covariance):
        raise ValueError(f"covariance is {covariance!r}: choose from {', '.join(get_args(Covariance))}")
    array = checked_numbers(rows, "rows").astype(np.float64, copy=False)
    codes, classes = _coded(labels, array)
    named = tuple(features) or tuple(f"x{index + 1}" for index in range(array.shape[1]))
    if len(named) != array.shape[1]:
        raise ValueError(f"{len(named)} names for {array.shape[1]} features")
    products = covariance != "naive"
    redundant = dependences(streaming.of_rows(array, products=True).covariance()) if products else {}
    used = [index for index in range(len(named)) if index not in redundant]
    if not used:
        raise ValueError("no feature varies: no classifier can be fitted")
    kept = array if len(used) == len(named) else array[:, used]
    rows_of = [np.flatnonzero(codes == code) for code in range(len(classes))]  # faster to gather by than a mask
    found = [streaming.of_rows(kept[chosen], products=products) for chosen in rows_of]
    counts = np.array([float(of_class.count) for of_class in found])
    names = [named[index] for index in used]
    if covariance == "shared":
        total = np.sum([of_class.count * of_class.covariance() for of_class in found], axis=0)
        covariances = shrunk(total / (counts.sum() - unbiased * len(classes)), shrinkage)[None]
        _refuse_singular(covariances, ["the classes together"], counts.sum(keepdims=True), names)
    else:
        if counts.min() < 2:
            raise SingularCovarianceError(f"class {classes[int(counts.argmin())]!r} has one row: it shows no spread")
        whose = [f"class {name!r}" for name in classes]
        if covariance == "separate":
            covariances = np.stack([shrunk(of_class.covariance(unbiased=unbiased), shrinkage) for of_class in found])
            _refuse_singular(covariances, whose, counts, names)
        else:
            added = smoothing * streaming.of_rows(array).variance().max() if smoothing else 0.0
            covariances = np.stack([of_class.variance(unbiased=unbiased) + added for of_class in found])
            _refuse_constant(covariances, whose, names)
    return Classifier(
        covariance,
        named,
        tuple(used),
        {named[index]: describe(named, index, parts) for index, parts in redundant.items()},
        classes,
        _priors(priors, classes, counts),
        np.stack([of_class.mean for of_class in found]),
        covariances,
    )


def _coded(labels: Any, rows: Array) -> tuple[NDArray[np.signedinteger[Any]], tuple[str, ...]]:
    """The class of each row as a number (n,), and the classes in order."""
    if rows.ndim != 2 or not rows.size:
        raise ValueError(f"rows has shape {rows.shape}: expected rows of features")
    if len(labels) != len(rows):
        raise ValueError(f"{len(labels)} labels for {len(rows)} rows: expected one each")
    codes, classes = pd.factorize(np.asarray(labels), sort=True)
    if (codes < 0).any():
        raise ValueError(f"row {int(np.argmin(codes))} has no label")
    if len(classes) < 2:
        raise ValueError(f"all rows are of class {str(classes[0])!r}: a classifier needs two classes or more")
    return codes, tuple(str(name) for name in classes)


def _priors(priors: str | Mapping[str, float], classes: Sequence[str], counts: Array) -> Array:
    if priors == "observed":
        return np.asarray(counts / counts.sum())
    if priors == "equal":
        return np.full(len(classes), 1 / len(classes))
    if not isinstance(priors, Mapping) or set(priors) != set(classes):
        raise ValueError(f"priors is {priors!r}: choose observed, equal, or a share for each of {', '.join(classes)}")
    found = np.array([priors[name] for name in classes], np.float64)
    if not (found > 0).all() or abs(found.sum() - 1) > 1e-9:
        raise ValueError(f"priors is {priors!r}: expected shares above 0 that sum to 1")
    return found


def _refuse_singular(covariances: Array, whose: Sequence[str], counts: Array, names: Sequence[str]) -> None:
    for covariance, name, count in zip(covariances, whose, counts, strict=True):
        try:
            cholesky(covariance, names)
        except SingularCovarianceError as error:
            raise SingularCovarianceError(f"{name}, {count:g} rows of {len(names)} features: {error}") from None


def _refuse_constant(variances: Array, whose: Sequence[str], names: Sequence[str]) -> None:
    for of_class, name in zip(variances, whose, strict=True):
        if not (of_class > 0).all():
            feature = names[int(np.argmin(of_class))]
            raise SingularCovarianceError(
                f"{feature} is constant in {name}: one other value there would have no probability at all. "
                "Leave the feature out, or set smoothing to a small share such as 1e-9"
            )
