"""The settings of a run's network, and its answers to pictures.

Shapes: N pictures, S pixels a side, A outputs (classes).
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from pipelines.vgg16.heads import Freeze, Frozen, Head
from pipelines.vgg16.images.data import Augmentation
from pipelines.vgg16.model import VGG16, Shape, prepared

CHUNK = 200  # pictures that go through the network at once: the outputs of more do not fit a CPU's cache


@dataclass(frozen=True, kw_only=True)
class ImagesParams(Shape):
    """A run's network."""

    pictures: str  # the tables' task
    source: str = "source"  # the tables' task that weights `source` are trained on first
    source_epochs: int = 4
    # imagenet: of width 1 without batch_norm, and the file of `python -m stages.weights`
    weights: Literal["random", "source", "imagenet"] = "random"
    head: Head = "replace-last"  # append | append-in-classifier | replace-last | replace-all
    freeze: Freeze = "none"  # none | features | all-but-head | gradual
    body_rate: float = 1.0  # learning rate of what is not the head, as a share of its rate
    side: int = 32  # pixels: a picture is scaled to it
    views: int = 1  # of each training picture that frozen features are computed of: itself, and others moved
    moves: int = 0  # pixels that a picture is moved by, at most
    # Half of the training pictures are mirrored, and an answer is the mean of a picture's and of its mirror image's.
    flips: bool = False
    holes: int = 0  # pixels a side of the square that is cut out of each training picture; 0: none
    train_rows: int = 0  # 0: all
    few_labels: tuple[int, ...] = ()  # numbers of labelled pictures that the same is also tried with
    few_seeds: int = 3  # draws of so many
    few_steps: int = 20  # of training with so many
    compiled: bool = False  # on a GPU, a training step is compiled, which takes half a minute

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
    def augmentation(self) -> Augmentation:
        return Augmentation(self.moves, self.flips, self.holes)

    @property
    def frozen(self) -> Frozen | None:
        """The layers that are never trained, so that their outputs are computed once."""
        return self.freeze if self.freeze in ("features", "all-but-head") else None


def logits_of(network: VGG16, pixels: Tensor, params: ImagesParams) -> Tensor:
    """Logits (N, A) of pixels (N, S, S, 3), on the network's device and in evaluation mode.

    If training mirrored pictures, they are the mean over each picture and its mirror image.
    """
    device = next(network.parameters()).device
    network.eval()
    with torch.inference_mode(), autocast(device):
        found = []
        for chunk in torch.split(pixels, CHUNK):
            pictures = prepared(chunk.to(device), params.side)
            logits = network(pictures).float()
            found.append((logits + network(pictures.flip(3)).float()) / 2 if params.flips else logits)
    return torch.cat(found)


def autocast(device: torch.device) -> torch.autocast:
    """bfloat16 where it is faster: on a GPU."""
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda")
