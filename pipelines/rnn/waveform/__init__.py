"""Waveforms written by a network that reads nothing: how well each cell keeps several time scales at once."""

from pipelines.task import Comparison, Figure, Task

TASK = Task(
    __name__,
    comparison=Comparison(
        chosen_by=Figure("val_nmse", "NMSE (waveforms of val)", 4, lower_is_better=True),
        headline=Figure("test_nmse", "NMSE (waveforms of test)", 4, lower_is_better=True),
        curves={"train_loss": "summed mean squared error", "val_nmse": "NMSE (val)", "grad_norm": "gradient norm"},
        pictures={"waveforms": "The test split's waveforms and what the best run writes"},
    ),
)
