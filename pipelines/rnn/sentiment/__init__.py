"""Sentiment: is a text favourable? A whole text in, one label out (many to one)."""

from pathlib import Path

from pipelines.settings import Run
from pipelines.task import Comparison, Figure, Task


def reads(run: Run) -> list[Path]:
    """The weights of another run that a classifier starts from."""
    return [Path(run.model["start"])] if run.model.get("start") else []


TASK = Task(
    __name__,
    reads=reads,
    comparison=Comparison(
        chosen_by=Figure("val_accuracy", "val accuracy"),
        headline=Figure("test_accuracy", "test accuracy"),
        others=(Figure("test_f1", "test F1"),),
        curves={"train_loss": "loss of a text (train)", "val_accuracy": "accuracy (val)", "grad_norm": "gradient norm"},
        pictures={"confusion": "Confusion of the best run", "phenomena": "Accuracy by what makes a text hard"},
    ),
)
