"""Mixtures of Gaussians, by expectation and maximisation (Dempster, Laird & Rubin 1977, section 4.3).

Each row belongs to one of k Gaussians, and which is not known. By turns every row is shared out among them in
proportion to how likely each made it, and each Gaussian is estimated anew from its shares, as weights. No step makes
the rows less likely. Where that ends depends on where it starts, so several starts are tried: the rows cut along the
direction in which they spread most, into equal parts or with a small part at either end. No random number is used.

Shapes: n rows, p features, k components.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np

from pipelines.gaussian.multivariate import Gaussian, SingularCovarianceError, log_sum_exp
from pipelines.stats import moments
from pipelines.stats.moments import Array
from pipelines.stats.values import checked_sample

SMALL_PART = 0.05  # of the rows, in the starts that look for a few far from the rest


@dataclass(frozen=True)
class Mixture:
    """Gaussians, and the share of rows that is of each, in order of their means."""

    shares: Array  # (k,)
    means: Array  # (k, p)
    covariances: Array  # (k, p, p)
    log_likelihoods: tuple[float, ...]  # by step
    rows: int

    @property
    def information_criterion(self) -> float:
        """BIC (Schwarz 1978): -2 log-likelihood, and log n for each parameter. The lower, the better."""
        count, features = self.means.shape
        parameters = count - 1 + count * features + count * features * (features + 1) // 2
        return float(parameters * log(self.rows) - 2 * self.log_likelihoods[-1])

    def log_joint(self, rows: Array) -> Array:
        """The logarithm of share times density, of each row and component (n, k)."""
        gaussians = [Gaussian.of(mean, cov) for mean, cov in zip(self.means, self.covariances, strict=True)]
        return np.stack([gaussian.log_density(rows) for gaussian in gaussians], axis=1) + np.log(self.shares)

    def responsibilities(self, rows: Array) -> Array:
        """How probable it is that each row is of each component (n, k)."""
        joint = self.log_joint(rows.reshape(len(rows), -1))
        return np.asarray(np.exp(joint - log_sum_exp(joint)[:, None]))


def fit(rows: Any, components: int, *, tolerance: float = 1e-7, most: int = 300) -> Mixture:
    """The best of the mixtures that EM finds from its starts; it stops where a step adds less than `tolerance` a row.

    Where the rows are of fewer Gaussians than asked for, there may be nowhere to get to: then `most` steps end it.
    Raises ValueError where every start ends with a component that has shrunk onto rows without spread: the
    likelihood of such a mixture has no top, and fewer components are needed.
    """
    array, _ = checked_sample(rows, None, "rows")
    array = array.reshape(len(array), -1)
    if not 1 <= components <= len(array):
        raise ValueError(f"components is {components}: expected 1 to {len(array)}, the number of rows")
    found, failures = [], []
    for start in _starts(array, components):
        try:
            found.append(_climb(array, start, tolerance, most))
        except SingularCovarianceError as error:
            failures.append(error)
    if not found:
        raise ValueError(
            f"one of {components} components shrinks onto rows without spread ({failures[0]}): ask for fewer"
        )
    best = max(found, key=lambda mixture: mixture.log_likelihoods[-1])
    order = np.lexsort(best.means.T[::-1])
    return Mixture(best.shares[order], best.means[order], best.covariances[order], best.log_likelihoods, best.rows)


def maximise(rows: Array, responsibilities: Array, log_likelihoods: tuple[float, ...] = ()) -> Mixture:
    """The most likely mixture for rows (n, p) that are shared out like this (n, k): the M step."""
    fitted = [moments.of(rows, products=True, weights=weights) for weights in responsibilities.T]
    means, covariances = [found.mean for found in fitted], [found.covariance() for found in fitted]
    return Mixture(responsibilities.mean(axis=0), np.stack(means), np.stack(covariances), log_likelihoods, len(rows))


def _climb(rows: Array, responsibilities: Array, tolerance: float, most: int) -> Mixture:
    mixture = maximise(rows, responsibilities)
    history: list[float] = []
    for _ in range(most):
        joint = mixture.log_joint(rows)
        of_row = log_sum_exp(joint)
        history.append(float(of_row.sum()))
        if len(history) > 1 and history[-1] - history[-2] < tolerance * len(rows):
            break
        mixture = maximise(rows, np.exp(joint - of_row[:, None]))
    return Mixture(mixture.shares, mixture.means, mixture.covariances, tuple(history), len(rows))


def _starts(rows: Array, components: int) -> Iterator[Array]:
    """Ways to share the rows out (n, k), each row to one component."""
    directions = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)[2]
    along = rows @ directions[0]
    rank = np.argsort(np.argsort(along, kind="stable"), kind="stable") / len(rows)
    equal = np.linspace(0, 1, components + 1)[1:-1]
    cuts = [equal]
    if components > 1:
        rest = np.linspace(0, 1, components)[1:-1]
        cuts += [np.sort([SMALL_PART, *rest]), np.sort([1 - SMALL_PART, *rest])]
    for cut in cuts:
        yield np.eye(components)[np.searchsorted(cut, rank, side="right")]
