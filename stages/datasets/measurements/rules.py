"""The rules of `measurements`: every case whole, every value in its unit, and the numbers that are known."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
import pandas as pd

from stages.dataset import RuleContext, Suite
from stages.datasets.measurements.origin import draws
from stages.datasets.measurements.origin.draws import MeasurementsOptions
from stages.datasets.measurements.origin.sets import CLASSIFICATION, PUBLISHED
from stages.rules.vocabulary import Rule, among, no_error, row_count, unique

ERRORS = 5.0  # standard errors that an estimate may lie from the truth: one sample in a million lies farther


@dataclass(frozen=True)
class _Expected:
    """The expected content of one table."""

    cases: Mapping[tuple[str, str], int]  # (group, split) -> cases
    limits: Mapping[str, tuple[float, float]]  # feature -> lowest and highest value that can be


def rules(context: RuleContext[MeasurementsOptions]) -> list[Suite]:
    """A suite per table, one about groups, one about features, and one about the classes whose truth is known."""
    expected = _published() if context.source == "public" else _drawn(context)
    suites = [_table_suite(context, name, expected[name]) for name in context.tables]
    suites += [_groups_suite(context, expected), _features_suite(context)]
    return suites if context.source == "public" else [*suites, _classes_suite(context)]


def _published() -> dict[str, _Expected]:
    return {
        name: _Expected(found.cases, {key: (feature.low, feature.high) for key, feature in found.features.items()})
        for name, found in PUBLISHED.items()
    }


def _drawn(context: RuleContext[MeasurementsOptions]) -> dict[str, _Expected]:
    found = {}
    for name, cases in draws.cases(context.options).items():
        groups = context.facts["truth"][name]["moments"].values()
        features = {key for group in groups for key in group}
        limits = {
            key: (min(group[key]["low"] for group in groups), max(group[key]["high"] for group in groups))
            for key in sorted(features)
        }
        found[name] = _Expected(cases, limits)
    return found


# -- a table


def _table_suite(context: RuleContext[MeasurementsOptions], name: str, expected: _Expected) -> Suite:
    count = sum(expected.cases.values()) * len(expected.limits)
    basis = "as published" if context.source == "public" else "as params.yaml asks"
    found: list[Rule] = [
        row_count(count, f"there are {count} values, {basis}"),
        unique("id", "no id is repeated"),
        among("group", sorted({group for group, _ in expected.cases}), "every group is a known one"),
        among("split", sorted({split for _, split in expected.cases}), "every split is a known one"),
        among("feature", sorted(expected.limits), "every feature is a known one"),
        no_error("case_error", "a case has every feature once"),
        no_error("kind_error", "a case is of one group, one cluster and one split"),
        no_error("limits_error", "a value is one that its feature can have, in its unit"),
    ]
    if name in CLASSIFICATION:
        found += [
            no_error("cluster_error", "cases that depend on each other are in one split"),
            no_error("twin_error", "no case of test has the very values of one of train"),
        ]
    if name == "michelson":
        found.append(no_error("series_error", "a series is a cluster of its own"))
    if name == "pokemon":
        found.append(no_error("total_error", "the total is the sum of the other features"))
    return Suite(name, _checked(context.tables[name], expected), found)


def _checked(table: pd.DataFrame, expected: _Expected) -> pd.DataFrame:
    """The table with a column for each rule that needs computing; '' means no error."""
    rows = table.copy()
    wanted = sorted(expected.limits)
    features = rows.groupby("case")["feature"].agg(lambda found: "" if sorted(found) == wanted else ", ".join(found))
    rows["case_error"] = rows["case"].map(features)
    kinds = rows.groupby("case")[["group", "cluster", "split"]].nunique().max(axis=1)
    rows["kind_error"] = rows["case"].map(kinds).map(lambda count: "" if count == 1 else "several")
    bounds = rows["feature"].map(lambda feature: expected.limits.get(feature, (-np.inf, np.inf)))
    rows["limits_error"] = [
        "" if low <= value <= high else f"outside {low:g} to {high:g}"
        for value, (low, high) in zip(rows["value"], bounds, strict=True)
    ]
    splits = rows[rows["cluster"] != ""].groupby("cluster")["split"].nunique()
    rows["cluster_error"] = rows["cluster"].isin(splits[splits > 1].index).map({True: "in both", False: ""})
    rows["series_error"] = (rows["cluster"] != rows["group"]).map({True: "of another series", False: ""})
    rows["twin_error"] = rows["case"].isin(_twins(rows)).map({True: "also in train", False: ""})
    total = rows[rows["feature"] == "total"].groupby("case")["value"].sum()
    parts = rows[rows["feature"] != "total"].groupby("case")["value"].sum()
    wrong = total.index[(total - parts.reindex(total.index)).abs() > 0.5]
    rows["total_error"] = rows["case"].isin(wrong).map({True: "not the sum", False: ""})
    return rows


def _twins(rows: pd.DataFrame) -> list[int]:
    """Cases of test that have the very values of one of train."""
    values = rows.sort_values("feature").groupby(["split", "case"])["value"].agg(tuple)
    train = set(values.get("train", ()))
    return [int(case) for case, found in values.get("test", pd.Series(dtype=object)).items() if found in train]


# -- what all tables together show


def _groups_suite(context: RuleContext[MeasurementsOptions], expected: Mapping[str, _Expected]) -> Suite:
    """A row per set, group and split."""
    rows = []
    for name, table in context.tables.items():
        found = table.groupby(["group", "split"])["case"].nunique()
        for key, count in expected[name].cases.items():
            got = int(found.get(key, 0))
            rows.append((name, *key, got, "" if got == count else f"expected {count}"))
    frame = pd.DataFrame(rows, columns=["set", "group", "split", "cases", "count_error"])
    frame.insert(0, "id", range(len(frame)))
    return Suite("groups", frame, [no_error("count_error", "every group has the number of cases it should have")])


def _features_suite(context: RuleContext[MeasurementsOptions]) -> Suite:
    """A row per set, group and feature; published extremes are those of all groups."""
    if context.source == "public":
        frame = pd.DataFrame(_published_features(context.tables))
        found = [
            no_error("mean_error", "every feature has its published mean in every group"),
            no_error("extremes_error", "every feature has its published extremes, gross errors included"),
        ]
    else:
        frame = pd.DataFrame(_drawn_features(context))
        found = [
            no_error("mean_error", f"every mean is within {ERRORS:g} standard errors of the true one"),
            no_error("variance_error", f"every variance is within {ERRORS:g} standard errors of the true one"),
        ]
    frame.insert(0, "id", range(len(frame)))
    return Suite("features", frame, found)


def _published_features(tables: Mapping[str, pd.DataFrame]) -> list[dict[str, Any]]:
    rows = []
    for name, table in tables.items():
        for key, feature in PUBLISHED[name].features.items():
            values = table.loc[table["feature"] == key, ["group", "value"]]
            extremes = f"{values['value'].min():g} to {values['value'].max():g}"
            published = f"{feature.smallest:g} to {feature.largest:g}"
            for group, expected in feature.means.items():
                mean = values.loc[values["group"] == group, "value"].mean()
                rows.append(
                    {
                        "set": name,
                        "group": group,
                        "feature": key,
                        "mean": mean,
                        "extremes": extremes,
                        "mean_error": "" if abs(mean - expected) < 1e-4 else f"published {expected:g}",
                        "extremes_error": "" if extremes == published else f"published {published}",
                    }
                )
    return rows


def _drawn_features(context: RuleContext[MeasurementsOptions]) -> list[dict[str, Any]]:
    rows = []
    for name, table in context.tables.items():
        for group, features in context.facts["truth"][name]["moments"].items():
            for key, truth in features.items():
                values = table.loc[(table["group"] == group) & (table["feature"] == key), "value"]
                mean, variance, cases = values.mean(), values.var(), max(len(values), 1)
                mean_far = abs(mean - truth["mean"]) / sqrt(truth["variance"] / cases)
                variance_far = abs(variance / truth["variance"] - 1) / sqrt((truth["kurtosis"] - 1) / cases)
                rows.append(
                    {
                        "set": name,
                        "group": group,
                        "feature": key,
                        "mean": mean,
                        "variance": variance,
                        "mean_error": "" if mean_far <= ERRORS else f"true mean {truth['mean']:g}",
                        "variance_error": "" if variance_far <= ERRORS else f"true variance {truth['variance']:g}",
                    }
                )
    return rows


def _classes_suite(context: RuleContext[MeasurementsOptions]) -> Suite:
    """A row per class set and split: how often the best rule there is, which knows the truth, is right."""
    rows = []
    for name, table in context.tables.items():
        truth = context.facts["truth"][name]
        if "best_accuracy" in truth:
            for split, part in table.groupby("split"):
                right = _right_by_truth(part, truth)
                accuracy, best = float(np.mean(right)), truth["best_accuracy"]
                far = abs(accuracy - best) / sqrt(best * (1 - best) / len(right))
                error = "" if far <= ERRORS else f"expected {best:g}"
                rows.append({"set": name, "split": split, "accuracy": accuracy, "accuracy_error": error})
    frame = pd.DataFrame(rows, columns=["set", "split", "accuracy", "accuracy_error"])
    frame.insert(0, "id", range(len(frame)))
    description = f"the best rule is right as often as it should be, within {ERRORS:g} standard errors"
    return Suite("classes", frame, [no_error("accuracy_error", description)])


def _right_by_truth(table: pd.DataFrame, truth: Mapping[str, Any]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Whether the discriminant of the true means and covariance gets each case right."""
    features = list(truth["moments"]["a"])
    cases = table.pivot_table(index="case", columns="feature", values="value")
    values = cases.reindex(columns=features).to_numpy(dtype=float)
    is_b = (table.groupby("case")["group"].first().reindex(cases.index) == "b").to_numpy(dtype=bool)
    first, second = (np.array(truth["means"][group]) for group in "ab")
    weights = np.linalg.solve(np.array(truth["covariance"]), second - first)
    return np.asarray(((values - (first + second) / 2) @ weights > 0) == is_b)
