"""The classifiers against scikit-learn's, against Bayes' rule written out, and what they refuse."""

import json
from typing import Any, get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from pipelines.gaussian import classifier, data, evaluation
from pipelines.gaussian.classifier import Classifier, Covariance
from pipelines.gaussian.data import Cases
from pipelines.gaussian.multivariate import SingularCovarianceError
from pipelines.stats.moments import Array

KINDS: tuple[Covariance, ...] = get_args(Covariance)
FAST = settings(max_examples=20)


def drawn(count: int = 60, features: int = 3, classes: int = 2, seed: int = 0) -> Cases:
    """Classes with means and covariances of their own."""
    rng = np.random.default_rng(seed)
    labels = np.array([f"class {index % classes}" for index in range(count)], dtype=object)
    rows = np.stack(
        [
            rng.normal(size=features) @ (np.eye(features) + 0.2 * (index % classes)) + 1.5 * (index % classes)
            for index in range(count)
        ]
    )
    nothing = np.full(count, "", dtype=object)
    return Cases("drawn", tuple(f"x{index + 1}" for index in range(features)), rows, labels, nothing, nothing)


def fit(cases: Cases, kind: Covariance, **options: Any) -> Classifier:
    return classifier.fit(cases.rows, cases.labels, kind, features=cases.features, **options)


# -- oracles


@pytest.mark.parametrize("name", ["iris", "wine", "digits"])
def test_posteriors_are_those_of_scikit_learn(name: str) -> None:
    """scikit-learn 1.9 divides by the number of rows, as is most likely; earlier ones divided by less in two places."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
    from sklearn.naive_bayes import GaussianNB

    cases = data.bundled(name)
    if name == "digits":  # its covariances have no inverse: two digits, and the pixels that vary in both
        cases = cases.at(np.isin(cases.labels, ["3", "8"]))
        within = np.minimum(*(cases.rows[cases.labels == digit].var(axis=0) for digit in "38"))
        cases = cases.only([feature for feature, variance in zip(cases.features, within, strict=True) if variance > 1])
    theirs: dict[Covariance, Any] = {
        "shared": LinearDiscriminantAnalysis(solver="lsqr"),
        "separate": QuadraticDiscriminantAnalysis(),
        "naive": GaussianNB(var_smoothing=1e-9),
    }
    for kind, oracle in theirs.items():
        ours = fit(cases, kind, smoothing=1e-9)
        oracle.fit(cases.rows, cases.labels)
        assert ours.classes == tuple(oracle.classes_)
        assert np.abs(ours.posteriors(cases.rows) - oracle.predict_proba(cases.rows)).max() < 1e-10, kind
        assert (ours.predict(cases.rows) == oracle.predict(cases.rows)).all(), kind


def test_shrinkage_and_priors_are_those_of_scikit_learn() -> None:
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis

    cases = data.bundled("wine")
    oracle: Any = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.3).fit(cases.rows, cases.labels)
    ours = fit(cases, "shared", shrinkage=0.3)
    assert np.abs(ours.posteriors(cases.rows) - oracle.predict_proba(cases.rows)).max() < 1e-10
    shares = {"class_0": 0.2, "class_1": 0.5, "class_2": 0.3}
    oracle = QuadraticDiscriminantAnalysis(priors=list(shares.values())).fit(cases.rows, cases.labels)
    ours = fit(cases, "separate", priors=shares)
    assert np.abs(ours.posteriors(cases.rows) - oracle.predict_proba(cases.rows)).max() < 1e-10


def test_given_priors_do_not_change_the_shared_covariance_as_they_do_in_scikit_learn() -> None:
    """scikit-learn weighs the classes' covariances by the priors; the most likely one weighs them by their rows."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    cases = drawn(60, classes=3)
    shares = {"class 0": 0.6, "class 1": 0.3, "class 2": 0.1}
    ours = fit(cases, "shared", priors=shares)
    assert np.array_equal(ours.covariances, fit(cases, "shared").covariances)
    oracle = LinearDiscriminantAnalysis(solver="lsqr", priors=list(shares.values()), store_covariance=True)
    oracle.fit(cases.rows, cases.labels)
    each = fit(cases, "separate").covariances
    assert oracle.covariance_ == pytest.approx(np.einsum("k,kpq->pq", list(shares.values()), each), rel=1e-10)


