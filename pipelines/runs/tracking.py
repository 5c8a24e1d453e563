"""Which tracker the project uses."""

from pathlib import Path

from pipelines.runs.tracker import Tracker


def tracker() -> Tracker:
    """The tracker that runs are written to."""
    from pipelines.runs.mlflow_tracker import MlflowTracker  # MLflow itself is imported when it is called

    return MlflowTracker()


def stamp() -> Path:
    """The file that marks the store as in line with the outputs that dvc.lock names."""
    return tracker().state() / "published"
