"""Measurements: the most likely Gaussian, confidence intervals, and samples for which it is the wrong model."""

from pipelines.task import Comparison, Figure, Task

TASK = Task(
    __name__,
    comparison=Comparison(
        chosen_by=Figure("coverage_off", "difference of that coverage from 95 %", lower_is_better=True),
        headline=Figure("coverage_mean", "coverage of the mean's 95 % interval"),
        others=(
            Figure("coverage_variance", "coverage of the variance's 95 % interval"),
            Figure("mean_variance_over_bound", "variance of the mean over its Cramer-Rao bound", decimals=3),
            Figure("samples", "samples", decimals=0),
            Figure("normal", "normal samples", decimals=0),
        ),
        pictures={
            "likelihood": "Log-likelihood surface and profiles",
            "simulated": "Bias by size, and coverage by law",
            "quantiles": "QQ plots, with gross errors in red",
            "mixtures": "One Gaussian and two",
            "covariances": "Covariances estimated from few rows",
        },
        documents={
            "report.html": "The measurements as a page",
            "estimates.csv": "Estimates",
            "bias.csv": "Bias",
            "bounds.csv": "Cramer-Rao bounds",
            "coverage.csv": "Coverage",
        },
    ),
)
