"""Pictures of ten classes: what weights that learned others are worth, by head and by what of it all is learned."""

from pipelines.task import Comparison, Figure, Overlay, Task

TASK = Task(
    __name__,
    is_shared=True,
    comparison=Comparison(
        chosen_by=Figure("val_accuracy", "val accuracy"),
        headline=Figure("test_accuracy", "test accuracy"),
        others=(
            Figure("test_ece", "calibration error (ECE, test)", lower_is_better=True),
            Figure("learned", "parameters learned", 0),
        ),
        curves={"train_loss": "cross entropy (train)", "val_accuracy": "accuracy (val)", "grad_norm": "gradient norm"},
        overlays={
            "few_labels": Overlay(
                "few_labels.csv",
                "labelled pictures",
                "test accuracy",
                "Accuracy over the number of labelled pictures, with 95 % intervals over draws of them",
                logarithmic=True,
            )
        },
        pictures={
            "confusion": "Confusion of the best run on test",
            "weights": "Weights of the best run: at its start, and what chance starts with",
            "filters": "First-layer filters of the best run: at its start, and what it made of them",
            "maps": "What the layers of the best run make of a picture",
            "seen": "Where the best run looks (Grad-CAM): right and wrong answers",
        },
        documents={"classes.csv": "Each class of test"},
    ),
)
