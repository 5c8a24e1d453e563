"""The accuracy of a run's recipe with few labelled pictures."""

import copy
import dataclasses

import torch

from pipelines.stats.summary import summarise
from pipelines.task import NullLog
from pipelines.vgg16.images.data import balanced_rows, generator_of
from pipelines.vgg16.images.frozen import Material
from pipelines.vgg16.images.recipe import Recipe
from pipelines.vgg16.model import VGG16


def few_label_rows(recipe: Recipe, start: VGG16, material: Material, test: Material) -> list[dict[str, float]]:
    """A row for each number of labels in `params.few_labels`, in percent: mean accuracy on test, its 95 % interval.

    The interval (Student's) is over draws of the labelled pictures; with a single draw there is none. Every draw trains
    a copy of `start` for one epoch, so that there is no epoch to choose and test is read once.
    """
    params = recipe.params
    rows = []
    for count in params.few_labels:
        few = dataclasses.replace(
            recipe,
            params=dataclasses.replace(params, compiled=False),
            training=dataclasses.replace(recipe.training, epochs=1, batch_size=min(recipe.training.batch_size, count)),
            val=test,
            steps=params.few_steps,
        )
        draws = [dataclasses.replace(few, seed=draw) for draw in range(params.few_seeds)]
        found = [_accuracy(draw, start, material, count) for draw in draws]
        summary = summarise(found, f"accuracy with {count} labels")
        ends = {"low": summary.of_mean.low, "high": summary.of_mean.high} if summary.of_mean else {}
        rows.append({"labelled pictures": count, "draws": len(found), "test accuracy": summary.estimate.mean, **ends})
    return rows


def _accuracy(recipe: Recipe, start: VGG16, material: Material, count: int) -> float:
    """Of a copy of `start` after one epoch on `count` pictures, which the recipe's seed draws."""
    torch.manual_seed(recipe.seed)
    chosen = balanced_rows(material.pictures.labels, count, generator_of(recipe.seed, count))
    fitted = recipe.fit(copy.deepcopy(start), material.rows(chosen), NullLog(), None)
    return fitted.history[0]["val_accuracy"]
