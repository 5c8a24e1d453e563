"""Speech to characters: a recording in, a text of another length out, trained without alignments."""

from pipelines.task import Comparison, Figure, Task

TASK = Task(
    __name__,
    comparison=Comparison(
        chosen_by=Figure("val_cer", "val CER", lower_is_better=True),
        headline=Figure("test_cer", "test CER", lower_is_better=True),
        others=(
            Figure("test_wer", "test WER", lower_is_better=True),
            Figure("test_right", "test texts right"),
            Figure("test_doubled_kept", "test doubled kept"),
            Figure("test_new_words_right", "test new words right"),
        ),
        curves={
            "train_loss": "-log p(text) (train)",
            "val_cer": "character error rate (val)",
            "grad_norm": "gradient norm",
        },
        pictures={
            "decoders": "Doubled characters that each decoder keeps (test)",
            "posteriors": "Probabilities of characters and blank over time (best run)",
            "lattice": "All alignments of a text, and the best one",
            "spectrogram": "Spectrogram, each character at its forced alignment",
            "alignments": "All alignments of two characters with six frames",
        },
    ),
)
