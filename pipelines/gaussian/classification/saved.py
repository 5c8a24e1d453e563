"""A run's classifier as a file, from which prediction loads the same classifier."""

from pathlib import Path

import torch

from pipelines.gaussian.classifier import Classifier
from pipelines.nn import checkpoint

ARRAYS = ("priors", "means", "covariances")


def save_classifier(path: Path, fitted: Classifier) -> None:
    """Writes all that an answer needs, exactly."""
    arrays = {name: torch.from_numpy(getattr(fitted, name)) for name in ARRAYS}
    checkpoint.save(path, fitted.to_values() | arrays)


def load_classifier(path: Path) -> Classifier:
    """The classifier saved at `path`. Raises ValueError for a file that is not whole."""
    return Classifier.from_values(checkpoint.load(path))
