"""Gauss's derivation of the normal law, with every step executed; other laws of error and their estimates."""

from pipelines.task import Comparison, Figure, Task

TASK = Task(
    __name__,
    comparison=Comparison(
        chosen_by=Figure("failed", "checks that fail", decimals=0, lower_is_better=True),
        headline=Figure("held", "checks that hold", decimals=0),
        others=(
            Figure("mean_against_median_normal", "observations for the median to one for the mean: normal errors"),
            Figure("mean_against_median_laplace", "Laplace's"),
            Figure("normal_is_best", "measured samples that the normal law fits best", decimals=0),
        ),
        pictures={
            "slopes": "Densities, and the slopes of their logarithms",
            "squeeze": "The integral of the density: a square between two discs",
            "likelihoods": "Likelihood of one sample under five laws",
            "efficiency": "Efficiency of mean and median",
        },
        documents={
            "report.html": "The derivation as a page",
            "efficiency.csv": "Efficiency",
            "laws.csv": "Fitted laws",
        },
    ),
)
