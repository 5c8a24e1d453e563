"""The model that MLflow serves: this file as code, beside a safetensors file; no pickle.

MLflow runs the file to load the model, so what it needs is imported from the `pipelines` package logged with it.
"""

import importlib
from pathlib import Path
from typing import Any

import mlflow
from mlflow.pyfunc import PythonModel


class ServedModel(PythonModel):
    """Raw texts in, one answer for each out."""

    def load_context(self, context: Any) -> None:
        weights = Path(context.artifacts["weights"])
        self.predictor = importlib.import_module("pipelines.rnn.predict").Predictor(weights)

    # The annotation of the input is the model's signature for MLflow.
    def predict(self, model_input: list[str]) -> list[dict[str, list[str]]]:  # type: ignore[override]
        answers: list[dict[str, list[str]]] = self.predictor(list(model_input))
        return answers


mlflow.models.set_model(ServedModel())
