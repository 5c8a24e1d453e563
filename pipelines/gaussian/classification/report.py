"""The report on one kind of classifier: its algebra, its accuracy on rows not fitted to, and its boundary."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipelines.gaussian import evaluation
from pipelines.gaussian.classification.pictures import accuracies, boundaries
from pipelines.gaussian.classification.steps import derive, numeric_check
from pipelines.gaussian.classifier import Classifier, Covariance
from pipelines.gaussian.data import Cases
from pipelines.gaussian.evaluation import Fit, Scores
from pipelines.gaussian.report import Report

DESCRIPTIONS: dict[Covariance, str] = {
    "shared": "One covariance for all classes: boundaries are straight, and the form is that of logistic regression.",
    "separate": "A covariance for each class: boundaries are curved.",
    "naive": "A diagonal covariance for each class: within a class, features are independent of each other.",
}


@dataclass(frozen=True)
class Trial:
    """A kind of classifier, tried on one set."""

    cases: Cases
    fitted: Classifier  # to the train split, or to all rows of a set without splits
    on_train: Scores
    validated: pd.DataFrame  # cross-validation within the train split: accuracy and log_loss by repeat
    on_test: Scores | None

    @property
    def name(self) -> str:
        return f"{self.cases.name}, {len(self.cases.features)} features"

    def row(self) -> dict[str, object]:
        """Its figures, for a table."""
        found = self.validated
        row: dict[str, object] = {
            "set": self.name,
            "covariance": self.fitted.covariance,
            "train": self.on_train.accuracy,
            "cv": found["accuracy"].mean(),
            "cv_sd": found["accuracy"].std(ddof=1) if len(found) > 1 else 0.0,
            "cv_log_loss": found["log_loss"].mean(),
        }
        test = self.on_test
        ends = (test.accuracy, test.interval.low, test.interval.high) if test else (None, None, None)
        return row | dict(zip(("test", "test_low", "test_high"), ends, strict=True))


def attempt(cases: Cases, fit: Fit, *, folds: int, repeats: int, seed: int) -> Trial:
    """Fits and cross-validates within the train split, and scores the fitted classifier on the test split."""
    train = train_part(cases)
    fitted = fit(train)
    validated = evaluation.cross_validate(train, fit, count=folds, repeats=repeats, seed=seed)
    on_test = Scores.of(fitted, cases.of("test")) if "test" in cases.splits else None
    return Trial(cases, fitted, Scores.of(fitted, train), validated, on_test)


def train_part(cases: Cases) -> Cases:
    """The train split; all rows of a set without splits."""
    return cases.of("train") if "test" in cases.splits else cases


def write(
    kept: Trial, others: Sequence[Trial], plane: tuple[Cases, Classifier], optimal: Mapping[str, float], out: Path
) -> int:
    """Writes `report.md`, `report.html`, `boundaries.png`, `accuracy.png` and `accuracy.csv` into `out`.

    `kept` is the trial whose classifier the run keeps, `others` are trials of the same kind on other sets, `plane` is
    a classifier of two features, and `optimal` is the accuracy of the best possible rule for sets of which it is known.
    Returns the number of checks of the algebra that fail.
    """
    kind = kept.fitted.covariance
    trials = [kept, *others]
    table = pd.DataFrame([trial.row() for trial in trials])
    table.to_csv(out / "accuracy.csv", index=False, float_format="%.6g")
    report = Report(f"Classes that are Gaussians: {kind} covariance")
    report.text(DESCRIPTIONS[kind])
    failed = _add_algebra(report, kind, trials)
    _add_accuracy(report, table, optimal)
    report.picture(accuracies(table, out / "accuracy.png"), "Accuracy by set")
    report.heading("The boundary")
    report.text("Black: where both classes are equally probable. Stars are means.")
    cases, fitted = plane
    drawn = boundaries(cases, fitted, out / "boundaries.png")
    report.picture(drawn, f"The boundary in two features of {cases.name}")
    _add_kept(report, kept)
    report.write(out)
    return failed


def _add_algebra(report: Report, kind: Covariance, trials: Sequence[Trial]) -> int:
    """The steps and their checks; returns the number of checks that fail."""
    failed = 0
    for number, step in enumerate(derive(kind), start=1):
        report.heading(f"{number}. {step.title}")
        report.text(step.text)
        for formula in step.formulas:
            report.formula(formula)
        checks = list(step.checks)
        if step.name == "linear":
            two = [trial for trial in trials if len(trial.fitted.classes) == 2]
            checks += [numeric_check(trial.fitted, trial.cases.rows) for trial in two]
        for check in checks:
            report.check(check.statement, check.holds, check.found)
            failed += not check.holds
    return failed


def _add_accuracy(report: Report, table: pd.DataFrame, optimal: Mapping[str, float]) -> None:
    report.heading("Accuracy")
    report.text(
        "On the rows fitted to; cross-validated within them (every row is scored by a classifier that was fitted "
        "without it; rows of one cluster, such as variants of a Pokemon, are held out together; each repeat has new "
        "folds); and on the held-out split, with its 95 % interval. The log-loss is high for confident wrong answers. "
        "(In digits a naive classifier excludes a class because of one pixel that was constant in all its training "
        "rows, whatever the other 63 are: it is confident, and wrong.)"
    )
    rows = []
    for _, row in table.iterrows():
        test = "" if pd.isna(row["test"]) else f"{row['test']:.1%} ({row['test_low']:.1%} to {row['test_high']:.1%})"
        validated = f"{row['cv']:.1%} ± {row['cv_sd']:.1%}"
        rows.append((row["set"], f"{row['train']:.1%}", validated, test, f"{row['cv_log_loss']:.3f}"))
    report.table(("set", "fitted to", "cross-validated", "held out", "log-loss, cross-validated"), rows)
    if optimal:
        listed = ", ".join(f"{best:.1%} for `{name}`" for name, best in optimal.items())
        report.text(f"Because the two classes overlap, the best possible rule has an expected accuracy of {listed}.")


def _add_kept(report: Report, kept: Trial) -> None:
    fitted, held_out = kept.fitted, kept.cases.of("test")
    report.heading(f"The classifier that is kept: {kept.name}")
    for name, equation in fitted.redundant.items():
        report.text(
            f"`{name}` is redundant and was left out: {equation}. With it the covariance would have no inverse."
        )
    counts = evaluation.confusion(fitted, held_out)
    report.text(f"On the {len(held_out.rows)} held-out rows, actual classes down and predicted ones across:")
    report.table(
        ("", *map(str, counts.columns)),
        [(str(name), *map(str, row)) for name, row in zip(counts.index, counts.to_numpy(), strict=True)],
    )
    if fitted.covariance == "shared" and len(fitted.classes) == 2:
        one, two = fitted.classes
        weights, offset = fitted.logistic(one, two)
        deviations = fitted.covariances[0].diagonal() ** 0.5
        report.text(
            f"Its logistic form: {one} is probable where $w^T x + b$ is large, with $b = {offset:.3f}$. A weight "
            "times the standard deviation of its feature measures the influence of the feature."
        )
        used = [fitted.features[index] for index in fitted.used]
        report.table(
            ("feature", "weight", "weight times deviation"),
            [(name, f"{w:.4f}", f"{w * d:+.3f}") for name, w, d in zip(used, weights, deviations, strict=True)],
        )
