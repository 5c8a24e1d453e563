"""Key terms: the phrases of a document that name its subject."""

from pipelines.task import Comparison, Figure, Task

TASK = Task(
    __name__,
    comparison=Comparison(
        chosen_by=Figure("val_f1", "val exact F1"),
        headline=Figure("test_f1", "test exact F1"),
        others=(
            Figure("test_f1_all", "test exact F1, including terms that are not in the text"),
            Figure("test_f1_at_5", "test F1@5, stemmed"),
            Figure("test_f1_at_10", "test F1@10, stemmed"),
        ),
        curves={"train_loss": "loss of a document (train)", "val_f1": "exact F1 (val)", "grad_norm": "gradient norm"},
        pictures={"attention": "Attention of the best run over documents of test"},
    ),
)
