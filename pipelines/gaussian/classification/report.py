"""The report on one kind of classifier: its algebra, its boundary, and how often it is right on rows it never saw."""

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

SAYS: dict[Covariance, str] = {
    "shared": "One covariance for all classes: boundaries are straight, and the form is that of logistic regression.",
    "separate": "A covariance for each class: boundaries are curved.",
    "naive": "A diagonal covariance for each class: within a class, features count as independent of one another.",
}


@dataclass(frozen=True)
class Trial:
    """A classifier on one set."""

    cases: Cases
    fitted: Classifier  # to the train split, or to all rows where the set has none
    on_train: Scores
    validated: pd.DataFrame  # cross-validation within the train split: accuracy and log_loss, a row a repeat
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
    """Fits and cross-validates within the train split, and judges the test split by what was fitted."""
    split = "test" in cases.splits
    train = cases.of("train") if split else cases
    fitted = fit(train)
    validated = evaluation.cross_validate(train, fit, count=folds, repeats=repeats, seed=seed)
    on_test = Scores.of(fitted, cases.of("test")) if split else None
    return Trial(cases, fitted, Scores.of(fitted, train), validated, on_test)


def write(kept: Trial, others: Sequence[Trial], plane: Trial, possible: Mapping[str, float], out: Path) -> int:
    """Writes `report.md`, `report.html`, `boundaries.png`, `accuracy.png` and `accuracy.csv` into `out`.

    `kept` is the trial whose classifier the run keeps, `others` are sets that the same kind is tried on, `plane` is
    that of two features, and `possible` says how often any rule can be right, where that is known. Returns how many
    checks of the algebra fail.
    """
    kind = kept.fitted.covariance
    trials = [kept, *others]
    table = pd.DataFrame([trial.row() for trial in trials])
    table.to_csv(out / "accuracy.csv", index=False, float_format="%.6g")
    report = Report(f"Classes that are Gaussians: {kind} covariance")
    report.text(SAYS[kind])
    failed = _add_algebra(report, kind, trials)
    _add_accuracy(report, table, possible)
    report.picture(accuracies(table, out / "accuracy.png"), "Accuracy by set")
    report.heading("The boundary")
    report.text("Black: where both classes are equally probable. Stars are means.")
    drawn = boundaries(plane.cases, plane.fitted, out / "boundaries.png")
    report.picture(drawn, f"The boundary in two features of {plane.cases.name}")
    _add_kept(report, kept)
    report.write(out)
    return failed


def _add_algebra(report: Report, kind: Covariance, trials: Sequence[Trial]) -> int:
    """The steps and their checks; returns how many checks fail."""
    failed = 0
    for number, step in enumerate(derive(kind), start=1):
        report.heading(f"{number}. {step.title}")
        report.text(step.text)
        for formula in step.formulas:
            report.formula(formula)
        checks = list(step.checks)
        if step.title.startswith("With one covariance"):
            two = [trial for trial in trials if len(trial.fitted.classes) == 2]
            checks += [numeric_check(trial.fitted, trial.cases.rows) for trial in two]
        for check in checks:
            report.check(check.statement, check.holds, check.found)
            failed += not check.holds
    return failed


def _add_accuracy(report: Report, table: pd.DataFrame, possible: Mapping[str, float]) -> None:
    report.heading("How often it is right")
    report.text(
        "On rows fitted to, cross-validated within them (every row judged by a classifier that was fitted without it, "
        "rows of one cluster, as variants of a Pokemon, held out together, folds dealt anew for each repeat), and on "
        "the held-out split, with its 95 % interval. The log-loss punishes being sure and wrong. (In digits a naive "
        "classifier rules a class out for one pixel that was constant in all its training rows, whatever the other 63 "
        "say: it is sure, and wrong.)"
    )
    rows = []
    for _, row in table.iterrows():
        test = "" if pd.isna(row["test"]) else f"{row['test']:.1%} ({row['test_low']:.1%} to {row['test_high']:.1%})"
        validated = f"{row['cv']:.1%} ± {row['cv_sd']:.1%}"
        rows.append((row["set"], f"{row['train']:.1%}", validated, test, f"{row['cv_log_loss']:.3f}"))
    report.table(("set", "fitted to", "cross-validated", "held out", "log-loss, cross-validated"), rows)
    if possible:
        listed = ", ".join(f"{best:.1%} for `{name}`" for name, best in possible.items())
        report.text(f"No rule can be right more often than {listed} on average: so much the two classes overlap.")


def _add_kept(report: Report, kept: Trial) -> None:
    fitted, held_out = kept.fitted, kept.cases.of("test")
    report.heading(f"The classifier that is kept: {kept.name}")
    for name, says in fitted.redundant.items():
        report.text(
            f"`{name}` adds nothing and was left out: {says}. Without that the covariance would have no inverse."
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
            "times the deviation of its feature says how much the feature counts."
        )
        used = [fitted.features[index] for index in fitted.used]
        report.table(
            ("feature", "weight", "weight times deviation"),
            [(name, f"{w:.4f}", f"{w * d:+.3f}") for name, w, d in zip(used, weights, deviations, strict=True)],
        )
