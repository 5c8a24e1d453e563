"""A run's initial weights: random, trained here on other pictures, or ImageNet's."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from pipelines.files import digest_of_code
from pipelines.nn import checkpoint
from pipelines.nn.training import TrainingParams, fit
from pipelines.task import NullLog
from pipelines.vgg16.cache import compute_once, digest
from pipelines.vgg16.images.data import Pictures, load_pictures, picture_batches, row_order
from pipelines.vgg16.images.frozen import Material, accuracy_of
from pipelines.vgg16.images.model import ImagesParams, autocast
from pipelines.vgg16.model import VGG16, prepared

IMAGENET_FILE = Path("data/raw/vgg16-weights/vgg16-397923af.pth")  # by `python -m stages.weights`, which verifies it
SEED = 0  # of the training on other pictures: all runs start from the same weights


def initial_network(
    params: ImagesParams, training: TrainingParams, tables: Path, cache: Path, device: torch.device
) -> VGG16:
    """The network that a run starts from, with the classes that its weights were trained for.

    Raises ValueError for ImageNet's weights where their file is missing, or where the network is another one.
    """
    if params.weights == "source":
        return source_network(params, training, tables, cache, device)
    if params.weights == "imagenet":  # checked before a large network is built
        if params.width != 1 or params.batch_norm:
            raise ValueError("weights imagenet are those of the true VGG16: set width to 1 and batch_norm to false")
        if not IMAGENET_FILE.is_file():
            raise ValueError(
                f"weights imagenet: there is no {IMAGENET_FILE}; fetch it with `python -m stages.weights`, "
                "or choose the weights source or random"
            )
    network = VGG16(params.shape)
    if params.weights == "imagenet":
        network.load_state_dict(torch.load(IMAGENET_FILE, weights_only=True, map_location="cpu"))
    return placed(network, device)


def source_network(
    params: ImagesParams, training: TrainingParams, tables: Path, cache: Path, device: torch.device
) -> VGG16:
    """A network trained on the pictures of `params.source_task`, once for the same pictures, settings and code.

    Its weights are kept in the folder `cache`.
    """
    pictures, val = (load_pictures(tables, params.source_task, split) for split in ("train", "val"))
    training = dataclasses.replace(training, epochs=params.source_epochs)
    settings = (params.shape, params.image_size, params.augmentation, training)
    inputs = {"pixels": pictures.pixels, "labels": pictures.labels}
    name = f"source-{digest(inputs, settings, digest_of_code(__name__))}"
    network = VGG16(params.shape, len(pictures.classes))

    def write(path: Path) -> None:
        with torch.random.fork_rng():
            torch.manual_seed(SEED)
            trained = placed(VGG16(params.shape, len(pictures.classes)), device)
            train_whole(trained, params, training, pictures.to(device), val.to(device))
            checkpoint.save(path, trained.state_dict())

    path = cache / f"{name}.safetensors"
    compute_once(path, write)
    network.load_state_dict(checkpoint.load(path))
    return placed(network, device)


def train_whole(
    network: VGG16, params: ImagesParams, training: TrainingParams, pictures: Pictures, val: Pictures
) -> None:
    """Trains all of a network on `pictures`; the epoch is chosen on `val`."""

    def batches(epoch: int) -> list[tuple[Tensor, Tensor]]:
        generator = torch.Generator().manual_seed(epoch)
        rows = row_order(len(pictures), training.batch_size, generator)
        return picture_batches(pictures, rows, training.batch_size, params.augmentation, generator)

    fit(
        network,
        training,
        batches=batches,
        loss=lambda model, batch: cross_entropy(
            lambda pixels: model(prepared(pixels, params.image_size)), batch, training.label_smoothing
        ),
        validate=lambda model: {"val_accuracy": accuracy_of(model, Material(val, None), params)},
        monitor="val_accuracy",
        log=NullLog(),
        resume_from=None,
    )


def cross_entropy(call: Callable[[Tensor], Tensor], batch: tuple[Tensor, Tensor], label_smoothing: float) -> Tensor:
    """The mean over a batch, inputs and labels (B,), of which `call` computes the logits (B, A)."""
    inputs, labels = batch
    with autocast(labels.device):
        logits = call(inputs)
    return nn.functional.cross_entropy(logits.float(), labels, label_smoothing=label_smoothing)


def placed(network: VGG16, device: torch.device) -> VGG16:
    """The network on `device`, in the memory format in which convolutions are fastest."""
    return network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]
