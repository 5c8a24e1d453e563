"""Classes of pictures: of files on the command line, of base64 where a model is served."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from pipelines import task
from pipelines.vgg16.images.model import logits_of
from pipelines.vgg16.images.saved import SavedNetwork
from pipelines.vgg16.photos import as_text, from_text

TOP = 5


class Predictor(task.Predictor):
    """A network loaded from a run's `model.safetensors`."""

    def __init__(self, weights: Path) -> None:
        self._saved = SavedNetwork.load(weights)

    def __call__(self, texts: list[str]) -> list[dict[str, Any]]:
        """The five most probable classes of each picture in base64, and warnings that make an answer doubtful.

        A picture on which there is nothing to see has no class.

        Raises ValueError that names a text that holds no picture, or a broken one.
        """
        if not texts:
            return []
        saved = self._saved
        photos = [
            from_text(text, saved.side, f"text {number} of {len(texts)}") for number, text in enumerate(texts, start=1)
        ]
        pixels = torch.stack([torch.tensor(photo.pixels) for photo in photos])
        probabilities = logits_of(saved.network, pixels, saved.params).double().softmax(dim=1)
        best = probabilities.topk(min(TOP, len(saved.classes)))
        return [
            {
                "name": photo.name,
                "classes": [
                    {"class": saved.classes[label], "confidence": round(confidence, 6)}
                    for label, confidence in zip(labels, confidences, strict=True)
                    if not photo.is_blank
                ],
                "warnings": photo.warnings,
            }
            for photo, labels, confidences in zip(photos, best.indices.tolist(), best.values.tolist(), strict=True)
        ]

    @staticmethod
    def inputs(arguments: list[str]) -> Iterator[str]:
        """The files that a command line names. Raises ValueError where it names none, or one that cannot be read."""
        if not arguments:
            raise ValueError("name at least one picture: python -m pipelines predict vgg16-images picture.png")
        return map(as_text, map(Path, arguments))  # which goes on after a file that cannot be read

    @staticmethod
    def shown(answer: Mapping[str, Any]) -> str:
        """A line for each class, the most probable first."""
        lines = [answer["name"]] if answer["name"] else []
        lines += [f"  warning: {warning}" for warning in answer["warnings"]]
        lines += [f"  {one['class']:<12} {one['confidence']:6.1%}" for one in answer["classes"]]
        if not answer["classes"]:
            lines.append("  (no class)")
        return "\n".join(lines)
