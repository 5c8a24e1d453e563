"""The model that MLflow serves: this file as code, beside a safetensors file; no pickle.

MLflow runs the file to load the model, so what it needs is imported from the `pipelines` package logged with it.
"""

from pathlib import Path
from typing import Any

import mlflow
from mlflow.pyfunc import PythonModel

from pipelines import task
from pipelines.files import digest_of


class ServedModel(PythonModel):
    """Raw texts in, one answer for each out; of a text that cannot be answered, its `error`."""

    def load_context(self, context: Any) -> None:
        weights = Path(context.artifacts["weights"])
        if digest_of(weights) != context.model_config["sha256"]:
            raise ValueError(f"{weights} is damaged: it has changed since it was registered (its digest differs)")
        self.predictor = task.find(context.model_config["family"], context.model_config["task"]).predictor(weights)

    # The annotation of the input is the model's signature for MLflow.
    def predict(self, model_input: list[str]) -> list[dict[str, Any]]:  # type: ignore[override]
        return task.answered(self.predictor, list(model_input))


mlflow.models.set_model(ServedModel())