@pytest.mark.parametrize("kind", KINDS)
def test_posteriors_are_bayes_rule_written_out(kind: Covariance) -> None:
    cases = drawn(45, 3, 3)
    found = fit(cases, kind, priors={"class 0": 0.7, "class 1": 0.2, "class 2": 0.1})
    joint = np.empty((45, 3))
    for index, (prior, mean) in enumerate(zip(found.priors, found.means, strict=True)):
        covariance = (
            np.diag(found.covariances[index]) if kind == "naive" else found.covariances[index % len(found.covariances)]
        )
        joint[:, index] = prior * stats.multivariate_normal(mean, covariance).pdf(cases.rows)
    assert found.posteriors(cases.rows) == pytest.approx(joint / joint.sum(axis=1, keepdims=True), abs=1e-12)


def test_unbiased_covariances_differ_by_the_number_of_means() -> None:
    cases = drawn(30, 2)
    factors: dict[Covariance, float] = {"shared": 30 / 28, "separate": 15 / 14, "naive": 15 / 14}
    for kind, factor in factors.items():
        most_likely, unbiased = (fit(cases, kind, unbiased=unbiased) for unbiased in (False, True))
        assert unbiased.covariances == pytest.approx(factor * most_likely.covariances, rel=1e-12)


# -- properties


@FAST
@given(st.integers(0, 10**6), st.sampled_from(["shared", "separate"]), st.floats(-1e3, 1e3))
def test_posteriors_do_not_depend_on_units_or_axes(seed: int, kind: Covariance, shift: float) -> None:
    cases, rng = drawn(seed=seed), np.random.default_rng(seed)
    turn = rng.normal(size=(3, 3)) + 3 * np.eye(3)
    moved = cases.rows @ turn + shift
    other = classifier.fit(moved, cases.labels, kind)
    assert other.posteriors(moved) == pytest.approx(fit(cases, kind).posteriors(cases.rows), abs=1e-7)


@FAST
@given(st.integers(0, 10**6), st.floats(0.01, 100))
def test_naive_posteriors_do_not_depend_on_units(seed: int, scale: float) -> None:
    cases = drawn(seed=seed)
    moved = cases.rows * scale + 5
    other = classifier.fit(moved, cases.labels, "naive")
    assert other.posteriors(moved) == pytest.approx(fit(cases, "naive").posteriors(cases.rows), abs=1e-9)


