"""The report on classification: the algebra, boundaries, and accuracy on rows that were not fitted to."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import get_args

import pandas as pd

from pipelines.files import write_atomically
from pipelines.gaussian import classifier, data, evaluation
from pipelines.gaussian.classification import pictures
from pipelines.gaussian.classification.steps import derive, numeric_check
from pipelines.gaussian.classifier import Classifier, Covariance
from pipelines.gaussian.data import Cases
from pipelines.gaussian.report import Report

SETS = ("classes-2d", "classes-7d", "pokemon")  # with a split that is held out
TWO = ("defense", "special-defense")  # the features of Pokemon that a plane has room for
BUNDLED = ("iris", "wine", "digits")
SHRINKAGE = {"digits": 0.1}  # its corner pixels are constant in some classes: no covariance of a class has an inverse
SMOOTHING = 1e-9  # the naive variances': as scikit-learn's GaussianNB, so that a constant pixel does not decide alone


@dataclass(frozen=True)
class Trial:
    """A classifier of one kind on one set."""

    cases: Cases
    covariance: Covariance
    fitted: Classifier
    row: dict[str, object]  # its figures


def write(
    tables: Path, out: Path, *, folds: int = 10, repeats: int = 5, seed: int = 0, bundled: Sequence[str] = BUNDLED
) -> dict[str, float]:
    """Reads the prepared tables of `measurements`; writes the report, pictures, `accuracy.csv` and `classifier.json`.

    `classifier.json` is the kind that cross-validation prefers, for all features of the last of the tables. The
    `bundled` sets are those that scikit-learn brings along. Returns the figures.
    """
    frames = data.read_tables(tables)
    truth = data.read_truth(tables)
    sets = [data.cases(name, frames[name]) for name in SETS if name in frames]
    sets = [part for cases in sets for part in _with_two_features(cases)]
    trials = [_try(cases, kind, folds, repeats, seed) for cases in sets for kind in get_args(Covariance)]
    others = [_try(data.bundled(name), kind, 5, 2, seed) for name in bundled for kind in get_args(Covariance)]
    table = pd.DataFrame([trial.row for trial in trials + others])
    table.to_csv(out / "accuracy.csv", index=False, float_format="%.6g")
    best = max((trial for trial in trials if trial.cases is sets[-1]), key=lambda trial: float(str(trial.row["cv"])))
    write_atomically(out / "classifier.json", json.dumps(best.fitted.to_values(), indent=1).encode())

    report = Report("Classes that are Gaussians")
    failed = _add_algebra(report, trials)
    _add_accuracy(
        report, table, {name: found["best_accuracy"] for name, found in truth.items() if "best_accuracy" in found}
    )
    report.picture(pictures.accuracies(table, out / "accuracy.png"), "Accuracy by set and kind")
    _add_boundaries(report, trials, out)
    _add_best(report, best)
    report.write(out)
    figures = {f"{trial.row['set']}_{trial.covariance}".replace(" ", "_"): trial.row for trial in trials}
    return {
        "failed": float(failed),
        **{f"test_accuracy_{name}": float(str(row["test"])) for name, row in figures.items()},
        **{f"cv_accuracy_{name}": float(str(row["cv"])) for name, row in figures.items()},
    }


def _with_two_features(cases: Cases) -> list[Cases]:
    return [cases.only(TWO), cases] if set(TWO) < set(cases.features) else [cases]


def _try(cases: Cases, covariance: Covariance, folds: int, repeats: int, seed: int) -> Trial:
    """Fits to the train split, or to all rows where there is none, and cross-validates over all rows."""
    fit = partial(_fit, covariance=covariance)
    split = "test" in cases.splits
    fitted = fit(cases.of("train") if split else cases)
    on_train = evaluation.Scores.of(fitted, cases.of("train") if split else cases)
    validated = evaluation.cross_validate(cases, fit, count=folds, repeats=repeats, seed=seed)
    row: dict[str, object] = {
        "set": f"{cases.name} {len(cases.features)}",
        "covariance": covariance,
        "train": on_train.accuracy,
        "cv": validated["accuracy"].mean(),
        "cv_sd": validated["accuracy"].std(ddof=1) if repeats > 1 else 0.0,
        "cv_log_loss": validated["log_loss"].mean(),
        "test": None,
        "test_low": None,
        "test_high": None,
    }
    if split:
        on_test = evaluation.Scores.of(fitted, cases.of("test"))
        row |= {"test": on_test.accuracy, "test_low": on_test.interval.low, "test_high": on_test.interval.high}
    return Trial(cases, covariance, fitted, row)


def _fit(cases: Cases, covariance: Covariance) -> Classifier:
    shrinkage = SHRINKAGE.get(cases.name, 0.0) if covariance == "separate" else 0.0
    return classifier.fit(
        cases.rows, cases.labels, covariance, features=cases.features, shrinkage=shrinkage, smoothing=SMOOTHING
    )


def _add_algebra(report: Report, trials: Sequence[Trial]) -> int:
    """The steps and their checks; returns how many checks fail."""
    shared = [trial for trial in trials if trial.covariance == "shared"]
    failed = 0
    for number, step in enumerate(derive(), start=1):
        report.heading(f"{number}. {step.title}")
        report.text(step.text)
        for formula in step.formulas:
            report.formula(formula)
        checks = list(step.checks)
        if step.title.startswith("With one covariance"):
            checks += [numeric_check(trial.fitted, trial.cases.rows) for trial in shared]
        for check in checks:
            report.check(check.says, check.holds, check.found)
            failed += not check.holds
    return failed


def _add_accuracy(report: Report, table: pd.DataFrame, possible: dict[str, float]) -> None:
    report.heading("How often they are right")
    report.text(
        "On rows fitted to, on the held-out split (with its 95 % interval), and cross-validated: every row judged by a "
        "classifier that was fitted without it, rows of one cluster (variants of a Pokemon) held out together, folds "
        "dealt anew for each repeat. The log-loss punishes being sure and wrong. The number after a set's name is "
        "that of its features. (In digits a naive classifier rules a class out for one pixel that was constant in all "
        "its training rows, whatever the other 63 say: it is sure, and wrong.)"
    )
    rows = []
    for _, row in table.iterrows():
        test = "" if pd.isna(row["test"]) else f"{row['test']:.1%} ({row['test_low']:.1%} to {row['test_high']:.1%})"
        validated = f"{row['cv']:.1%} ± {row['cv_sd']:.1%}"
        rows.append(
            (row["set"], row["covariance"], f"{row['train']:.1%}", validated, test, f"{row['cv_log_loss']:.3f}")
        )
    report.table(("set", "covariance", "fitted to", "cross-validated", "held out", "log-loss, cross-validated"), rows)
    if possible:
        listed = ", ".join(f"{best:.1%} for `{name}`" for name, best in possible.items())
        report.text(f"No rule can be right more often than {listed} on average: so much the two classes overlap.")


def _add_boundaries(report: Report, trials: Sequence[Trial], out: Path) -> None:
    report.heading("Boundaries")
    report.text(
        "Black: where both classes are equally probable. A shared covariance makes it a straight line; covariances of "
        "their own bend it. Stars are means."
    )
    flat = {trial.covariance: trial for trial in trials if len(trial.cases.features) == 2}
    cases = next(iter(flat.values())).cases
    fitted = {kind: trial.fitted for kind, trial in flat.items()}
    report.picture(pictures.boundaries(cases, fitted, out / "boundaries.png"), f"Boundaries in {cases.name}")


def _add_best(report: Report, best: Trial) -> None:
    fitted, cases = best.fitted, best.cases
    report.heading(f"The classifier that is kept: {fitted.covariance}, {cases.name}")
    for name, says in fitted.redundant.items():
        report.text(
            f"`{name}` adds nothing and was left out: {says}. Without that the covariance would have no inverse."
        )
    held_out = cases.of("test")
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
