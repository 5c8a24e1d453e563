"""Which tracker the project uses."""

from pipelines.runs.tracker import Tracker


def tracker() -> Tracker:
    """The tracker that runs are written to."""
    from pipelines.runs.mlflow_tracker import MlflowTracker  # MLflow itself is imported when it is called

    return MlflowTracker()
