"""Classification with a Gaussian for each class: linear, quadratic and naive."""

from pipelines.task import Comparison, Figure, Task

TASK = Task(
    __name__,
    comparison=Comparison(
        chosen_by=Figure("val_accuracy", "val accuracy"),
        headline=Figure("test_accuracy", "test accuracy"),
        others=(
            Figure("cv_accuracy", "accuracy cross-validated over all rows"),
            Figure("train_accuracy", "train accuracy"),
            Figure("test_log_loss", "test log-loss", decimals=3, lower_is_better=True),
        ),
        pictures={
            "confusion": "Confusion of the best run",
            "boundaries": "Its boundary in two features",
            "accuracy": "Its accuracy on other sets",
        },
        documents={"report.html": "The best run's classifier as a page", "accuracy.csv": "Its accuracy on all sets"},
    ),
)
