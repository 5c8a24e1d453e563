"""What is learned from, with which head, and what of it is learned; and what came of it for a picture."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor

from pipelines.vgg16.heads import Freeze, Frozen, Head
from pipelines.vgg16.images.data import Changes
from pipelines.vgg16.model import VGG16, Shape, prepared

AT_ONCE = 200  # pictures: of more, what a layer makes of them leaves a CPU's cache


@dataclass(frozen=True)
class ImagesParams(Shape):
    """A run's network."""

    pictures: str  # the tables' task
    source: str  # the task that weights `source` learn first
    source_epochs: int
    weights: Literal["random", "source", "imagenet"]
    head: Head
    freeze: Freeze
    body_rate: float  # learning rate of what is not the head, as a share of its rate
    side: int  # pixels: a picture is scaled to it
    views: int  # of each training picture that frozen features are computed of: itself, and others moved
    moves: int  # pixels that a picture is moved by, at most
    flips: bool  # whether pictures are mirrored: half of those learned from, and all that are answered, too
    holes: int  # pixels a side of the square that is cut out of a picture learned from; 0: none
    train_rows: int  # 0: all
    few_labels: tuple[int, ...]  # numbers of labelled pictures that the same is also tried with
    few_seeds: int  # draws of so many
    few_steps: int  # of training with so many
    compiled: bool  # on a GPU, a training step is compiled, which takes half a minute

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.side < 32:
            raise ValueError(f"side is {self.side}: five poolings leave nothing of fewer than 32 pixels")
        if self.views < 1 or self.moves < 0 or self.holes < 0:
            raise ValueError(
                f"views is {self.views}, moves {self.moves} and holes {self.holes}: at least 1, 0 and 0 are needed"
            )
        if min((*self.few_labels, self.few_seeds, self.few_steps)) < 1:
            raise ValueError("few_labels, few_seeds and few_steps must be 1 or more")

    @property
    def shape(self) -> Shape:
        return Shape(self.width, self.batch_norm, self.dropout)

    @property
    def changes(self) -> Changes:
        return Changes(self.moves, self.flips, self.holes)

    @property
    def frozen(self) -> Frozen | None:
        """Which layers never change, so that what they make of a picture is computed once."""
        return self.freeze if self.freeze in ("features", "all-but-head") else None


def logits(network: VGG16, pixels: Tensor, params: ImagesParams) -> Tensor:
    """Of pixels (N, S, S, 3) on the network's device, computed in pieces: (N, A).

    Where training mirrored pictures, they are the mean of those of a picture and of its mirror image.
    """
    device = next(network.parameters()).device
    network.eval()
    with torch.inference_mode(), halved(device):
        found = []
        for piece in torch.split(pixels, AT_ONCE):
            pictures = prepared(piece.to(device), params.side)
            answer = network(pictures).float()
            found.append((answer + network(pictures.flip(3)).float()) / 2 if params.flips else answer)
    return torch.cat(found)


def halved(device: torch.device) -> torch.autocast:
    """bfloat16 where it is faster: on a GPU."""
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda")


def digest(tensors: Mapping[str, Tensor], settings: Any, code: str) -> str:
    """Of named tensors, of what str(settings) says, and of the code that computes something from them."""
    found = hashlib.sha256(f"{code} {settings}".encode())
    for name, tensor in tensors.items():
        found.update(f"{name} {tuple(tensor.shape)}".encode())
        found.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()[:16]
