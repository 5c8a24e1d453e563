"""Long memory: the beginning of a long sequence decides the answer at its end (many to one)."""

from pipelines.task import Comparison, Figure, Task

TASK = Task(
    __name__,
    comparison=Comparison(
        chosen_by=Figure("val_error", "val error", 5, lower_is_better=True),
        headline=Figure("test_error", "test error", 5, lower_is_better=True),
        others=(Figure("baseline_error", "error of the best constant (test)", 5, lower_is_better=True),),
        curves={"train_loss": "loss (train)", "val_error": "error (val)", "grad_norm": "gradient norm"},
        pictures={"answers": "Answers of the best run on test"},
    ),
)
