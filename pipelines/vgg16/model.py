"""VGG16 (Simonyan and Zisserman 2015, table 1, configuration D), as torchvision builds it, at any width.

At width 1 the parameters have torchvision's names and shapes, and with its weights the outputs are torchvision's. (It
is not built by torchvision, whose import takes longer than an answer of the network.)

Shapes: B pictures, S pixels a side, C channels of the last convolution, A outputs (classes).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

# Of the convolutions, at width 1; a pooling, which halves the maps, follows each group.
CHANNELS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
POOLED_SIDE = 7  # of the maps that the classifier reads, whatever the picture's size
IMAGENET_CLASSES = 1000
# Of ImageNet's pictures, per channel; torchvision's weights are trained on pictures standardised by them.
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Shape:
    """Which VGG16: `width` 1 is the true one, an eighth of it what a CPU can train."""

    width: float = 1.0  # 1: the true VGG16, 138 million parameters
    batch_norm: bool = True  # torchvision's vgg16_bn
    dropout: float = 0.5  # between the linear layers, as in the true one

    def __post_init__(self) -> None:
        if not self.width > 0:
            raise ValueError(f"width is {self.width:g}: it must be more than 0; 1 is the true VGG16")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout is {self.dropout:g}: expected a share of at least 0 and below 1")

    def scaled(self, size: int) -> int:
        return max(1, round(size * self.width))


class VGG16(nn.Module):
    """Thirteen convolutions, `features`, then three linear layers, `classifier`. Its weights are random."""

    def __init__(self, shape: Shape, classes: int = IMAGENET_CLASSES) -> None:
        super().__init__()
        hidden = shape.scaled(4096)
        self.channels = shape.scaled(CHANNELS[-1][-1])
        self.features = nn.Sequential(*_convolutions(shape))
        self.avgpool: nn.Module = nn.AdaptiveAvgPool2d(POOLED_SIDE)
        self.classifier = nn.Sequential(
            nn.Linear(self.channels * POOLED_SIDE**2, hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(shape.dropout),
            nn.Linear(hidden, hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(shape.dropout),
            nn.Linear(hidden, classes),
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]
            elif isinstance(module, nn.Linear):
                # torchvision's 0.01 at width 1; narrower layers have fewer inputs, and outputs of the same variance
                nn.init.normal_(module.weight, std=0.01 * shape.width**-0.5)
                nn.init.zeros_(module.bias)

    def forward(self, pictures: Tensor) -> Tensor:
        """Prepared pictures (B, 3, S, S) -> logits (B, A)."""
        return self.classify(self.features(pictures))

    def classify(self, features: Tensor) -> Tensor:
        """Outputs of `features` (B, C, s, s) -> logits (B, A)."""
        logits: Tensor = self.classifier(self.avgpool(features).flatten(1))
        return logits


def _convolutions(shape: Shape) -> Iterator[nn.Module]:
    """The layers of `features`, in order."""
    inputs = 3
    for group in CHANNELS:
        for size in group:
            outputs = shape.scaled(size)
            yield nn.Conv2d(inputs, outputs, kernel_size=3, padding=1)
            if shape.batch_norm:
                yield nn.BatchNorm2d(outputs)
            yield nn.ReLU(inplace=True)
            inputs = outputs
        yield nn.MaxPool2d(kernel_size=2, stride=2)


def prepared(pixels: Tensor, side: int) -> Tensor:
    """Pixels (B, s, s, 3) of bytes -> the network's inputs (B, 3, side, side), standardised, channels last."""
    pictures = pixels.permute(0, 3, 1, 2).float() / 255
    if pictures.shape[-1] != side or pictures.shape[-2] != side:
        pictures = nn.functional.interpolate(pictures, (side, side), mode="bilinear", antialias=True)
    mean, deviation = (_channels(values, pixels.device) for values in (MEAN, DEVIATION))
    return ((pictures - mean) / deviation).contiguous(memory_format=torch.channels_last)


def _channels(values: Sequence[float], device: torch.device) -> Tensor:
    return torch.tensor(values, device=device).view(3, 1, 1)
