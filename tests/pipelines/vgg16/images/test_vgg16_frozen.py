"""A head trained on cached features becomes the one that is trained after the running frozen network."""

import dataclasses
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from params import parse
from pipelines.nn.training import TrainingParams, fit
from pipelines.task import NullLog
from pipelines.vgg16.heads import Frozen, Head, after_frozen, frozen_layers, parameter_groups, with_head
from pipelines.vgg16.heads import freeze as set_frozen
from pipelines.vgg16.images.data import Pictures, generator_of, load_pictures, row_order
from pipelines.vgg16.images.frozen import Material, random_views, training_material
from pipelines.vgg16.images.model import ImagesParams, logits_of
from pipelines.vgg16.images.recipe import Recipe
from pipelines.vgg16.model import VGG16, prepared
from tests.pipelines.examples import EXAMPLES

EXAMPLE = EXAMPLES["vgg16", "images"]
PARAMS = parse(ImagesParams, {**EXAMPLE.model, "width": 0.05}, "example")
TRAINING = parse(TrainingParams, {**EXAMPLE.training, "optimizer": "sgd", "epochs": 3, "batch_size": 7}, "example")
SEED = 5


def networks(head: Head, count: int) -> list[VGG16]:
    """The same one so many times, with means and variances of batch normalisation other than 0 and 1."""
    made = []
    for _ in range(count):
        torch.manual_seed(0)
        network = with_head(VGG16(PARAMS.shape), head, 3)
        for layer in network.features:
            if isinstance(layer, nn.BatchNorm2d):
                layer.running_mean.normal_()  # type: ignore[union-attr]
                layer.running_var.uniform_(0.5, 2)  # type: ignore[union-attr]
        made.append(network)
    return made


def train_by_running(network: VGG16, what: Frozen, pictures: Pictures) -> None:
    """The reference: pixels, view by view, go through the frozen layers in each step; nothing is kept."""
    second = PARAMS.augmentation(pictures.pixels, torch.Generator().manual_seed(1))
    views = torch.stack([pictures.pixels, second])  # (V, N, S, S, 3)

    def batches(epoch: int) -> list[tuple[Tensor, Tensor]]:
        set_frozen(network, what)
        generator = generator_of(SEED, epoch)
        pieces = torch.split(row_order(len(pictures), TRAINING.batch_size, generator), TRAINING.batch_size)
        return [(random_views(views, rows, generator), pictures.labels[rows]) for rows in pieces]

    def loss(_model: VGG16, batch: tuple[Tensor, Tensor]) -> Tensor:
        with torch.no_grad():
            features = frozen_layers(network, what).eval()(prepared(batch[0], PARAMS.image_size))
        return nn.functional.cross_entropy(after_frozen(network, what)(features), batch[1])

    fit(
        network,
        TRAINING,
        batches=batches,
        loss=loss,
        validate=lambda model: {"val_accuracy": right(model, pictures)},
        monitor="val_accuracy",
        log=NullLog(),
        resume_from=None,
        groups=parameter_groups(network, PARAMS.body_rate),
    )


def right(model: VGG16, pictures: Pictures) -> float:
    return (logits_of(model, pictures.pixels, PARAMS).argmax(dim=1) == pictures.labels).double().mean().item()


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("what", ["features", "all-but-head"])
@pytest.mark.parametrize("head", ["append", "append-in-classifier", "replace-last", "replace-all"])
def test_training_on_cached_features_is_training_after_the_running_network(
    head: Head, what: Frozen, tmp_path: Path
) -> None:
    """Three epochs of six steps, two views of each picture, dropout in the trained layers."""
    tables = EXAMPLE.write(tmp_path / "tables")
    pictures, val = (load_pictures(tables, "shapes", split) for split in ("train", "val"))
    params = dataclasses.replace(PARAMS, freeze=what)
    before, cached, run = networks(head, 3)
    material = training_material(cached, pictures, params, tmp_path)
    assert material.features is not None
    recipe = Recipe(params, TRAINING, SEED, Material(pictures, None))
    torch.manual_seed(1)
    recipe.fit(cached, material, NullLog(), None)
    torch.manual_seed(1)
    train_by_running(run, what, pictures)
    answers = [logits_of(network, val.pixels, params) for network in (before, cached, run)]
    torch.testing.assert_close(answers[1], answers[2], rtol=1e-4, atol=1e-5)
    assert (answers[1] - answers[0]).abs().max() > 1e-2, "training has changed the answers"
