"""Language model: it predicts the next word, scores text by perplexity, and generates text."""

from pipelines.task import Comparison, Figure, Task

TASK = Task(
    __name__,
    comparison=Comparison(
        chosen_by=Figure("val_perplexity", "val perplexity", lower_is_better=True),
        headline=Figure("test_perplexity", "test perplexity", lower_is_better=True),
        others=(Figure("unigram_perplexity", "test perplexity of word counts", lower_is_better=True),),
        curves={
            "train_loss": "cross entropy of a word (train)",
            "val_perplexity": "perplexity (val)",
            "grad_norm": "gradient norm",
        },
    ),
)
