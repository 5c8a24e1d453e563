"""What makes recurrent networks hard: powers of a weight, cliffs, clipped gradients, and how far a gradient reaches."""

from pipelines.task import Comparison, Figure, Task

TASK = Task(
    __name__,
    comparison=Comparison(
        chosen_by=Figure("val_accuracy", "val accuracy"),
        headline=Figure("test_accuracy", "test accuracy"),
        others=(
            Figure("diverged_unclipped", "diverged, % unclipped"),
            Figure("diverged_clipped", "diverged, % clipped at norm 15"),
            Figure("reach_elman", "first step's share of the gradient, Elman", 5),
            Figure("reach_lstm", "the same, LSTM", 5),
            Figure("reach_irnn", "the same, IRNN", 5),
            Figure("gap_lstm", "accuracy on train less val, LSTM"),
            Figure("gap_gru", "the same, GRU"),
        ),
        curves={
            "train_loss": "sum of the networks' losses (train)",
            "val_accuracy": "mean accuracy (val)",
            "grad_norm": "gradient norm of all",
        },
        pictures={
            "linear": "One linear neuron over 1,000 steps",
            "surface": "Error surface, and two descents on it",
            "clipping": "Gradients before and after clipping, and the share of networks that diverged",
            "reach": "How far back the gradient of the last loss reaches",
            "networks": "Starts compared, and the gap between train and val",
        },
    ),
)
