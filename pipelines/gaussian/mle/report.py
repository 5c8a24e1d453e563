"""The report on measurements: estimates with their intervals, simulations of both, and checks of normality."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.gaussian import data, mixture, simulations
from pipelines.gaussian.data import CLASSIFIED, REFERENCES, Reference, Sample
from pipelines.gaussian.likelihood import ascend
from pipelines.gaussian.mle.covariances import add_covariances
from pipelines.gaussian.mle.pictures import likelihood, mixtures, quantiles, simulated
from pipelines.gaussian.report import Report
from pipelines.stats import summary
from pipelines.stats.estimation import estimate
from pipelines.stats.intervals import LEVEL
from pipelines.stats.summary import Summary

# Values in a sample. Of 2 the most likely variance is half of the true one on average, of 100 it lacks a hundredth.
BIAS_SIZES = (2, 3, 5, 10, 30, 100)
FIGURE_SIZE = 20  # of the bounds, and of the coverage that is a figure of the run
SIZES = (5, FIGURE_SIZE, 100)  # of the intervals: the normal one of the mean is far too short of 5, hardly so of 100


@dataclass(frozen=True)
class Result:
    """A sample and its summary."""

    sample: Sample
    summary: Summary


def write(tables: Path, out: Path, *, samples: int = 10_000, seed: int = 0) -> dict[str, float]:
    """Reads the tables of `measurements` (of either source) and writes the report, pictures and CSV files into `out`.

    Intervals are tested on `samples` simulated samples of each size and law. Returns the figures.
    """
    frames = data.read_tables(tables)
    results = [
        Result(sample, summary.summarise(sample.values, sample.name, sample.clusters))
        for name, frame in frames.items()
        if name not in CLASSIFIED
        for sample in data.samples(name, frame)
    ]
    report = Report("Measurements and the most likely Gaussian")
    figures = _add_estimates(report, results, out)
    figures |= _add_closed_form(report, results, out)
    figures |= _add_simulations(report, samples, seed, out)
    figures |= _add_normality(report, results, frames, out)
    _add_mixtures(report, results, out)
    figures |= add_covariances(report, frames, out, seed)
    report.write(out)
    return figures


def _add_estimates(report: Report, results: list[Result], out: Path) -> dict[str, float]:
    report.heading("Estimates")
    report.text(
        "Mean and deviation are the most likely ones, with 95 % intervals by Student's t and by chi squared. If values "
        "come in clusters (a family, a series of runs), the interval of the mean takes that into account."
    )
    head = ("sample", "n", "mean", "95 % interval", "deviation", "95 % interval", "verdict")
    rows = summary.table([result.summary for result in results])
    pd.DataFrame(
        rows, columns=["sample", "n", "mean", "mean interval", "deviation", "deviation interval", "verdict"]
    ).to_csv(out / "estimates.csv", index=False)
    report.table(head, rows)
    published = [result for result in results if _reference(result)]
    if published:
        report.text(
            "Compared with the values known today. An interval covers random errors only: if it does not contain the "
            "value, the observations share a systematic error, which more observations do not reduce."
        )
        report.table(
            ("sample", "mean", "95 % interval", "today", "error", "in the interval", "quantity"),
            [row for result in published for row in _against(result)],
        )
    return {
        "samples": float(len(results)),
        "normal": float(sum(result.summary.normality.kind == "normal" for result in results)),
    }


def _reference(result: Result) -> Reference | None:
    sample = result.sample
    return REFERENCES.get((sample.table, sample.feature)) if sample.group == "all" else None


def _against(result: Result) -> list[tuple[str, ...]]:
    """Rows that compare a sample with its reference, and again without its gross errors."""
    reference, gross = _reference(result), list(result.summary.normality.outliers)
    assert reference is not None
    summaries = [result.summary]
    if result.summary.normality.kind == "contaminated":
        rest = np.delete(result.sample.values, gross)
        summaries.append(summary.summarise(rest, f"{result.sample.name} without {len(gross)} gross errors"))
    rows: list[tuple[str, ...]] = []
    for each in summaries:
        mean, interval = each.estimate.mean, each.of_mean
        assert interval is not None
        error, is_inside = f"{mean - reference.value:+.4g}", "yes" if reference.value in interval else "no"
        cells = (f"{mean:.5g}", str(interval), f"{reference.value:g}", error, is_inside)
        rows.append((each.name, *cells, reference.description))
    return rows


def _add_closed_form(report: Report, results: list[Result], out: Path) -> dict[str, float]:
    """The closed form against two methods that do not use it, and a picture of the likelihood."""
    report.heading("The maximum, found three ways")
    report.text(
        "In closed form the maximum of the likelihood is at the mean $\\bar x$ and the mean squared deviation. "
        "Gradient ascent from a distant start and EM for a mixture of one Gaussian do not use the closed form and must "
        "agree with it. And a weight of 2 must have the same effect as repeating a value."
    )
    largest = {"gradient": 0.0, "EM": 0.0, "weights": 0.0}
    for result in results:
        closed, values = result.summary.estimate, result.sample.values  # noqa: PD011 (no frame)
        if closed.variance == 0:
            continue
        *_, (mean, deviation) = ascend(values, float(values[0]), 3 * closed.deviation)
        component = mixture.fit(values, 1)
        weights = np.arange(len(values)) % 3
        weighted, repeated = estimate(values, weights), estimate(np.repeat(values, weights))
        methods = {
            "gradient": (mean, deviation, closed),
            "EM": (float(component.means[0, 0]), float(component.covariances[0, 0, 0]) ** 0.5, closed),
            "weights": (weighted.mean, weighted.deviation, repeated),
        }
        for method, (centre, spread, right) in methods.items():
            error = max(abs(centre - right.mean) / right.deviation, abs(spread / right.deviation - 1))
            largest[method] = max(largest[method], error)
    report.table(
        ("method", "largest difference from the closed form over all samples, in deviations"),
        [(method, f"{error:.1e}") for method, error in largest.items()],
    )
    normal = [result for result in results if result.summary.normality.kind == "normal"]
    shown = max(normal or results, key=lambda result: (_reference(result) is not None, result.summary.estimate.count))
    best = shown.summary.estimate
    path = list(ascend(shown.sample.values, best.mean - 5 * best.deviation / best.count**0.5, 2 * best.deviation))
    picture = likelihood(best, path, shown.sample.name, out / "likelihood.png")
    report.picture(picture, f"Log-likelihood surface and profiles of {shown.sample.name}")
    return {f"{method.lower()}_against_closed_form": error for method, error in largest.items()}


def _add_simulations(report: Report, samples: int, seed: int, out: Path) -> dict[str, float]:
    bias = simulations.bias(BIAS_SIZES, samples, seed)
    bounds = simulations.bounds(FIGURE_SIZE, samples, seed)
    coverage = simulations.coverage(SIZES, samples, seed)
    for name, table in (("bias", bias), ("bounds", bounds), ("coverage", coverage)):
        table.to_csv(out / f"{name}.csv", index=False, float_format="%.6g")
    report.heading("1/n or 1/(n - 1)")
    report.text(
        "The most likely variance divides by $n$ and is on average $(n-1)/n$ of the true one, because deviations are "
        "taken from the sample's own mean, which is nearer to the values than the true mean. Dividing by $n - 1$ is "
        f"right on average. From {samples:,} samples of each size:"
    )
    report.table(
        ("n", "divisor", "average", "expected", "± s.e."),
        [
            (str(n), divisor, f"{mean:.4f}", f"{expected:.4f}", f"{se:.4f}")
            for n, divisor, mean, expected, se in bias.itertuples(index=False)
        ],
    )
    report.heading("Fisher information and the Cramer-Rao bound")
    report.formula(r"I(\mu, \sigma) = \mathrm{diag}\left(\dfrac{n}{\sigma^2}, \dfrac{2n}{\sigma^2}\right)")
    report.formula(
        r"\mathrm{Var}(\hat\mu) \geq \dfrac{\sigma^2}{n}, \qquad \mathrm{Var}(\hat\sigma^2) \geq \dfrac{2\sigma^4}{n}"
    )
    report.text(
        "No unbiased estimator has a variance below the bound. The mean reaches it. The variance of the unbiased "
        "variance is $n/(n-1)$ times the bound, which is the best possible; that of the most likely variance is below "
        "the bound, which is possible because it is biased."
    )
    report.table(
        ("estimator", "n", "bound", "variance / bound", "± s.e.", "expected"),
        [
            (name, str(n), f"{bound:.4f}", f"{ratio:.4f}", f"{se:.4f}", "" if pd.isna(expected) else f"{expected:.4f}")
            for name, n, bound, ratio, se, expected in bounds.itertuples(index=False)
        ],
    )
    report.heading("Coverage of intervals")
    report.text(
        f"The share of {samples:,} intervals of 95 % that contain the true value, for samples of {_listed(SIZES)} "
        "values. Student's for the mean is exact for normal values and good for others; the one with normal quantiles "
        "is too short for few values; and that of chi squared for the variance needs normal values: otherwise more "
        "values do not help."
    )
    kinds = list(dict.fromkeys(coverage["interval"]))
    by_law = coverage.groupby(["law", "interval"], sort=False)["coverage"].agg(
        lambda shares: " / ".join(f"{share:.1%}" for share in shares)
    )
    laws = dict.fromkeys(coverage["law"])
    report.table(("law", *kinds), [(law, *(str(by_law[law, kind]) for kind in kinds)) for law in laws])
    report.picture(simulated(bias, coverage, out / "simulated.png"), "Bias by size, and coverage by law")
    normal = coverage[(coverage["law"] == "normal") & (coverage["n"] == FIGURE_SIZE)].set_index("interval")["coverage"]
    return {
        "mean_variance_over_bound": float(bounds["variance / bound"].iloc[0]),
        "coverage_mean": 100 * float(normal["mean, Student"]),
        "coverage_variance": 100 * float(normal["variance, chi squared"]),
        "coverage_off": 100 * abs(float(normal["mean, Student"]) - LEVEL),
    }


def _add_normality(
    report: Report, results: list[Result], frames: dict[str, pd.DataFrame], out: Path
) -> dict[str, float]:
    report.heading("Is a Gaussian the right model?")
    rows = []
    for result in results:
        checks = result.summary.normality
        numbers = (checks.skewness, checks.excess_kurtosis, checks.shapiro_p, checks.anderson_p)
        shown = ["" if np.isnan(number) else f"{number:.3g}" for number in numbers]
        rows.append((result.sample.name, str(checks.count), *shown, checks.verdict))
    head = ("sample", "n", "skewness", "excess kurtosis", "Shapiro-Wilk p", "Anderson-Darling p", "verdict")
    report.table(head, rows)
    whole = [result for result in results if result.sample.group == "all"]
    single = [result for result in results if result.sample.group != "all"]
    report.picture(
        quantiles(
            [(result.sample, result.summary.normality) for result in (whole + single)[:8]], out / "quantiles.png"
        ),
        "QQ plots, with gross errors in red",
    )
    figures: dict[str, float] = {}
    if "outliers" in frames:
        result = next(result for result in results if result.sample.name == "outliers")
        groups = frames["outliers"].set_index("id")["group"]
        gross = groups.reindex(result.sample.ids).to_numpy() == "gross"
        flagged = np.isin(np.arange(len(gross)), result.summary.normality.outliers)
        caught, false = int((gross & flagged).sum()), int((~gross & flagged).sum())
        report.text(
            f"In `outliers` {int(gross.sum())} values are gross errors, which is unknown to the checks: {caught} of "
            f"them were found, with {false} false alarms."
        )
        figures = {"gross_errors_found": caught / float(gross.sum()), "gross_errors_wrongly": float(false)}
    return figures


def _add_mixtures(report: Report, results: list[Result], out: Path) -> None:
    report.heading("Two Gaussians instead of one")
    report.text(
        "EM assigns every value to both Gaussians in proportion to their densities and estimates both again, until "
        "nothing changes. BIC decides whether the second Gaussian is worth three more parameters: it must fall."
    )
    fitted, rows = {}, []
    for result in results:
        if result.sample.group != "all" or result.summary.normality.kind in ("normal", "too few", "constant"):
            continue
        values = result.sample.values  # noqa: PD011 (no frame)
        two, alone = mixture.fit(values, 2), mixture.fit(values, 1)
        deviations = np.sqrt(two.covariances[:, 0, 0])
        parts = [
            f"{share:.1%} at {mean:.4g} ± {deviation:.3g}"
            for share, mean, deviation in zip(two.shares, two.means[:, 0], deviations, strict=True)
        ]
        gain = alone.information_criterion - two.information_criterion
        rows.append((result.sample.name, *parts, f"{gain:.1f}", "two" if gain > 0 else "one"))
        fitted[result.sample.name] = (values, two)
    report.table(("sample", "one part", "other part", "BIC falls by", "better"), rows)
    shown = dict(list(fitted.items())[:3])
    if shown:
        report.picture(mixtures(shown, out / "mixtures.png"), "Histograms with one and with two Gaussians")


def _listed(sizes: tuple[int, ...]) -> str:
    return f"{', '.join(map(str, sizes[:-1]))} and {sizes[-1]}"