def test_both_ways_to_score_a_naive_classifier_agree(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = drawn(200, 4, 3)
    found = fit(cases, "naive")
    multiplied_out = found.scores(cases.rows)
    monkeypatch.setattr(classifier, "NEAR", 0.0)
    assert found.scores(cases.rows) == pytest.approx(multiplied_out, abs=1e-12)


def test_classes_far_apart_lose_no_digits() -> None:
    """Means a million deviations apart: multiplied out, nothing would be left of the distance to the nearer one."""
    rng = np.random.default_rng(0)
    rows = np.concatenate([rng.normal(0, 1, (50, 2)), rng.normal(1e6, 1, (50, 2))])
    labels = np.repeat(["near", "far"], 50)
    for kind in KINDS:
        found = classifier.fit(rows, labels, kind)
        assert (found.predict(rows) == labels).all()
        scores = found.scores(rows[:50])[:, found.classes.index("near")]
        if kind == "naive":
            mean, variance = rows[:50].mean(axis=0), rows[:50].var(axis=0)
            squares = ((rows[:50] - mean) ** 2 / variance).sum(axis=1)
            assert scores == pytest.approx(np.log(0.5) - np.log(variance).sum() / 2 - squares / 2, rel=1e-9)


def test_rows_are_scored_the_same_in_one_go_and_one_by_one() -> None:
    cases = drawn(400, 3)
    for kind in KINDS:
        found = fit(cases, kind)
        alone = np.concatenate([found.scores(row[None]) for row in cases.rows])
        assert found.scores(cases.rows) == pytest.approx(alone, abs=1e-12)


def test_posteriors_far_from_every_class_stay_finite() -> None:
    for kind in KINDS:
        found = fit(drawn(), kind)
        far = found.log_posteriors(np.full((1, 3), 1e6))
        assert np.isfinite(far).all()
        assert np.exp(far).sum() == pytest.approx(1)


def test_the_logistic_form() -> None:
    cases = drawn(60, 3, 3)
    found = fit(cases, "shared")
    weights, offset = found.logistic("class 2", "class 0")
    expected = np.linalg.solve(found.covariances[0], found.means[2] - found.means[0])
    assert weights == pytest.approx(expected, rel=1e-9)
    both = found.posteriors(cases.rows)[:, [2, 0]]
    logistic = 1 / (1 + np.exp(-(cases.rows @ weights + offset)))
    assert both[:, 0] / both.sum(axis=1) == pytest.approx(logistic, abs=1e-12)
    with pytest.raises(ValueError, match="with separate covariances scores are not linear"):
        fit(cases, "separate").linear()


def test_a_boundary_is_a_line_for_a_shared_covariance_alone() -> None:
    """Log-odds at the middle of two points are the mean of theirs."""
    cases, rng = drawn(80, 2), np.random.default_rng(1)
    ends = rng.normal(size=(2, 50, 2)) * 5
    for kind in KINDS:
        found = fit(cases, kind)
        one, other, middle = (np.diff(found.scores(rows))[:, 0] for rows in (*ends, ends.mean(axis=0)))
        apart = np.abs((one + other) / 2 - middle).max()
        assert apart < 1e-9 if kind == "shared" else apart > 0.1


def test_a_redundant_feature_changes_nothing() -> None:
    cases = drawn()
    more = np.column_stack([cases.rows, cases.rows.sum(axis=1) - 4, np.full(60, 3.0)])
    for kind in ("shared", "separate"):
        found = classifier.fit(more, cases.labels, kind, features=["a", "b", "c", "total", "flat"])
        assert found.redundant == {"total": "total = a + b + c, but for a constant", "flat": "flat is constant"}
        assert found.posteriors(more) == pytest.approx(fit(cases, kind).posteriors(cases.rows), abs=1e-9)


def test_a_classifier_is_saved_to_the_last_bit() -> None:
    cases = drawn()
    for kind in KINDS:
        found = fit(cases, kind)
        again = Classifier.from_values(json.loads(json.dumps(found.to_values())))
        assert np.array_equal(again.scores(cases.rows), found.scores(cases.rows))
        assert (again.classes, again.features) == (found.classes, found.features)


def test_a_frame_is_read_by_the_names_of_its_columns() -> None:
    cases = drawn()
    found = fit(cases, "shared")
    frame = pd.DataFrame(cases.rows, columns=list(cases.features))[["x3", "x1", "x2"]].assign(name="someone")
    assert np.array_equal(found.scores(frame), found.scores(cases.rows))
    with pytest.raises(ValueError, match="no column 'x2': the classifier reads x1, x2, x3"):
        found.scores(frame.drop(columns="x2"))


# -- what is refused

ROWS = drawn().rows
LABELS = drawn().labels


@pytest.mark.parametrize(
    ("rows", "labels", "options", "message"),
    [
        (ROWS, LABELS[1:], {}, "59 labels for 60 rows"),
        (ROWS, ["one"] * 60, {}, "all rows are of class 'one'"),
        (ROWS, [None, *LABELS[1:]], {}, "row 0 has no label"),
        (np.where(np.arange(180).reshape(60, 3) == 7, np.nan, ROWS), LABELS, {}, "row 2, column 1 of rows is nan"),
        (ROWS[:, 0], LABELS, {}, r"rows has shape \(60,\)"),
        (np.ones((60, 2)), LABELS, {}, "no feature varies"),
        (ROWS, LABELS, {"features": ["a"]}, "1 names for 3 features"),
        (ROWS, LABELS, {"priors": "even"}, "priors is 'even': choose observed, equal, or a share for each of class 0"),
        (ROWS, LABELS, {"priors": {"class 0": 0.5, "class 1": 0.6}}, "expected shares above 0 that sum to 1"),
        (ROWS, LABELS, {"covariance": "full"}, "choose from shared, separate, naive"),
    ],
)
def test_bad_input(rows: Any, labels: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        classifier.fit(rows, labels, **{"covariance": "separate"} | options)


def test_classes_without_spread_are_named_with_what_to_do() -> None:
    rows, labels = ROWS.copy(), np.array(LABELS)
    with pytest.raises(SingularCovarianceError, match="class 'rare' has one row: it shows no spread"):
        classifier.fit(rows, ["rare", *labels[1:]], "separate")
    with pytest.raises(SingularCovarianceError, match=r"class 'rare', 3 rows of 3 features: .* has no inverse"):
        classifier.fit(rows, ["rare"] * 3 + list(labels[3:]), "separate")
    rows[labels == "class 1", 2] = 4.0
    with pytest.raises(SingularCovarianceError, match=r"x3 is constant in class 'class 1'.*set smoothing"):
        classifier.fit(rows, labels, "naive")
    assert np.isfinite(classifier.fit(rows, labels, "naive", smoothing=1e-9).scores(rows)).all()
    assert np.isfinite(classifier.fit(rows, labels, "separate", shrinkage=0.1).scores(rows)).all()


def test_rows_of_another_width_are_refused() -> None:
    with pytest.raises(ValueError, match=r"rows has shape \(60, 2\): expected 3 columns, x1, x2, x3"):
        fit(drawn(), "shared").predict(ROWS[:, :2])


# -- evaluation


def test_folds_keep_clusters_together_and_classes_even() -> None:
    rng = np.random.default_rng(3)
    labels = np.array([["a", "b"][index % 3 == 0] for index in range(120)], dtype=object)
    clusters = np.array([f"pair {index // 6 * 2 + (index % 3 == 0)}" if index < 60 else "" for index in range(120)])
    held_out = evaluation.folds(labels, clusters, 4, rng)
    for cluster in set(clusters) - {""}:
        assert len(set(held_out[clusters == cluster])) == 1
    for name in ("a", "b"):
        sizes = np.bincount(held_out[labels == name], minlength=4)
        assert np.ptp(sizes) <= 2, "as even as clusters allow"
    again = evaluation.folds(labels, clusters, 4, np.random.default_rng(3))
    assert np.array_equal(held_out, again)
    assert not np.array_equal(held_out, evaluation.folds(labels, clusters, 4, np.random.default_rng(4)))


def test_every_row_is_judged_by_a_classifier_that_never_saw_it() -> None:
    cases, seen = drawn(40), []

    def spy(train: Cases) -> Classifier:
        seen.append({row.tobytes() for row in train.rows})
        return fit(train, "shared")

    table = evaluation.cross_validate(cases, spy, count=5, repeats=2)
    assert len(table) == 2
    everything = {row.tobytes() for row in cases.rows}
    for repeat in (seen[:5], seen[5:]):
        assert sorted(len(rows) for rows in repeat) == [32] * 5
        assert set.union(*(everything - rows for rows in repeat)) == everything
    with pytest.raises(ValueError, match="a class has 20 rows: too few for 21 folds"):
        evaluation.cross_validate(cases, spy, count=21)


def test_scores_and_confusion_by_hand() -> None:
    cases = drawn(30)
    found = fit(cases, "shared")
    scores = evaluation.Scores.of(found, cases)
    right = found.predict(cases.rows) == cases.labels
    assert scores.accuracy == right.mean()
    probabilities = found.posteriors(cases.rows)[np.arange(30), (cases.labels == "class 1").astype(int)]
    assert scores.log_loss == pytest.approx(-np.log(probabilities).mean())
    counts = evaluation.confusion(found, cases)
    assert counts.to_numpy().trace() == right.sum()
    assert counts.to_numpy().sum(axis=1).tolist() == [15, 15]


@pytest.mark.parametrize(("right", "count"), [(0, 10), (7, 10), (10, 10), (321, 400)])
def test_the_interval_of_a_share_is_that_of_scipy(right: int, count: int) -> None:
    expected = stats.binomtest(right, count).proportion_ci(0.95, method="wilson")
    found = evaluation.share_interval(right, count)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_the_accuracy_of_overlapping_classes_is_the_possible_one() -> None:
    """Two Gaussians of one covariance, d deviations apart: no rule is right more often than Phi(d / 2)."""
    rng = np.random.default_rng(0)
    labels = np.repeat(["a", "b"], 4000)
    rows: Array = rng.normal(size=(8000, 2)) + np.where(labels == "b", 1.5, 0.0)[:, None] * np.array([1.0, 0.0])
    best = stats.norm.cdf(0.75)
    for kind in KINDS:
        accuracy = (classifier.fit(rows[::2], labels[::2], kind).predict(rows[1::2]) == labels[1::2]).mean()
        assert abs(accuracy - best) < 5 * np.sqrt(best * (1 - best) / 4000)
