"""One classifier, from tables to weights, figures, pictures and a report. Knows neither MLflow nor Prefect."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pandas as pd

from params import parse
from pipelines.gaussian import classifier, data, evaluation
from pipelines.gaussian.classification.report import attempt, train_part, write
from pipelines.gaussian.classification.saved import ARRAYS, save_classifier
from pipelines.gaussian.classifier import Classifier, Covariance
from pipelines.gaussian.data import Cases
from pipelines.nn.results import write_at_once
from pipelines.reporting import plots
from pipelines.settings import Run
from pipelines.task import Log, Row


@dataclass(frozen=True)
class ClassifierParams:
    """The set of cases and the kind of classifier."""

    table: str  # the set: a table of the data set
    plotted_features: tuple[str, ...]  # the two features of the picture
    features: tuple[str, ...] = ()  # those that the classifier reads; none named: all
    covariance: Covariance = "shared"  # separate: one for each class | naive: a diagonal one for each class
    shrinkage: float = 0.0  # weight of a multiple of the identity in each covariance, 0 to 1
    separate_shrinkage: Mapping[str, float] = field(default_factory=dict)  # by set, where classes have their own
    # Share of the largest variance that is added to every variance of a naive classifier: as in scikit-learn's
    # GaussianNB, so that a constant pixel of digits alone does not decide.
    smoothing: float = 1e-9
    other_sets: tuple[str, ...] = ()  # that the same kind is tried on, for the report: tables, or scikit-learn's

    def shrinkage_of(self, cases: str) -> float:
        """The shrinkage for the set `cases`."""
        own = self.separate_shrinkage if self.covariance == "separate" else {}
        return own.get(cases, self.shrinkage)


@dataclass(frozen=True)
class ValidationParams:
    """The cross-validation that chooses among classifiers."""

    folds: int = 10
    repeats: int = 3  # each with new folds

    def __post_init__(self) -> None:
        if self.folds < 2 or self.repeats < 1:
            raise ValueError(f"folds is {self.folds} and repeats {self.repeats}: at least 2 folds, once, are needed")


def settings(run: Run) -> tuple[ClassifierParams, ValidationParams]:
    """The run's settings. Raises ValueError for an unknown key and for a wrong value."""
    model = parse(ClassifierParams, run.model, f"model of {run.name}")
    if len(model.plotted_features) != 2:
        named = ", ".join(model.plotted_features) or "empty"
        raise ValueError(f"plotted_features of {run.name} is {named}: a picture needs two features")
    return model, parse(ValidationParams, run.training, f"training of {run.name}")


def train(run: Run, tables: Path, out: Path, log: Log) -> Row:
    """Fits to the train split of a set in `tables` and fills the folder `out`; returns the run's figures.

    Written: `model.safetensors`, `report.md`, `report.html`, `accuracy.csv`, `predictions.csv` (the test split),
    `confusion.png`, `boundaries.png`, `accuracy.png`, `history.csv` and `metrics.json`. In place of a val split there
    is cross-validation within the train split, whose folds the seed decides.
    """
    params, validation = settings(run)
    frames = data.read_tables(tables)
    cases = _cases(params.table, frames)
    chosen = cases.only(params.features) if params.features else cases
    if not {"train", "test"} <= set(chosen.splits):
        raise ValueError(f"{chosen.name} has no test split: choose a set that has one")
    fit = partial(_fit, params=params)
    try_on = partial(attempt, fit=fit, folds=validation.folds, repeats=validation.repeats, seed=run.seed)
    kept, others = try_on(chosen), [try_on(_cases(name, frames)) for name in params.other_sets]
    optimal = {name: truth["best_accuracy"] for name, truth in data.read_truth(tables).items()
               if "best_accuracy" in truth and name in (params.table, *params.other_sets)}  # fmt: skip
    plane = cases.only(params.plotted_features)
    failed = write(kept, others, (plane, fit(train_part(plane))), optimal, out)

    save_classifier(out / "model.safetensors", kept.fitted)
    _write_predictions(kept.fitted, chosen.of("test"), out)
    over_all_rows = evaluation.cross_validate(
        chosen, fit, count=validation.folds, repeats=validation.repeats, seed=run.seed
    )
    found = {
        "train_accuracy": 100 * kept.on_train.accuracy,
        "val_accuracy": 100 * float(kept.validated["accuracy"].mean()),
        "val_log_loss": float(kept.validated["log_loss"].mean()),
        "failed": float(failed),
    }
    assert kept.on_test is not None
    test = {
        "test_accuracy": 100 * kept.on_test.accuracy,
        "test_log_loss": kept.on_test.log_loss,
        "cv_accuracy": 100 * float(over_all_rows["accuracy"].mean()),  # of the test split too
    }
    fitted = sum(getattr(kept.fitted, name).size for name in ARRAYS)
    return write_at_once(out, log, found, test, parameters=fitted)


def _cases(name: str, frames: Mapping[str, pd.DataFrame]) -> Cases:
    if name in frames:
        return data.cases(name, frames[name])
    if name in data.BUNDLED:
        return data.bundled(name)
    raise ValueError(f"no set {name!r}: choose from {', '.join([*frames, *data.BUNDLED])}")


def _fit(cases: Cases, params: ClassifierParams) -> Classifier:
    return classifier.fit(
        cases.rows,
        cases.labels,
        params.covariance,
        features=cases.features,
        shrinkage=params.shrinkage_of(cases.name),
        smoothing=params.smoothing,
    )


def _write_predictions(fitted: Classifier, cases: Cases, out: Path) -> None:
    posteriors = fitted.posteriors(cases.rows)
    table = pd.DataFrame(cases.rows, columns=list(cases.features))
    table = table.assign(actual=cases.labels, predicted=fitted.predict(cases.rows), confidence=posteriors.max(axis=1))
    table.to_csv(out / "predictions.csv", index=False, float_format="%.6g")
    plots.confusion(list(table["actual"]), list(table["predicted"]), out / "confusion.png")
