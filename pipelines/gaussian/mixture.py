"""Mixtures of Gaussians, by EM (Dempster, Laird & Rubin 1977, section 4.3).

Each row is of one of k Gaussians, and it is not known of which. E step: the probability of each Gaussian for each row,
its responsibilities. M step: each Gaussian is estimated from all rows, weighted by its responsibilities. No step makes
the rows less likely. The result depends on the start, so several are tried: the rows cut along the direction in which
they vary most, into equal parts or with a small part at either end. No random number is used.

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

SMALL_PART = 0.05  # of the rows, in the starts that look for a few rows far from the others


@dataclass(frozen=True)
class Mixture:
    """Gaussians in order of their means, and the share of rows of each."""

    shares: Array  # (k,)
    means: Array  # (k, p)
    covariances: Array  # (k, p, p)
    log_likelihoods: tuple[float, ...]  # by step
    rows: int

    @property
    def information_criterion(self) -> float:
        """BIC (Schwarz 1978): -2 log-likelihood + log n for each parameter. Lower is better."""
        count, features = self.means.shape
        parameters = count - 1 + count * features + count * features * (features + 1) // 2
        return float(parameters * log(self.rows) - 2 * self.log_likelihoods[-1])

    def log_joint(self, rows: Array) -> Array:
        """log(share * density) of each row and component (n, k)."""
        gaussians = [Gaussian.of(mean, cov) for mean, cov in zip(self.means, self.covariances, strict=True)]
        return np.stack([gaussian.log_density(rows) for gaussian in gaussians], axis=1) + np.log(self.shares)

    def responsibilities(self, rows: Array) -> Array:
        """The probability of each component for each row (n, k)."""
        joint = self.log_joint(rows.reshape(len(rows), -1))
        return np.asarray(np.exp(joint - log_sum_exp(joint)[:, None]))


def fit(rows: Any, components: int, *, tolerance: float = 1e-7, max_steps: int = 300) -> Mixture:
    """The best mixture that EM finds from its starts, until a step adds less than `tolerance` a row, or `max_steps`.

    Raises ValueError if every start ends with a component that has shrunk onto rows without spread: the likelihood of
    such a mixture has no bound, and fewer components are needed.
    """
    array, _ = checked_sample(rows, None, "rows")
    array = array.reshape(len(array), -1)
    if not 1 <= components <= len(array):
        raise ValueError(f"components is {components}: expected 1 to {len(array)}, the number of rows")
    found, failures = [], []
    for start in _starts(array, components):
        try:
            found.append(_climb(array, start, tolerance, max_steps))
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
    """The M step: the most likely mixture for rows (n, p) with responsibilities (n, k)."""
    fitted = [moments.of(rows, products=True, weights=weights) for weights in responsibilities.T]
    means, covariances = [found.mean for found in fitted], [found.covariance() for found in fitted]
    return Mixture(responsibilities.mean(axis=0), np.stack(means), np.stack(covariances), log_likelihoods, len(rows))


def _climb(rows: Array, responsibilities: Array, tolerance: float, max_steps: int) -> Mixture:
    """EM from responsibilities (n, k)."""
    mixture = maximise(rows, responsibilities)
    history: list[float] = []
    for _ in range(max_steps):
        joint = mixture.log_joint(rows)
        of_row = log_sum_exp(joint)
        history.append(float(of_row.sum()))
        if len(history) > 1 and history[-1] - history[-2] < tolerance * len(rows):
            break
        mixture = maximise(rows, np.exp(joint - of_row[:, None]))
    return Mixture(mixture.shares, mixture.means, mixture.covariances, tuple(history), len(rows))


def _starts(rows: Array, components: int) -> Iterator[Array]:
    """Responsibilities (n, k) to start from, each row of one component."""
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
