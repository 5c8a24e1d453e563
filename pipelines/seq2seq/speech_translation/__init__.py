"""Speech translation: the sound of one language in, a text of another out.

`direct` gets no transcripts: frames of sound in, words out. `cascade`, to compare with, transcribes the sound and then
translates the transcript; only it is trained on transcripts.
"""

from pipelines.task import Comparison, Figure, Task

TASK = Task(
    __name__,
    comparison=Comparison(
        chosen_by=Figure("val_bleu", "val BLEU"),
        headline=Figure("test_bleu", "test BLEU"),
        others=(
            Figure("test_chrf", "test chrF"),
            Figure("test_exact", "test as the reference"),
            Figure("test_bleu_short", "test BLEU, shortest third"),
            Figure("test_bleu_long", "test BLEU, longest third"),
        ),
        curves={
            "train_loss": "loss of a symbol (train)",
            "val_bleu": "BLEU (val, greedy)",
            "grad_norm": "gradient norm",
        },
        pictures={
            "attention": "Where in the sound the best run looks while it writes",
            "lengths": "BLEU of the best run over the length of the recording",
        },
        documents={
            "predictions.csv": "The best run's translations of test",
            "bleu.json": "Signature of BLEU, and BLEU by length",
        },
    ),
)
