"""Estimates against closed forms, scipy and scikit-learn: one feature, several, with gaps, and of mixtures."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pipelines.gaussian import missing, mixture, multivariate
from pipelines.gaussian.likelihood import ascend, score
from pipelines.gaussian.multivariate import Gaussian, SingularCovarianceError
from pipelines.stats.estimation import estimate
from pipelines.stats.moments import Array

FAST = settings(max_examples=20)
VALUES = st.lists(st.floats(-1e3, 1e3, width=32), min_size=2, max_size=30).filter(lambda found: np.ptp(found) > 1e-3)
SCALES = st.floats(0.01, 100).flatmap(lambda scale: st.sampled_from([scale, -scale]))


def correlated(count: int, features: int = 3, seed: int = 0) -> Array:
    rng = np.random.default_rng(seed)
    return np.asarray(rng.normal(size=(count, features)) @ rng.normal(size=(features, features)) + np.arange(features))


# -- one feature


@FAST
@given(VALUES, SCALES, st.floats(-1e3, 1e3))
def test_estimates_move_and_stretch_with_the_values(values: list[float], scale: float, shift: float) -> None:
    one, other = estimate(values), estimate(scale * np.array(values) + shift)
    assert other.mean == pytest.approx(scale * one.mean + shift, abs=1e-9 * (1 + abs(scale) + abs(shift)))
    assert other.variance == pytest.approx(scale**2 * one.variance, rel=1e-6)


@FAST
@given(VALUES, st.data())
def test_a_weight_is_so_many_repetitions(values: list[float], data: st.DataObject) -> None:
    weights = data.draw(st.lists(st.integers(0, 5), min_size=len(values), max_size=len(values)).filter(any))
    weighted, repeated = estimate(values, weights), estimate(np.repeat(values, weights))
    assert weighted.count == repeated.count
    assert weighted.mean == pytest.approx(repeated.mean, rel=1e-12, abs=1e-9)
    assert weighted.variance == pytest.approx(repeated.variance, rel=1e-9, abs=1e-9)


@FAST
@given(VALUES, st.floats(-1e3, 1e3), st.floats(0.1, 1e3))
def test_the_log_likelihood_is_the_sum_of_log_densities(values: list[float], mean: float, deviation: float) -> None:
    found, array = estimate(values), np.array(values)
    expected = stats.norm.logpdf(array, mean, deviation).sum()
    assert found.log_likelihood(mean, deviation) == pytest.approx(expected, rel=1e-9)
    assert found.highest >= found.log_likelihood(mean, deviation) - 1e-9 * abs(found.highest)


def test_a_profile_is_the_highest_likelihood_over_the_other_parameter() -> None:
    found = estimate(correlated(40)[:, 0])
    means, deviations = np.linspace(-4, 4, 9), np.linspace(0.3, 9, 40_001)
    surface = found.log_likelihood(means[:, None], deviations)
    assert found.profile_of_mean(means) == pytest.approx(surface.max(axis=1), abs=1e-4)
    surface = found.log_likelihood(np.linspace(-4, 4, 4001)[:, None], deviations[::4000])
    assert found.profile_of_deviation(deviations[::4000]) == pytest.approx(surface.max(axis=0), abs=1e-3)


@FAST
@given(VALUES, st.floats(-3, 3), st.floats(-3, 3))
def test_gradient_ascent_gets_to_the_closed_form(values: list[float], mean: float, log_deviation: float) -> None:
    """From 3 deviations off, and 20 times too wide or too narrow."""
    found = estimate(values)
    start = found.mean + mean * found.deviation, found.deviation * np.exp(log_deviation)
    *_, (centre, spread) = ascend(values, *start)
    assert centre == pytest.approx(found.mean, abs=1e-9 * found.deviation)
    assert spread == pytest.approx(found.deviation, rel=1e-9)


def test_the_score_is_the_derivative() -> None:
    values = correlated(20)[:, 1]
    found, step = estimate(values), 1e-6

    def height(mean: float, log_deviation: float) -> float:
        return float(found.log_likelihood(mean, np.exp(log_deviation)))

    by_mean, by_log = score(values, 0.3, 0.9)
    assert by_mean == pytest.approx((height(0.3 + step, 0.9) - height(0.3 - step, 0.9)) / (2 * step), rel=1e-6)
    assert by_log == pytest.approx((height(0.3, 0.9 + step) - height(0.3, 0.9 - step)) / (2 * step), rel=1e-6)


def test_one_value_and_equal_values_are_answered() -> None:
    one = estimate([4.0])
    assert (one.mean, one.variance, one.highest) == (4.0, 0.0, np.inf)
    with pytest.raises(ValueError, match="1 value shows no spread"):
        one.unbiased_variance  # noqa: B018
    assert estimate([2.5] * 7).variance == 0
    with pytest.raises(ValueError, match="equal values has no maximum"):
        list(ascend([2.5] * 7, 2.0, 1.0))


@pytest.mark.parametrize(
    ("values", "weights", "message"),
    [
        ([], None, r"values has shape \(0,\): expected at least one row"),
        ([1.0, np.nan], None, r"row 1 of values is nan: expected a finite number; leave the row out"),
        ([1.0, "2"], None, "row 1 of values is '2': expected a number"),
        ([[1.0, 2.0]], None, "expected one feature"),
        ([1.0, 2.0], [1.0], "expected one weight for each of 2 rows"),
        ([1.0, 2.0], [1.0, -2.0], "row 1 of weights is -2.0: a weight is 0 or more"),
        ([1.0, 2.0], [0, 0], "all weights are 0"),
    ],
)
def test_bad_values_and_weights(values: Any, weights: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        estimate(values, weights)


# -- several features


@pytest.mark.parametrize("features", [1, 2, 7, 20])
def test_densities_are_those_of_scipy(features: int) -> None:
    """20 features are more than a strip of forward substitution."""
    rows = correlated(200, features)
    mean, covariance = multivariate.full(rows)
    expected = stats.multivariate_normal(mean, covariance).logpdf(rows)
    assert Gaussian.of(mean, covariance).log_density(rows) == pytest.approx(expected, rel=1e-9)
    factor = multivariate.cholesky(covariance)
    assert multivariate.solve(factor, rows.T) == pytest.approx(np.linalg.solve(covariance, rows.T), rel=1e-6)


def test_covariances_of_four_kinds() -> None:
    rows, groups = correlated(60), np.array(["b", "a", "c"] * 20, dtype=object)
    covariance = multivariate.full(rows)[1]
    assert covariance == pytest.approx(np.cov(rows.T, bias=True), rel=1e-12)
    assert multivariate.diagonal(covariance) == pytest.approx(np.diag(rows.var(axis=0)))
    means, tied = multivariate.tied(rows, groups)
    assert means == pytest.approx(np.stack([rows[groups == name].mean(axis=0) for name in "abc"]))
    within = rows - means[[" abc".index(name) - 1 for name in groups]]
    assert tied == pytest.approx(within.T @ within / 60, rel=1e-12)
    weights = np.arange(60) % 3
    assert multivariate.full(rows, weights)[1] == pytest.approx(np.cov(rows.T, bias=True, fweights=weights), rel=1e-12)
    with pytest.raises(ValueError, match="2 groups for 60 rows"):
        multivariate.tied(rows, np.array(["a", "b"]))


@pytest.mark.parametrize("count", [4, 10, 300])
def test_shrinkage_is_that_of_ledoit_and_wolf(count: int) -> None:
    from sklearn.covariance import ledoit_wolf, shrunk_covariance

    rows = correlated(count, 6)
    covariance = multivariate.full(rows)[1]
    expected, amount = ledoit_wolf(rows)
    assert multivariate.ledoit_wolf(rows) == pytest.approx(amount, abs=1e-10)
    assert multivariate.shrunk(covariance, amount) == pytest.approx(expected, abs=1e-10)
    assert multivariate.shrunk(covariance, 0.3) == pytest.approx(shrunk_covariance(covariance, 0.3), abs=1e-10)
    with pytest.raises(ValueError, match=r"shrinkage is 1\.5"):
        multivariate.shrunk(covariance, 1.5)


def test_a_singular_covariance_is_named_with_what_to_do() -> None:
    rows = correlated(30, 3)
    rows = np.column_stack([rows, rows[:, 0] - 2 * rows[:, 2] + 7, np.full(30, 5.0)])
    mean, covariance = multivariate.full(rows)
    message = r"5 features has no inverse: sum = a - 2 c, but for a constant; flat is constant. Leave such features out"
    with pytest.raises(SingularCovarianceError, match=message):
        Gaussian.of(mean, covariance, ["a", "b", "c", "sum", "flat"])
    with pytest.raises(SingularCovarianceError, match=r"and 5 more\. Leave"):
        multivariate.cholesky(np.zeros((8, 8)))
    multivariate.cholesky(multivariate.shrunk(covariance, 0.01))


@FAST
@given(st.integers(0, 10**6), st.integers(2, 6), st.floats(1e-6, 1e6))
def test_dependences_are_found_whatever_the_units(seed: int, features: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(40, features))
    shares = rng.uniform(0.5, 2, features)
    units = scale ** np.linspace(-1, 1, features + 1)
    covariance = multivariate.full(np.column_stack([rows, rows @ shares]) * units)[1]
    found = multivariate.dependences(covariance)
    assert list(found) == [features]
    assert [found[features][index] for index in range(features)] == pytest.approx(
        shares * units[-1] / units[:-1], rel=1e-5
    )
    assert multivariate.dependences(covariance[:-1, :-1]) == {}


def test_log_sum_exp_stays_finite() -> None:
    terms = np.array([[-1e5, -1e5 + 1.0], [1e5, 0.0], [0.0, 0.0]])
    assert multivariate.log_sum_exp(terms) == pytest.approx([-1e5 + np.log1p(np.exp(1)), 1e5, np.log(2)])


# -- gaps


def test_without_gaps_em_is_the_closed_form() -> None:
    rows = correlated(50)
    found, (mean, covariance) = missing.fit(rows), multivariate.full(rows)
    assert found.mean == pytest.approx(mean, rel=1e-12)
    assert found.covariance == pytest.approx(covariance, rel=1e-12)
    assert np.array_equal(found.filled, rows)


def test_gaps_in_one_feature_have_a_closed_form() -> None:
    """Anderson (1957): the regression of the feature with gaps on the other, put onto all rows."""
    rows = correlated(80, 2)
    there = rows[:, 0] < np.median(rows[:, 0])
    rows[~there, 1] = np.nan
    slope, start = np.polyfit(rows[there, 0], rows[there, 1], 1)
    left = np.mean((rows[there, 1] - slope * rows[there, 0] - start) ** 2)
    mean, variance = rows[:, 0].mean(), rows[:, 0].var()
    found = missing.fit(rows, tolerance=1e-14)
    assert found.mean == pytest.approx([mean, slope * mean + start], rel=1e-5)
    cross = slope * variance
    assert found.covariance == pytest.approx(np.array([[variance, cross], [cross, left + slope * cross]]), rel=1e-5)


@settings(max_examples=8)
@given(st.integers(0, 10**6), st.floats(0.05, 0.4))
def test_no_step_of_em_makes_what_is_there_less_likely(seed: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    rows = correlated(40, 3, seed)
    rows[rng.random(rows.shape) < share] = np.nan
    found = missing.fit(rows, tolerance=1e-7)
    assert np.diff(found.log_likelihoods).min() > -1e-9 * abs(found.log_likelihoods[-1])
    seen = ~np.isnan(rows)
    assert np.array_equal(found.filled[seen], rows[seen])
    assert np.isfinite(found.filled).all()


def test_rows_without_any_value_say_nothing() -> None:
    rows = correlated(30)
    rows[3, 1] = np.nan
    found = missing.fit(rows)
    more = missing.fit(np.vstack([rows, np.full((5, 3), np.nan)]))
    assert more.mean == pytest.approx(found.mean)
    assert more.filled[-1] == pytest.approx(found.mean)


def test_bad_gaps() -> None:
    rows = correlated(10)
    with pytest.raises(ValueError, match="row 2, column 0 of rows is inf"):
        missing.fit(np.where(np.arange(30).reshape(10, 3) == 6, np.inf, rows))
    with pytest.raises(ValueError, match="column 1 has no value at all"):
        missing.fit(np.column_stack([rows[:, 0], np.full(10, np.nan)]))
    with pytest.raises(ValueError, match="EM did not converge in 2 steps"):
        missing.fit(np.where(np.eye(10, 3) == 1, np.nan, rows), tolerance=0.0, max_steps=2)
    with pytest.raises(SingularCovarianceError):
        missing.fit(np.column_stack([rows, rows[:, 0]]))


# -- mixtures


def two_groups(seed: int = 0, apart: float = 6.0) -> Array:
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.normal(0, 1, 300), rng.normal(apart, 0.5, 100)])


def test_one_component_is_the_closed_form() -> None:
    rows = correlated(60)
    found, (mean, covariance) = mixture.fit(rows, 1), multivariate.full(rows)
    assert found.means[0] == pytest.approx(mean, rel=1e-12)
    assert found.covariances[0] == pytest.approx(covariance, rel=1e-12)


def test_two_groups_are_found_again() -> None:
    """Each figure within 5 standard errors of the truth."""
    found = mixture.fit(two_groups(), 2)
    assert abs(found.shares[1] - 0.25) < 5 * np.sqrt(0.25 * 0.75 / 400)
    for (mean, deviation, count), centre, variance in zip(
        ((0, 1, 300), (6, 0.5, 100)), found.means[:, 0], found.covariances[:, 0, 0], strict=True
    ):
        assert abs(centre - mean) < 5 * deviation / np.sqrt(count)
        assert abs(np.sqrt(variance) / deviation - 1) < 5 / np.sqrt(2 * count)
    sure = found.responsibilities(np.array([0.0, 6.0]))
    assert sure == pytest.approx(np.eye(2), abs=1e-6)
    assert sure.sum(axis=1) == pytest.approx([1, 1])
    assert found.information_criterion < mixture.fit(two_groups(), 1).information_criterion


def test_a_few_rows_far_off_are_found() -> None:
    values = np.concatenate([np.random.default_rng(2).normal(25, 5, 970), np.random.default_rng(3).normal(-40, 8, 30)])
    found = mixture.fit(values, 2)
    assert found.shares[0] == pytest.approx(0.03, abs=1e-4)


def test_steps_are_those_of_scikit_learn() -> None:
    """From the same start, after the same number of steps."""
    from sklearn.mixture import GaussianMixture

    rows = np.vstack([correlated(100, 2), correlated(60, 2, seed=1) + 4])
    start = np.eye(2)[(rows[:, 0] > 2).astype(int)]
    ours = mixture.maximise(rows, start)
    theirs = GaussianMixture(
        2,
        weights_init=ours.shares,
        means_init=ours.means,
        precisions_init=np.linalg.inv(ours.covariances),
        max_iter=7,
        tol=0.0,
        reg_covar=0.0,
    )
    with pytest.warns(match="did not converge"):
        theirs.fit(rows)
    for _ in range(7):
        ours = mixture.maximise(rows, ours.responsibilities(rows))
    assert ours.shares == pytest.approx(theirs.weights_, rel=1e-9)
    assert ours.means == pytest.approx(theirs.means_, rel=1e-9)
    assert ours.covariances == pytest.approx(theirs.covariances_, rel=1e-9)


@settings(max_examples=8)
@given(st.integers(0, 10**6), st.integers(1, 3), st.floats(0, 6))
def test_no_step_makes_the_rows_less_likely(seed: int, components: int, apart: float) -> None:
    found = mixture.fit(two_groups(seed, apart)[::4], components)
    assert np.diff(found.log_likelihoods).min(initial=0.0) > -1e-9 * abs(found.log_likelihoods[-1])
    assert found.shares.sum() == pytest.approx(1)


def test_a_mixture_moves_and_stretches_with_the_rows() -> None:
    values = two_groups()
    one, other = mixture.fit(values, 2), mixture.fit(3 * values - 5, 2)
    assert other.means == pytest.approx(3 * one.means - 5, abs=1e-6)
    assert other.covariances == pytest.approx(9 * one.covariances, rel=1e-6)


def test_bad_mixtures() -> None:
    with pytest.raises(ValueError, match="components is 0: expected 1 to 4"):
        mixture.fit([1.0, 2.0, 3.0, 4.0], 0)
    with pytest.raises(ValueError, match="one of 2 components shrinks onto rows without spread"):
        mixture.fit([1.0, 1.0, 1.0, 9.0, 9.0, 9.0], 2)
