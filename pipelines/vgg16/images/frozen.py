"""What the frozen layers of a network make of pictures: computed once, kept in a file, mapped into memory.

The frozen layers answer as they do once training is over: without dropout, and with the means and variances that batch
normalisation has from before. So what they make of a picture never changes, and an epoch runs only what is learned.

Shapes: V views of each of N pictures, A outputs; F stands for one dimension or more of what the frozen layers give.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor, nn

from pipelines.files import digest_of_code, write_atomically
from pipelines.tables import load_array
from pipelines.vgg16.heads import behind, frozen
from pipelines.vgg16.images.data import Pictures, changed
from pipelines.vgg16.images.model import AT_ONCE, ImagesParams, digest, halved, logits
from pipelines.vgg16.model import VGG16, prepared


@dataclass(frozen=True)
class Material:
    """Labelled pictures; where layers are frozen, also what these make of each view of the pictures (V, N, F)."""

    pictures: Pictures
    features: Tensor | None

    def __len__(self) -> int:
        return len(self.pictures)

    def rows(self, index: Tensor) -> "Material":
        features = None if self.features is None else self.features[:, index]
        return Material(self.pictures.rows(index), features)


def learned_from(network: VGG16, pictures: Pictures, params: ImagesParams, cache: Path) -> Material:
    """Pictures to learn from: the views are each picture itself and, with `params.views` above 1, changed ones."""
    if not params.frozen:
        return Material(pictures, None)
    return Material(pictures, frozen_features(network, pictures, params, cache, params.views))


def judged_by(network: VGG16, pictures: Pictures, params: ImagesParams, cache: Path) -> Material:
    """Pictures to judge by: the views are the picture and, where training mirrored pictures, its mirror image."""
    if not params.frozen:
        return Material(pictures, None)
    mirrored = Pictures(pictures.pixels.flip(2), pictures.labels, pictures.classes)
    views = [pictures, mirrored] if params.flips else [pictures]
    return Material(pictures, torch.cat([frozen_features(network, view, params, cache, 1) for view in views]))


def frozen_features(network: VGG16, pictures: Pictures, params: ImagesParams, cache: Path, views: int) -> Tensor:
    """What `frozen` makes of every view of every picture (V, N, F), mapped into memory.

    It is computed once for the same weights, pictures, views and frozen layers, and kept in the folder `cache`.
    """
    assert params.frozen
    layers = frozen(network, params.frozen).eval()
    settings = (params.frozen, params.side, views, params.changes if views > 1 else None)
    computed_of = layers.state_dict() | {"pixels": pictures.pixels}
    name = f"features-{digest(computed_of, settings, digest_of_code(__name__))}"
    if not (cache / f"{name}.safetensors").is_file():
        device = next(layers.parameters()).device
        found = []
        with torch.inference_mode(), halved(device):
            for view in range(views):
                generator = torch.Generator().manual_seed(view)
                pixels = changed(pictures.pixels, params.changes, generator) if view else pictures.pixels
                pieces = [prepared(piece.to(device), params.side) for piece in torch.split(pixels, AT_ONCE)]
                found.append(torch.cat([layers(piece).float().cpu() for piece in pieces]))
        write_atomically(cache / f"{name}.safetensors", save({"features": torch.stack(found).contiguous()}))
    return load_array(cache, name, "features")


def viewed(features: Tensor, rows: Tensor, generator: torch.Generator) -> Tensor:
    """Of features (V, N, F) one view of each row (B, F), drawn anew."""
    views = torch.randint(len(features), (len(rows),), generator=generator)
    return features[views, rows]


def accuracy_of(network: nn.Module, seen: Material, params: ImagesParams) -> float:
    """In percent."""
    assert isinstance(network, VGG16)
    pictures = seen.pictures
    if seen.features is None:
        found = logits(network, pictures.pixels, params)
    else:
        found = logits_behind(network, seen.features, params)
    return 100 * (found.argmax(dim=1) == pictures.labels).double().mean().item()


def logits_behind(network: VGG16, features: Tensor, params: ImagesParams) -> Tensor:
    """Of features (V, N, F): (N, A), on the network's device; the mean over the views."""
    assert params.frozen
    device = next(network.parameters()).device
    answer = behind(network.eval(), params.frozen)
    with torch.inference_mode(), halved(device):
        found = [answer(piece.to(device)).float() for piece in torch.split(features.flatten(0, 1), AT_ONCE)]
    return torch.cat(found).view(*features.shape[:2], -1).mean(dim=0)
