"""How good a network's answers are: by class, and how well its confidence is calibrated."""

from pathlib import Path

import pandas as pd
import torch
from torch import Tensor

from pipelines.reporting import plots
from pipelines.task import Row
from pipelines.vgg16.images.data import Pictures

BINS = 15  # of confidence


def write_evaluation(out: Path, test: Pictures, logits: Tensor) -> Row:
    """Writes `predictions.csv`, `classes.csv` and `confusion.png`; returns accuracy and ECE, in percent.

    `logits` (N, A) are the answers to the pictures.
    """
    probabilities = logits.double().softmax(dim=1).cpu()
    confidence, predicted = probabilities.max(dim=1)
    labels = test.labels.cpu()
    table = pd.DataFrame(
        {
            "actual": [test.classes[label] for label in labels.tolist()],
            "predicted": [test.classes[label] for label in predicted.tolist()],
            "confidence": confidence.numpy().round(6),
        }
    )
    table.to_csv(out / "predictions.csv", index_label="row")
    _by_class(table).to_csv(out / "classes.csv", float_format="%.2f")
    plots.confusion(list(table["actual"]), list(table["predicted"]), out / "confusion.png")
    return {
        "test_accuracy": 100 * (predicted == labels).double().mean().item(),
        "test_ece": 100 * calibration_error(probabilities, labels),
    }


def calibration_error(probabilities: Tensor, labels: Tensor, bins: int = BINS) -> float:
    """The expected calibration error of probabilities (N, A) for labels (N,), from 0 to 1: confidence less accuracy.

    Guo et al. (2017), On calibration of modern neural networks, equation 3: answers fall into `bins` equal ranges of
    confidence, and the gap between mean confidence and accuracy of each range is weighted by its number of answers.
    """
    confidence, predicted = probabilities.max(dim=1)
    right = (predicted == labels).to(confidence.dtype)
    which = (confidence * bins).ceil().long().clamp(1, bins) - 1  # ranges are open on the left, as in the paper
    gaps = torch.zeros(bins, dtype=confidence.dtype).index_add(0, which, right - confidence)
    return float(gaps.abs().sum() / len(labels))


def _by_class(table: pd.DataFrame) -> pd.DataFrame:
    """The number of pictures of each class, and its recall and precision in percent."""
    right = table["actual"] == table["predicted"]
    counts = table["actual"].value_counts().sort_index()
    return pd.DataFrame(
        {
            "pictures": counts,
            "recall": 100 * right.groupby(table["actual"]).mean(),
            "precision": 100 * right.groupby(table["predicted"]).mean().reindex(counts.index),
        }
    ).rename_axis("class")
