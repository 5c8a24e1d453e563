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

    target_task: str  # the tables' task
    source_task: str = "source"  # the tables' task that weights `source` are trained on first
    source_epochs: int = 4
    # imagenet: of width 1 without batch_norm, and the file of `python -m stages.weights`
    weights: Literal["random", "source", "imagenet"] = "random"
    head: Head = "replace-last"  # append | append-in-classifier | replace-last | replace-all
    freeze: Freeze = "none"  # none | features | all-but-head | gradual
    body_rate: float = 1.0  # learning rate of what is not the head, as a share of its rate
    image_size: int = 32  # pixels: a picture is scaled to it
    views: int = 1  # of each training picture that frozen features are computed of: itself, and others moved
    max_shift: int = 0  # pixels that a picture is moved by, at most
    # Half of the training pictures are mirrored, and an answer is the mean of a picture's and of its mirror image's.
    flip: bool = False
    cutout_size: int = 0  # pixels a side of the square that is cut out of each training picture; 0: none
    train_rows: int = 0  # 0: all
    few_labels: tuple[int, ...] = ()  # numbers of labelled pictures that the same is also tried with
    few_seeds: int = 3  # draws of so many
    few_steps: int = 20  # of training with so many
    compiled: bool = False  # on a GPU, a training step is compiled, which takes half a minute

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.image_size < 32:
            raise ValueError(f"image_size is {self.image_size}: five poolings leave nothing of fewer than 32 pixels")
        if self.views < 1 or self.max_shift < 0 or self.cutout_size < 0:
            raise ValueError(
                f"views is {self.views}, max_shift {self.max_shift} and cutout_size {self.cutout_size}: "
                "at least 1, 0 and 0 are needed"
            )
        if min((*self.few_labels, self.few_seeds, self.few_steps)) < 1:
            raise ValueError("few_labels, few_seeds and few_steps must be 1 or more")

    @property
    def shape(self) -> Shape:
        return Shape(self.width, self.batch_norm, self.dropout)

    @property
    def augmentation(self) -> Augmentation:
        return Augmentation(self.max_shift, self.flip, self.cutout_size)

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
            pictures = prepared(chunk.to(device), params.image_size)
            logits = network(pictures).float()
            found.append((logits + network(pictures.flip(3)).float()) / 2 if params.flip else logits)
    return torch.cat(found)


def autocast(device: torch.device) -> torch.autocast:
    """bfloat16 where it is faster: on a GPU."""
    return torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda")
