"""Measurements: the most likely Gaussian, confidence intervals, and samples for which it is the wrong model."""

from pipelines.task import Comparison, Figure, Task

TASK = Task(
    __name__,
    comparison=Comparison(
        # All are of simulated normal samples of 20, in percent: the measurements in the tables do not enter them.
        chosen_by=Figure("coverage_off", "error of simulated coverage", lower_is_better=True),
        headline=Figure("coverage_mean", "simulated coverage of the mean"),
        others=(
            Figure("coverage_variance", "simulated coverage of the variance"),
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
