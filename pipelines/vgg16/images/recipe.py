"""How a run's network is trained: from pixels or from the outputs of frozen layers, by one process or by several."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from pipelines.nn.distributed import ALONE, Group, Shard
from pipelines.nn.training import Fit, TrainingParams, fit
from pipelines.task import Log, Row
from pipelines.vgg16.heads import after_frozen, freeze, parameter_groups
from pipelines.vgg16.images.data import generator_of, picture_batches, row_order
from pipelines.vgg16.images.frozen import Material, accuracy_of, random_views
from pipelines.vgg16.images.model import ImagesParams
from pipelines.vgg16.images.source import cross_entropy
from pipelines.vgg16.model import VGG16, prepared

SAVE_EVERY = 10.0  # seconds: a GPU trains an epoch in less than it takes to save the true VGG16

Batch = tuple[Tensor, Tensor]  # pixels (B, S, S, 3) or features (B, F), and labels (B,)


@dataclass(frozen=True)
class Recipe:
    """How a network is trained, whatever the pictures."""

    params: ImagesParams
    training: TrainingParams
    seed: int
    val: Material
    steps: int = 0  # of an epoch; 0: each picture once
    group: Group = ALONE  # the processes that train together

    def fit(self, network: VGG16, material: Material, log: Log, resume_from: Path | None) -> Fit:
        """Trains `network` on `material`; the epoch is chosen by the accuracy on `val`."""
        params, training, group = self.params, self.training, self.group
        call = group.parallel(network, self._call_of(network, material))
        val = self.val.rows(group.rows_of(len(self.val)))

        def shards(epoch: int) -> list[Shard]:
            freeze(network, params.freeze, epoch / training.epochs)
            group.seed(self.seed, epoch)
            return [group.shard(batch) for batch in self._batches(material, epoch)]

        def loss(_network: VGG16, batch: Batch) -> Tensor:
            return cross_entropy(call, batch, training.label_smoothing)

        def validate(averaged: VGG16) -> Row:
            return {"val_accuracy": group.mean(accuracy_of(averaged, val, params), len(val))}

        return fit(
            network,
            training,
            batches=shards,
            loss=group.loss(loss),
            validate=validate,
            monitor="val_accuracy",
            log=log,
            resume_from=resume_from,
            save_every=SAVE_EVERY,
            saves=group.rank == 0,
            groups=parameter_groups(network, params.body_rate),
        )

    def _call_of(self, network: VGG16, material: Material) -> Callable[[Tensor], Tensor]:
        """From the inputs of a batch to its logits, through the layers that are not frozen."""
        params = self.params
        if params.frozen:
            return after_frozen(network, params.frozen)
        # The compiled network has the same parameters. Evaluation calls the other: it is not worth half a minute.
        on_gpu = material.pictures.pixels.device.type == "cuda"
        forward = torch.compile(network) if params.compiled and on_gpu else network
        return lambda pixels: forward(prepared(pixels, params.image_size))

    def _batches(self, material: Material, epoch: int) -> list[Batch]:
        """The batches of an epoch, the same whenever asked."""
        pictures, features = material.pictures, material.features
        generator = generator_of(self.seed, epoch)
        size = self.training.batch_size
        rows = row_order(len(pictures), size, generator, self.steps)
        if features is None:
            return picture_batches(pictures, rows, size, self.params.augmentation, generator)
        device = pictures.labels.device
        return [
            (random_views(features, some, generator).to(device), pictures.labels[some])
            for some in torch.split(rows, size)
        ]
