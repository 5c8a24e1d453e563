"""Sentences: an auto-encoder reduces each to one vector, its code, and reconstructs it; the code keeps word order."""

from pipelines.task import Comparison, Figure, Task

TASK = Task(
    __name__,
    comparison=Comparison(
        chosen_by=Figure("val_exact", "val sentences written again exactly"),
        headline=Figure("test_exact", "test sentences written again exactly"),
        others=(
            Figure("test_pairs_apart", "test pairs of swapped roles: both exact, and codes that differ"),
            Figure("test_pairs_alike", "the same pairs: bags of words that do not differ"),
            Figure("test_words", "test words at their place"),
        ),
        curves={
            "train_loss": "loss of a word (train)",
            "val_exact": "exact (val, greedy)",
            "grad_norm": "gradient norm",
        },
        pictures={"pairs": "Codes of pairs that swap roles, in the two directions in which codes vary most"},
        documents={
            "neighbours.csv": "Nearest sentences, by code and by bag of words",
            "predictions.csv": "The best run's sentences of test",
        },
    ),
)
