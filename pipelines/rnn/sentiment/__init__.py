"""Sentiment: whether a text is favourable. A whole text in, one label out (many to one)."""

from pathlib import Path

from pipelines.settings import Run
from pipelines.task import Comparison, Figure, Task


def reads(run: Run) -> list[Path]:
    """The weights of another run that a classifier starts from. Raises ValueError where that run is not trained yet."""
    if not run.model.get("pretrained"):
        return []
    weights = Path(run.model["pretrained"])
    if not weights.is_file():
        raise ValueError(f"{run.name} starts from {weights}, which does not exist: first dvc repro seq2seq@sentences")
    return [weights]


TASK = Task(
    __name__,
    reads=reads,
    comparison=Comparison(
        chosen_by=Figure("val_accuracy", "val accuracy"),
        headline=Figure("test_accuracy", "test accuracy"),
        others=(Figure("test_f1", "test F1"),),
        curves={"train_loss": "loss of a text (train)", "val_accuracy": "accuracy (val)", "grad_norm": "gradient norm"},
        pictures={"confusion": "Confusion of the best run", "phenomena": "Accuracy by phenomenon"},
    ),
)
