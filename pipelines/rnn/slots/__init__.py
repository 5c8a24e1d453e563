"""Slot filling: one label for each word of an utterance (many to many)."""

from pipelines.task import Comparison, Figure, Task

TASK = Task(
    __name__,
    comparison=Comparison(
        chosen_by=Figure("val_f1", "val F1"),
        headline=Figure("test_f1", "test F1"),
        others=(Figure("test_f1_strict", "test F1 strict"),),
        curves={"train_loss": "loss of an utterance (train)", "val_f1": "slot F1 (val)", "grad_norm": "gradient norm"},
        pictures={"confusion": "Confusion of the best run"},
    ),
)
