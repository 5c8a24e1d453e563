"""Parsing as a sequence: words in, brackets and tags out, one tree over exactly these words."""

from pipelines.task import Comparison, Figure, Task

TASK = Task(
    __name__,
    comparison=Comparison(
        chosen_by=Figure("val_f1", "val bracket F1"),
        headline=Figure("test_f1", "test bracket F1"),
        others=(
            Figure("test_f1_free", "without the constraint"),
            Figure("test_well_formed", "well-formed without it"),
            Figure("test_exact", "test sentences with every bracket right"),
            Figure("pcfg_f1", "test bracket F1 of a PCFG counted on train"),
        ),
        curves={
            "train_loss": "loss of a symbol (train)",
            "val_f1": "bracket F1 (val, greedy)",
            "grad_norm": "gradient norm",
        },
        pictures={"tree": "A sentence of test and its tree"},
        documents={"predictions.csv": "The best run's trees of test"},
    ),
)
