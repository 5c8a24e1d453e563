"""The report on measurements: what is estimated, how far it can be trusted, and where a Gaussian is the wrong model."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.gaussian import data, mixture, simulations
from pipelines.gaussian.data import CLASSIFIED, REFERENCES, Reference, Sample
from pipelines.gaussian.likelihood import ascend
from pipelines.gaussian.mle.pictures import likelihood, mixtures, quantiles, simulated
from pipelines.gaussian.mle.several import add_several
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
class Found:
    """A sample and what was found in it."""

    sample: Sample
    summary: Summary


def write(tables: Path, out: Path, *, samples: int = 10_000, seed: int = 0) -> dict[str, float]:
    """Reads the prepared tables of `measurements` (of either source) and writes the report, pictures and CSV files.

    Intervals are tried on `samples` simulated samples of each size and law. Returns the figures.
    """
    frames = data.read_tables(tables)
    found = [
        Found(sample, summary.summarise(sample.values, sample.name, sample.clusters))
        for name, frame in frames.items()
        if name not in CLASSIFIED
        for sample in data.samples(name, frame)
    ]
    report = Report("Measurements and the most likely Gaussian")
    figures = _add_estimates(report, found, out)
    figures |= _add_closed_form(report, found, out)
    figures |= _add_simulations(report, samples, seed, out)
    figures |= _add_normality(report, found, frames, out)
    _add_mixtures(report, found, out)
    figures |= add_several(report, frames, out, seed)
    report.write(out)
    return figures


def _add_estimates(report: Report, found: list[Found], out: Path) -> dict[str, float]:
    report.heading("Estimates")
    report.text(
        "Mean and deviation are the most likely ones, their 95 % intervals Student's and those of chi squared. Where "
        "values come in clusters (a family, a series of runs), the mean's interval takes that into account."
    )
    head = ("sample", "n", "mean", "95 % interval", "deviation", "95 % interval", "verdict")
    rows = summary.table([one.summary for one in found])
    pd.DataFrame(
        rows, columns=["sample", "n", "mean", "mean interval", "deviation", "deviation interval", "verdict"]
    ).to_csv(out / "estimates.csv", index=False)
    report.table(head, rows)
    published = [one for one in found if _reference(one)]
    if published:
        report.text(
            "Against what is known today: an interval tells of chance alone. Where it misses the value, the "
            "observations had an error in common, which no number of them takes away."
        )
        report.table(
            ("sample", "mean", "95 % interval", "today", "off by", "holds it", "what it is"),
            [row for one in published for row in _against(one)],
        )
    return {"samples": float(len(found)), "normal": float(sum(one.summary.normality.kind == "normal" for one in found))}


def _reference(one: Found) -> Reference | None:
    sample = one.sample
    return REFERENCES.get((sample.table, sample.feature)) if sample.group == "all" else None


def _against(one: Found) -> list[tuple[str, ...]]:
    """The sample against its reference, and once more without its gross errors."""
    reference, gross = _reference(one), list(one.summary.normality.outliers)
    assert reference is not None
    summaries = [one.summary]
    if one.summary.normality.kind == "contaminated":
        rest = np.delete(one.sample.values, gross)
        summaries.append(summary.summarise(rest, f"{one.sample.name} without {len(gross)} gross errors"))
    rows: list[tuple[str, ...]] = []
    for each in summaries:
        mean, interval = each.estimate.mean, each.of_mean
        assert interval is not None
        off, holds = f"{mean - reference.value:+.4g}", "yes" if reference.value in interval else "no"
        rows.append(
            (each.name, f"{mean:.5g}", str(interval), f"{reference.value:g}", off, holds, reference.description)
        )
    return rows


def _add_closed_form(report: Report, found: list[Found], out: Path) -> dict[str, float]:
    """The closed form against two ways that do not know it, and a picture of the likelihood."""
    report.heading("The maximum, found three ways")
    report.text(
        "In closed form the maximum of the likelihood is the mean $\\bar x$ and the mean squared deviation. Gradient "
        "ascent from a start far off and EM for a mixture of one Gaussian do not know that, and must get there; and a "
        "weight of 2 must be the same as a value that is there twice."
    )
    farthest = {"gradient": 0.0, "EM": 0.0, "weights": 0.0}
    for one in found:
        closed, values = one.summary.estimate, one.sample.values  # noqa: PD011 (no frame)
        if closed.variance == 0:
            continue
        *_, (mean, deviation) = ascend(values, float(values[0]), 3 * closed.deviation)
        component = mixture.fit(values, 1)
        weights = np.arange(len(values)) % 3
        weighted, repeated = estimate(values, weights), estimate(np.repeat(values, weights))
        others = {
            "gradient": (mean, deviation, closed),
            "EM": (float(component.means[0, 0]), float(component.covariances[0, 0, 0]) ** 0.5, closed),
            "weights": (weighted.mean, weighted.deviation, repeated),
        }
        for way, (centre, spread, right) in others.items():
            apart = max(abs(centre - right.mean) / right.deviation, abs(spread / right.deviation - 1))
            farthest[way] = max(farthest[way], apart)
    report.table(
        ("way", "farthest from the closed form, in deviations, over all samples"),
        [(way, f"{apart:.1e}") for way, apart in farthest.items()],
    )
    normal = [one for one in found if one.summary.normality.kind == "normal"]
    shown = max(normal or found, key=lambda one: (_reference(one) is not None, one.summary.estimate.count))
    best = shown.summary.estimate
    path = list(ascend(shown.sample.values, best.mean - 5 * best.deviation / best.count**0.5, 2 * best.deviation))
    picture = likelihood(best, path, shown.sample.name, out / "likelihood.png")
    report.picture(picture, f"Log-likelihood surface and profiles of {shown.sample.name}")
    return {f"{way.lower()}_against_closed_form": apart for way, apart in farthest.items()}


def _add_simulations(report: Report, samples: int, seed: int, out: Path) -> dict[str, float]:
    bias = simulations.bias(BIAS_SIZES, samples, seed)
    bounds = simulations.bounds(FIGURE_SIZE, samples, seed)
    coverage = simulations.coverage(SIZES, samples, seed)
    for name, table in (("bias", bias), ("bounds", bounds), ("coverage", coverage)):
        table.to_csv(out / f"{name}.csv", index=False, float_format="%.6g")
    report.heading("1/n or 1/(n - 1)")
    report.text(
        "The most likely variance divides by $n$ and is too small by $(n-1)/n$ on average, as deviations are taken "
        "from the sample's own mean, which lies nearer to the values than the true one. Dividing by $n - 1$ is right "
        f"on average. From {samples:,} samples of each size:"
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
        "No unbiased estimator has a variance below the bound. The mean reaches it. The unbiased variance misses it by "
        "$n/(n-1)$, which is the best there is; the most likely one goes below, which it may, as it is biased."
    )
    report.table(
        ("estimator", "n", "bound", "variance / bound", "± s.e.", "expected"),
        [
            (name, str(n), f"{bound:.4f}", f"{ratio:.4f}", f"{se:.4f}", "" if pd.isna(expected) else f"{expected:.4f}")
            for name, n, bound, ratio, se, expected in bounds.itertuples(index=False)
        ],
    )
    report.heading("Do intervals hold what they promise?")
    report.text(
        f"How many of {samples:,} intervals of 95 % hold the true value, for samples of {_listed(SIZES)} values. "
        "Student's for the mean is exact for normal values and good for others; the one with normal quantiles is too "
        "short for few values; and chi squared's for the variance needs normal values: otherwise more values do not "
        "help."
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


def _add_normality(report: Report, found: list[Found], frames: dict[str, pd.DataFrame], out: Path) -> dict[str, float]:
    report.heading("Is a Gaussian the right model?")
    rows = []
    for one in found:
        checks = one.summary.normality
        numbers = (checks.skewness, checks.excess_kurtosis, checks.shapiro_p, checks.anderson_p)
        shown = ["" if np.isnan(number) else f"{number:.3g}" for number in numbers]
        rows.append((one.sample.name, str(checks.count), *shown, checks.verdict))
    head = ("sample", "n", "skewness", "excess kurtosis", "Shapiro-Wilk p", "Anderson-Darling p", "verdict")
    report.table(head, rows)
    whole = [one.sample for one in found if one.sample.group == "all"]
    single = [one.sample for one in found if one.sample.group != "all"]
    report.picture(
        quantiles((whole + single)[:8], out / "quantiles.png"),
        "QQ plots: red, what was taken for gross errors",
    )
    figures: dict[str, float] = {}
    if "outliers" in frames:
        one = next(one for one in found if one.sample.name == "outliers")
        groups = frames["outliers"].set_index("id")["group"]
        gross = groups.reindex(one.sample.ids).to_numpy() == "gross"
        flagged = np.isin(np.arange(len(gross)), one.summary.normality.outliers)
        caught, false = int((gross & flagged).sum()), int((~gross & flagged).sum())
        report.text(
            f"In `outliers` {int(gross.sum())} values are gross errors, which the checks were not told: {caught} of "
            f"them were found, and {false} others were taken for one."
        )
        figures = {"gross_errors_found": caught / float(gross.sum()), "gross_errors_wrongly": float(false)}
    return figures


def _add_mixtures(report: Report, found: list[Found], out: Path) -> None:
    report.heading("Two Gaussians instead of one")
    report.text(
        "EM shares every value out between two Gaussians in proportion to how likely each made it, and estimates both "
        "anew, until nothing changes. BIC says whether two are worth three more parameters: it must fall."
    )
    fitted, rows = {}, []
    for one in found:
        if one.sample.group != "all" or one.summary.normality.kind in ("normal", "too few", "constant"):
            continue
        values = one.sample.values  # noqa: PD011 (no frame)
        two, alone = mixture.fit(values, 2), mixture.fit(values, 1)
        deviations = np.sqrt(two.covariances[:, 0, 0])
        parts = [
            f"{share:.1%} at {mean:.4g} ± {deviation:.3g}"
            for share, mean, deviation in zip(two.shares, two.means[:, 0], deviations, strict=True)
        ]
        gain = alone.information_criterion - two.information_criterion
        rows.append((one.sample.name, *parts, f"{gain:.1f}", "two" if gain > 0 else "one"))
        fitted[one.sample.name] = (values, two)
    report.table(("sample", "one part", "the other", "BIC falls by", "better"), rows)
    shown = dict(list(fitted.items())[:3])
    if shown:
        report.picture(mixtures(shown, out / "mixtures.png"), "Histograms with one and with two Gaussians")


def _listed(sizes: tuple[int, ...]) -> str:
    return f"{', '.join(map(str, sizes[:-1]))} and {sizes[-1]}"
