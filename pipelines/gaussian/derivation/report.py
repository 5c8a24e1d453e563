"""The derivation as a report: Gauss's steps with their checks, and other laws of error in simulations."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.gaussian import data, simulations
from pipelines.gaussian.data import CLASSIFIED, Sample
from pipelines.gaussian.derivation.pictures import efficiencies, likelihoods, slopes, squeeze
from pipelines.gaussian.derivation.steps import additivity, derive, highest
from pipelines.gaussian.error_laws import LAWS, fit
from pipelines.gaussian.report import Report
from pipelines.stats.normality import MIN_VALUES

SAMPLE = np.array([-1.4, -0.9, -0.2, 0.1, 0.3, 0.8, 3.6])  # with one far value: mean, median and midrange differ


def write(tables: Path, out: Path, *, size: int = 25, samples: int = 20_000, seed: int = 0) -> dict[str, float]:
    """Executes the argument; writes `report.md`, `report.html`, pictures, `efficiency.csv` and `laws.csv` into `out`.

    Efficiency is measured on `samples` samples of `size` observations, and the laws are fitted to the tables of
    `measurements` in `tables`. Returns the figures; `failed` is the number of checks that fail.
    """
    steps = derive()
    checks = [check for step in steps for check in step.checks]
    report = Report("Why errors are normal: Gauss's argument, executed")
    report.text(
        "Gauss (1809) asked which law of error makes the arithmetic mean the most probable value, and found one law. "
        f"Here each step of his argument is executed: {len(checks)} checks, of which "
        f"{sum(check.holds for check in checks)} hold. Then other laws are tried: under them the mean is not the most "
        "probable value, and it is less efficient."
    )
    for number, step in enumerate(steps, start=1):
        report.heading(f"{number}. {step.title}")
        report.text(step.text)
        for formula in step.formulas:
            report.formula(formula)
        for check in step.checks:
            report.check(check.statement, check.holds, check.found)
        if step.name == "additive":
            report.picture(slopes(out / "slopes.png"), "Densities, and the slopes of their logarithms")
        if step.name == "normalised":
            report.picture(squeeze(out / "squeeze.png"), "A square between two discs, and their integrals")
    efficiency = simulations.efficiency(size, samples, seed)
    efficiency.to_csv(out / "efficiency.csv", index=False, float_format="%.6g")
    _add_converse(report, efficiency, samples, out)
    best = _add_measured(report, tables, out)
    report.write(out)
    ratios = efficiency.set_index("law")
    return {
        "held": float(sum(check.holds for check in checks)),
        "failed": float(sum(not check.holds for check in checks)),
        "measured_samples": float(len(best)),
        "normal_is_best": float(best.count("normal")),
        **{f"mean_against_median_{_key(law)}": float(row["mean against median"]) for law, row in ratios.iterrows()},
    }


def _add_converse(report: Report, efficiency: pd.DataFrame, samples: int, out: Path) -> None:
    report.heading("Other laws, other estimates")
    report.text(
        f"One sample, {', '.join(f'{value:g}' for value in SAMPLE)}, under five laws of error with scale 1 (the "
        "uniform one wide enough for all values). Only under the normal law is its likelihood highest at the mean."
    )
    marks = {"mean": SAMPLE.mean(), "median": np.median(SAMPLE), "midrange": (SAMPLE.min() + SAMPLE.max()) / 2}
    rows = []
    for law in LAWS.values():
        found = float(law.locate(SAMPLE[None])[0])
        searched = "a plateau" if law.name == "uniform" else f"{highest(law.name, SAMPLE):.4f}"
        slope = "0 inside" if law.name == "uniform" else f"{additivity(law.name):.2g}"
        rows.append(
            (law.name, law.maximiser, f"{found:.4f}", searched, *(f"{found - at:+.3f}" for at in marks.values()), slope)
        )
    head = (
        "law",
        "most likely",
        "computed",
        "by search",
        "less mean",
        "less median",
        "less midrange",
        "error of additivity of g",
    )
    report.table(head, rows)
    report.picture(likelihoods(SAMPLE, out / "likelihoods.png"), "Log-likelihood over the true value")
    report.heading("Efficiency of mean and median")
    report.text(
        f"{samples:,} samples of {efficiency['n'].iloc[0]} errors each, under every law: $n$ times the variance of "
        "each estimate (lower is better), its bound for unbiased estimates, and the number of observations that the "
        "median needs for one of the mean: below 1 the median is better."
    )
    report.table(
        ("law", "bound", "mean", "median", "most likely", "mean against median", "± s.e.", "large samples"),
        [
            (
                str(row["law"]),
                f"{row['bound']:.3f}" if row["bound"] else "none",
                *(f"{row[column]:.3f}" for column in ("mean", "median", "most likely", "mean against median", "se")),
                f"{row['expected']:.3f}",
            )
            for _, row in efficiency.iterrows()
        ],
    )
    report.picture(efficiencies(efficiency, out / "efficiency.png"), "Efficiency by law, and by tail")
    report.text(
        "Under Laplace's law the mean needs up to twice as many observations as the median; under the normal law the "
        "median needs $\\pi/2$ times as many as the mean. Under the uniform law the midrange is better than both: its "
        "variance falls with $1/n^2$, because the density ends abruptly."
    )


def _add_measured(report: Report, tables: Path, out: Path) -> list[str]:
    """The laws fitted to measured values; returns the name of the best law for each sample."""
    report.heading("Which law do measurements follow?")
    report.text(
        "Each law with the most likely location and scale for a sample (two parameters for every law, so that the "
        "likelihoods are comparable), its location, and the gain in log-likelihood over the normal law. Where the gain "
        "is large, the mean is not the best estimate. A unit or two is noise; the uniform law, which depends on the "
        "range only, wins some small samples at random. (Several groups together, and waiting times, follow none of "
        "these laws.)"
    )
    rows = []
    for sample in _samples(tables):
        fitted = {name: fit(law, sample.values) for name, law in LAWS.items()}
        normal = fitted["normal"].log_likelihood
        rows += [
            {
                "sample": sample.name,
                "n": len(sample.values),
                "law": name,
                "location": found.location,
                "scale": found.scale,
                "gain": len(sample.values) * (found.log_likelihood - normal),
            }
            for name, found in fitted.items()
        ]
    table = pd.DataFrame(rows)
    table.to_csv(out / "laws.csv", index=False, float_format="%.6g")
    best, lines = [], []
    for name, laws in table.groupby("sample", sort=False):
        by_law = laws.set_index("law")
        best.append(str(by_law["gain"].idxmax()))
        gains = [f"{gain:+.1f}" for law, gain in by_law["gain"].items() if law != "normal"]
        locations = [f"{location:.5g}" for location in by_law["location"][["normal", best[-1]]]]
        lines.append((str(name), str(by_law["n"].iloc[0]), best[-1], *locations, *gains))
    others = [f"{law} over normal" for law in LAWS if law != "normal"]
    report.table(("sample", "n", "most likely law", "mean", "its location", *others), lines)
    return best


def _samples(tables: Path) -> list[Sample]:
    """Measured samples of one feature that have enough different values for a choice of law."""
    named = ((name, frame) for name, frame in data.read_tables(tables).items() if name not in CLASSIFIED)
    found = [sample for name, frame in named for sample in data.samples(name, frame)]
    return [sample for sample in found if len(sample.values) >= MIN_VALUES and np.ptp(sample.values) > 0]


def _key(law: object) -> str:
    return str(law).lower().replace(" ", "_")
