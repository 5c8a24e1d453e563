"""Where weights come from: from chance, from other pictures learned here, or from ImageNet."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from pipelines.files import digest_of_code
from pipelines.nn import checkpoint
from pipelines.nn.training import TrainingParams, fit
from pipelines.task import Row
from pipelines.vgg16.images.data import Pictures, batches, load_pictures, order
from pipelines.vgg16.images.frozen import Material, accuracy_of
from pipelines.vgg16.images.model import ImagesParams, digest, halved
from pipelines.vgg16.model import VGG16, prepared

IMAGENET_FILE = Path("data/raw/vgg16-weights/vgg16-397923af.pth")  # by `python -m stages.weights`, which verifies it
SEED = 0  # of what `source` learns: all runs start from the same weights


def initial(params: ImagesParams, training: TrainingParams, tables: Path, cache: Path, device: torch.device) -> VGG16:
    """The network that a run starts from, with the classes that its weights were learned for.

    Raises ValueError where ImageNet's weights are wanted, and the file is not there or the network another.
    """
    if params.weights == "source":
        return from_source(params, training, tables, cache, device)
    if params.weights == "imagenet":  # what is missing is told before a large network is built
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
    return network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def from_source(
    params: ImagesParams, training: TrainingParams, tables: Path, cache: Path, device: torch.device
) -> VGG16:
    """A network that learned the pictures of the task `params.source`; the same ones learn only once.

    It is kept in the folder `cache`, under the digest of those pictures and of all settings.
    """
    pictures, seen = (load_pictures(tables, params.source, split) for split in ("train", "val"))
    training = dataclasses.replace(training, epochs=params.source_epochs)
    settings = (params.shape, params.side, params.changes, training)
    learned_of = {"pixels": pictures.pixels, "labels": pictures.labels}
    name = f"source-{digest(learned_of, settings, digest_of_code(__name__))}"
    network = VGG16(params.shape, len(pictures.classes))
    if not (cache / f"{name}.safetensors").is_file():
        with torch.random.fork_rng():
            torch.manual_seed(SEED)
            network = VGG16(params.shape, len(pictures.classes))
            network = network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
            learn(network, params, training, (pictures.to(device), seen.to(device)))
            checkpoint.save(cache / f"{name}.safetensors", network.state_dict())
    network.load_state_dict(checkpoint.load(cache / f"{name}.safetensors"))
    return network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def learn(network: VGG16, params: ImagesParams, training: TrainingParams, pictures: tuple[Pictures, Pictures]) -> None:
    """Trains all of a network on the first of `pictures`; the epoch is chosen on the second."""
    taught, seen = pictures

    def epoch_batches(epoch: int) -> list[tuple[Tensor, Tensor]]:
        generator = torch.Generator().manual_seed(epoch)
        rows = order(len(taught), training.batch_size, generator)
        return batches(taught, rows, training.batch_size, params.changes, generator)

    fit(
        network,
        training,
        batches=epoch_batches,
        loss=lambda model, batch: picture_loss(model, batch, params.side, training.label_smoothing),
        validate=lambda model: {"val_accuracy": accuracy_of(model, Material(seen, None), params)},
        monitor="val_accuracy",
        log=Untold(),
        resume_from=None,
    )


def picture_loss(
    model: Callable[[Tensor], Tensor], batch: tuple[Tensor, Tensor], side: int, label_smoothing: float
) -> Tensor:
    """The mean cross entropy of pixels (B, S, S, 3) and labels (B,)."""
    pixels, labels = batch
    with halved(pixels.device):
        found = model(prepared(pixels, side))
    return nn.functional.cross_entropy(found.float(), labels, label_smoothing=label_smoothing)


class Untold:
    """A log that keeps nothing: what is learned first is no run."""

    def epoch(self, row: Row) -> None:
        """Nothing."""
