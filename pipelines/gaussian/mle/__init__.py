"""Measurements: the most likely Gaussian, how far it can be trusted, and where it is the wrong model."""

from pipelines.task import Comparison, Figure, Task

TASK = Task(
    __name__,
    comparison=Comparison(
        chosen_by=Figure("coverage_off", "coverage of the mean off 95 % by", lower_is_better=True),
        headline=Figure("coverage_mean", "coverage of 95 % intervals of the mean"),
        others=(
            Figure("coverage_variance", "of the variance"),
            Figure("mean_variance_over_bound", "variance of the mean / Cramer-Rao bound", decimals=3),
            Figure("samples", "samples", decimals=0),
            Figure("normal", "of them normal", decimals=0),
        ),
        pictures={
            "likelihood": "Log-likelihood surface and profiles",
            "simulated": "Bias by size, and coverage by law",
            "quantiles": "QQ plots: red, what was taken for gross errors",
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
