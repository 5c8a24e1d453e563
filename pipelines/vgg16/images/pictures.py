"""Pictures of a network: its weights and random ones, its feature maps, and the evidence for its answers."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from pipelines.reporting import plots
from pipelines.vgg16.images.data import Pictures
from pipelines.vgg16.model import VGG16, prepared

EXAMPLES = 6  # pictures of right answers, and of wrong ones
MAPS = 8  # channels of a layer
MIN_SIDE = 4  # of the maps that Grad-CAM weighs: coarser ones cannot show where


def draw_weights(out: Path, network: VGG16, start: Mapping[str, Tensor], random: VGG16) -> None:
    """Writes weights.png and filters.png; `start` are the initial weights of `features`."""
    names = [name for name, module in network.features.named_modules() if isinstance(module, nn.Conv2d)]
    shown = [f"{name}.weight" for name in (names[0], names[len(names) // 2], names[-1])]
    untrained, after = random.features.state_dict(), network.features.state_dict()
    plots.histograms(
        {
            f"features.{name}": {
                "at the start": start[name].cpu().numpy().ravel(),
                "random": untrained[name].cpu().numpy().ravel(),
            }
            for name in shown
        },
        out / "weights.png",
    )
    first = shown[0]
    plots.tiles({"at the start": _filters(start[first]), "trained": _filters(after[first])}, out / "filters.png")


def draw_answers(out: Path, network: VGG16, test: Pictures, predicted: Tensor, side: int) -> None:
    """Writes maps.png and seen.png; `predicted` (N,) are the answers to pictures scaled to `side` pixels."""
    plots.tiles(feature_maps(network, prepared(test.pixels[:1], side)), out / "maps.png")
    plots.tiles(_evidence(network, test, predicted, side), out / "seen.png")


def feature_maps(network: VGG16, picture: Tensor) -> dict[str, list[np.ndarray]]:
    """The first channels of the last convolution before each pooling, for a picture (1, 3, S, S)."""
    found = {}
    with torch.inference_mode():
        maps = picture
        for name, layer in network.eval().features.named_children():
            if isinstance(layer, nn.MaxPool2d):
                found[f"before features.{name}"] = list(maps[0, :MAPS].float().cpu().numpy())
            maps = layer(maps)
    return found


def grad_cam(network: VGG16, pictures: Tensor, classes: Tensor) -> Tensor:
    """Where in pictures (B, 3, S, S) the evidence for classes (B,) is: (B, s, s), each from 0 to 1.

    Selvaraju et al. (2017), Grad-CAM, equations 1 and 2: each map is weighted by the mean of the logit's gradient over
    it, and evidence against the class is left out. Taken at the last convolution whose maps are at least 4 by 4.
    """
    layers = network.eval().features
    pools = [place for place, layer in enumerate(layers) if isinstance(layer, nn.MaxPool2d)]
    sides = [pictures.shape[-1] >> number for number in range(len(pools))]  # of the maps before each pooling
    cut = max((pool for pool, side in zip(pools, sides, strict=True) if side >= MIN_SIDE), default=pools[0])
    maps = layers[:cut](pictures).detach().requires_grad_()
    features = layers[cut:](maps)
    picked = network.classify(features).gather(1, classes[:, None]).sum()
    (gradient,) = torch.autograd.grad(picked, maps)
    found: Tensor = (gradient.mean(dim=(2, 3), keepdim=True) * maps).sum(dim=1).relu().detach()
    highest: Tensor = found.amax(dim=(1, 2), keepdim=True)
    return found / highest.clamp(min=torch.finfo(found.dtype).tiny)


def _evidence(network: VGG16, test: Pictures, predicted: Tensor, side: int) -> dict[str, list[np.ndarray]]:
    """Pictures of right and of wrong answers, and over each the evidence for the answer in red."""
    right = predicted == test.labels
    rows = [torch.nonzero(chosen).ravel()[:EXAMPLES] for chosen in (right, ~right)]
    shown: dict[str, list[np.ndarray]] = {}
    for title, chosen in zip(("right", "wrong"), rows, strict=True):
        if not len(chosen):
            continue
        pixels = test.pixels[chosen]
        heat = grad_cam(network, prepared(pixels, side), predicted[chosen])
        heat = nn.functional.interpolate(heat[:, None], tuple(pixels.shape[1:3]), mode="bilinear")[:, 0]
        pictures = pixels.cpu().numpy() / 255
        red = np.array([1.0, 0.1, 0.1])
        share = 0.6 * heat.cpu().numpy()[..., None]
        shown[title] = [*pictures]
        shown[f"{title}: evidence"] = [*(pictures * (1 - share) + red * share).clip(0, 1)]
    return shown


def _filters(weight: Tensor) -> list[np.ndarray]:
    """First-layer filters (C, 3, 3, 3) as pictures, all on one scale."""
    filters = weight.float().cpu().permute(0, 2, 3, 1).numpy()
    low, high = filters.min(), filters.max()
    return list((filters - low) / (high - low))
