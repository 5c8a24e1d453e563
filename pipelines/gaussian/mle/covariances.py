"""The part of the report on several features: kinds of covariance, and rows with gaps."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.gaussian import data, missing, multivariate
from pipelines.gaussian.data import Cases
from pipelines.gaussian.mle.pictures import ellipses
from pipelines.gaussian.multivariate import Gaussian
from pipelines.gaussian.report import Report
from pipelines.stats.moments import Array
from pipelines.stats.values import Labels

FEW, MANY = 12, 40  # rows of a group to estimate from
DRAWS = 40  # of these rows
GAPS = 0.4  # share of cases whose last feature is removed


def add_covariances(report: Report, frames: dict[str, pd.DataFrame], out: Path, seed: int) -> dict[str, float]:
    """Adds the sections on covariances and on gaps, from a table without redundant features."""
    names = [name for name in ("classes-7d", "galton", *frames) if name in frames]
    name = next((name for name in names if _is_large(frames[name])), None)
    if name is None:
        return {}
    cases = data.cases(name, frames[name])
    return _add_covariances(report, cases, out, seed) | _add_missing(report, cases, seed)


def _is_large(table: pd.DataFrame) -> bool:
    """Whether it has several features, and cases enough in each group to leave some out of an estimate."""
    cases = table.drop_duplicates("case")
    return len(table["feature"].unique()) > 1 and cases["group"].value_counts().min() > 2 * MANY


def covariances(rows: Array, groups: Labels, group: str) -> dict[str, tuple[Array, Array]]:
    """Mean and covariance of one group, by kind of covariance."""
    own = rows[groups == group]
    mean, covariance = multivariate.full(own)
    means, shared = multivariate.tied(rows, groups)
    return {
        "full": (mean, covariance),
        "diagonal": (mean, multivariate.diagonal(covariance)),
        "tied": (means[sorted(set(groups)).index(group)], shared),
        "shrunk": (mean, multivariate.shrunk(covariance, multivariate.ledoit_wolf(own))),
    }


def _add_covariances(report: Report, cases: Cases, out: Path, seed: int) -> dict[str, float]:
    report.heading("Covariances of several features")
    groups = sorted(set(cases.labels))
    report.text(
        f"`{cases.name}` has {len(cases.features)} features and {len(groups)} groups. A `full` covariance is estimated "
        "from a group's own rows; a `diagonal` one ignores correlations; a `tied` one is shared by the groups; a "
        "`shrunk` one is a weighted mean with a multiple of the identity, with the weight of Ledoit & Wolf (2004). "
        "Features are in units of their standard deviation, so that the identity is a reasonable target. The table has "
        f"the mean log-density of unused rows (higher is better) for {FEW} and {MANY} rows of each group, over {DRAWS} "
        "draws: with few rows a simple covariance is better."
    )
    scaled = (cases.rows - cases.rows.mean(axis=0)) / cases.rows.std(axis=0)
    rng = np.random.default_rng(seed)
    scores: dict[int, dict[str, list[float]]] = {FEW: {}, MANY: {}}
    for size, by_kind in scores.items():
        for _ in range(DRAWS):
            members = [rng.permutation(np.flatnonzero(cases.labels == group)) for group in groups]
            used = np.concatenate([of_group[:size] for of_group in members])
            for group, of_group in zip(groups, members, strict=True):
                for kind, (mean, covariance) in covariances(scaled[used], cases.labels[used], group).items():
                    density = Gaussian.of(mean, covariance, cases.features).log_density(scaled[of_group[size:]]).mean()
                    by_kind.setdefault(kind, []).append(float(density))
    report.table(
        ("covariance", *(f"{size} rows: log-density" for size in scores), *(f"{size} rows: ± s.e." for size in scores)),
        [
            (
                kind,
                *(f"{np.mean(scores[size][kind]):.3f}" for size in scores),
                *(f"{np.std(scores[size][kind]) / len(scores[size][kind]) ** 0.5:.3f}" for size in scores),
            )
            for kind in scores[FEW]
        ],
    )
    two = cases.only(cases.features[:2])
    few = np.concatenate([np.flatnonzero(two.labels == group)[:FEW] for group in groups])
    fitted = covariances(two.rows[few], two.labels[few], groups[0])
    picture = ellipses(two.rows[two.labels == groups[0]], two.features, fitted, out / "covariances.png")
    report.picture(picture, f"Two features of group {groups[0]}, and ellipses estimated from {FEW} rows of each group")
    return {f"log_density_{kind}_{FEW}_rows": float(np.mean(found)) for kind, found in scores[FEW].items()}


def _add_missing(report: Report, cases: Cases, seed: int) -> dict[str, float]:
    """Removes values where another feature is large, and estimates their mean and variance without them."""
    report.heading("Rows with gaps")
    rows = cases.rows[cases.labels == min(cases.labels)]
    related = int(np.argmax(np.abs(np.corrcoef(rows.T)[-1, :-1])))
    first, last = cases.features[related], cases.features[-1]
    blurred = rows[:, related] + np.random.default_rng(seed).normal(0, 0.5 * rows[:, related].std(), len(rows))
    gone = blurred > np.quantile(blurred, 1 - GAPS)
    with_gaps = rows.copy()
    with_gaps[gone, -1] = np.nan
    mean, covariance = multivariate.full(rows)
    deviation = covariance[-1, -1] ** 0.5
    whole = multivariate.full(with_gaps[~gone])
    filled = with_gaps.copy()
    filled[gone, -1] = whole[0][-1]
    by_mean = multivariate.full(filled)
    by_em = missing.fit(with_gaps)
    report.text(
        f"In {gone.sum()} of {len(rows)} rows of `{cases.name}` the value of {last} is removed, mostly where {first} "
        "is large, as when a value is missing for a reason. Omitting such rows gives a wrong mean, and filling gaps "
        "with the mean gives a variance that is too small as well. EM uses the rest of the row to estimate the missing "
        f"value; it converged after {len(by_em.log_likelihoods)} steps, none of which made the rows less likely."
    )
    ways = {
        "no gaps (unknown in practice)": (mean, covariance),
        "rows with gaps omitted": whole,
        "gaps filled with the mean": by_mean,
        "EM": (by_em.mean, by_em.covariance),
    }
    correlation = {
        way: found[related, -1] / (found[related, related] * found[-1, -1]) ** 0.5 for way, (_, found) in ways.items()
    }
    report.table(
        ("method", f"mean of {last}", "error, in deviations", f"deviation of {last}", f"correlation with {first}"),
        [
            (
                way,
                f"{centre[-1]:.3f}",
                f"{(centre[-1] - mean[-1]) / deviation:+.3f}",
                f"{found[-1, -1] ** 0.5:.3f}",
                f"{correlation[way]:.3f}",
            )
            for way, (centre, found) in ways.items()
        ],
    )
    return {
        "gaps_left_out_off": float((whole[0][-1] - mean[-1]) / deviation),
        "gaps_em_off": float((by_em.mean[-1] - mean[-1]) / deviation),
    }
