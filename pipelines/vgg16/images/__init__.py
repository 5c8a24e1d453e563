"""Pictures of ten classes: what pretrained weights are worth, by head and by which layers are trained."""

from pipelines.task import Comparison, Figure, Overlay, Task

TASK = Task(
    __name__,
    is_shared=True,
    comparison=Comparison(
        chosen_by=Figure("val_accuracy", "val accuracy"),
        headline=Figure("test_accuracy", "test accuracy"),
        others=(
            Figure("test_ece", "calibration error (ECE, test)", lower_is_better=True),
            Figure("learned", "parameters trained", 0),
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
            "weights": "Weights that the best run starts from, and random ones",
            "filters": "First-layer filters of the best run, before and after training",
            "maps": "Feature maps of the best run for one picture",
            "seen": "Where the best run sees the evidence for right and wrong answers (Grad-CAM)",
        },
        documents={"classes.csv": "Each class of test"},
    ),
)
