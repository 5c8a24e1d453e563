"""Outputs of frozen layers: computed once, kept in a file, mapped into memory.

The frozen layers run in evaluation mode: without dropout, and with the means and variances that batch normalisation
has from before. So their outputs for a picture never change, and an epoch runs only the layers that are trained.

Shapes: V views of each of N pictures, A outputs (classes); F is one dimension or more of the frozen layers' outputs.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor

from pipelines.files import digest_of_code, write_atomically
from pipelines.tables import load_array
from pipelines.vgg16.cache import compute_once, digest
from pipelines.vgg16.heads import after_frozen, frozen_layers
from pipelines.vgg16.images.data import Pictures
from pipelines.vgg16.images.model import CHUNK, ImagesParams, autocast, logits_of
from pipelines.vgg16.model import VGG16, prepared


@dataclass(frozen=True)
class Material:
    """Labelled pictures; where layers are frozen, also their outputs for each view of the pictures (V, N, F)."""

    pictures: Pictures
    features: Tensor | None

    def __len__(self) -> int:
        return len(self.pictures)

    def rows(self, index: Tensor | slice) -> "Material":
        features = None if self.features is None else self.features[:, index]
        return Material(self.pictures.rows(index), features)


def training_material(network: VGG16, pictures: Pictures, params: ImagesParams, cache: Path) -> Material:
    """Pictures to train on: the views are each picture itself and, if `params.views` is above 1, augmented ones."""
    if not params.frozen:
        return Material(pictures, None)
    return Material(pictures, frozen_features(network, pictures, params, cache, params.views))


def evaluation_material(network: VGG16, pictures: Pictures, params: ImagesParams, cache: Path) -> Material:
    """Pictures to evaluate on: the views are the picture and, if training mirrored pictures, its mirror image."""
    if not params.frozen:
        return Material(pictures, None)
    mirrored = Pictures(pictures.pixels.flip(2), pictures.labels, pictures.classes)
    views = [pictures, mirrored] if params.flip else [pictures]
    return Material(pictures, torch.cat([frozen_features(network, view, params, cache, 1) for view in views]))


def frozen_features(network: VGG16, pictures: Pictures, params: ImagesParams, cache: Path, views: int) -> Tensor:
    """Outputs of the frozen layers for every view of every picture (V, N, F), mapped into memory.

    They are computed once for the same weights, pictures, views and frozen layers, and kept in the folder `cache`.
    """
    assert params.frozen
    layers = frozen_layers(network, params.frozen).eval()
    settings = (params.frozen, params.image_size, views, params.augmentation if views > 1 else None)
    inputs = layers.state_dict() | {"pixels": pictures.pixels}
    name = f"features-{digest(inputs, settings, digest_of_code(__name__))}"

    def write(path: Path) -> None:
        device = next(layers.parameters()).device
        found = []
        with torch.inference_mode(), autocast(device):
            for view in range(views):
                generator = torch.Generator().manual_seed(view)
                pixels = params.augmentation(pictures.pixels, generator) if view else pictures.pixels
                chunks = [prepared(chunk.to(device), params.image_size) for chunk in torch.split(pixels, CHUNK)]
                found.append(torch.cat([layers(chunk).float().cpu() for chunk in chunks]))
        write_atomically(path, save({"features": torch.stack(found).contiguous()}))

    compute_once(cache / f"{name}.safetensors", write)
    return load_array(cache, name, "features")


def random_views(features: Tensor, rows: Tensor, generator: torch.Generator) -> Tensor:
    """One random view of each row (B, F), out of features (V, N, F)."""
    views = torch.randint(len(features), (len(rows),), generator=generator)
    return features[views, rows]


def accuracy_of(network: VGG16, material: Material, params: ImagesParams) -> float:
    """In percent."""
    pictures = material.pictures
    if material.features is None:
        logits = logits_of(network, pictures.pixels, params)
    else:
        logits = logits_of_features(network, material.features, params)
    return 100 * (logits.argmax(dim=1) == pictures.labels).double().mean().item()


def logits_of_features(network: VGG16, features: Tensor, params: ImagesParams) -> Tensor:
    """Logits (N, A) of features (V, N, F), on the network's device: the mean over the views."""
    assert params.frozen
    device = next(network.parameters()).device
    classify = after_frozen(network.eval(), params.frozen)
    with torch.inference_mode(), autocast(device):
        found = [classify(chunk.to(device)).float() for chunk in torch.split(features.flatten(0, 1), CHUNK)]
    return torch.cat(found).view(*features.shape[:2], -1).mean(dim=0)
