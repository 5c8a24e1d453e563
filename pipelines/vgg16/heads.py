"""Four ways to make a network for some classes out of one for others, and what of it is then learned.

The new layers are the head. A layer that does not fit what it is put behind is an error when the network is built.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, get_args

from torch import Tensor, nn

from pipelines.vgg16.model import VGG16

Head = Literal["append", "append-in-classifier", "replace-last", "replace-all"]
Freeze = Literal["none", "features", "all-but-head", "gradual"]
Frozen = Literal["features", "all-but-head"]  # from beginning to end
LAST = 6  # place of the last linear layer in `classifier`


class Appended(VGG16):
    """A network and a layer after it.

    `network.add_module("extra", layer)` alone would change nothing: a module's forward calls what it was written to
    call, and torchvision's was written before there was an extra layer.
    """

    def __init__(self, network: VGG16, layer: nn.Linear) -> None:
        nn.Module.__init__(self)
        self.features, self.avgpool, self.classifier = network.features, network.avgpool, network.classifier
        self.channels = network.channels
        self.appended = layer

    def answer(self, features: Tensor) -> Tensor:
        logits: Tensor = self.appended(super().answer(features))
        return logits


def with_head(network: VGG16, head: Head, classes: int) -> VGG16:
    """The network with that head for so many classes; its other layers are the same objects."""
    last = linear(network.classifier[LAST])
    if head == "append":
        return append(network, nn.Linear(last.out_features, classes))
    if head == "append-in-classifier":
        return append_in_classifier(network, nn.Linear(last.out_features, classes))
    if head == "replace-last":
        return replace_last(network, nn.Linear(last.in_features, classes))
    if head == "replace-all":
        return replace_all(network, nn.Linear(network.channels, classes))
    raise ValueError(f"head is {head!r}: choose from {', '.join(get_args(Head))}")


def append(network: VGG16, layer: nn.Linear) -> VGG16:
    """`layer` after the whole network: it reads the old classes' logits."""
    _check(layer, linear(network.classifier[LAST]).out_features, "the network puts out")
    return Appended(network, layer)


def append_in_classifier(network: VGG16, layer: nn.Linear) -> VGG16:
    """The same function, but as classifier[7]: the layer is part of what torchvision's forward calls."""
    _check(layer, linear(network.classifier[LAST]).out_features, f"classifier[{LAST}] puts out")
    network.classifier.append(layer)
    return network


def replace_last(network: VGG16, layer: nn.Linear) -> VGG16:
    """`layer` in place of classifier[6], which reads 4096 numbers, not the 1000 that it puts out."""
    _check(layer, linear(network.classifier[LAST]).in_features, f"classifier[{LAST}] reads")
    network.classifier[LAST] = layer
    return network


def replace_all(network: VGG16, layer: nn.Linear) -> VGG16:
    """The mean of each channel, and `layer`: nothing of the classifier stays."""
    _check(layer, network.channels, "the last convolution has channels:")
    network.avgpool = nn.AdaptiveAvgPool2d(1)
    network.classifier = nn.Sequential(layer)
    return network


def head_of(network: VGG16) -> nn.Module:
    """The layer that `with_head` put there: the last."""
    return network.appended if isinstance(network, Appended) else network.classifier[-1]


def freeze(network: VGG16, what: Freeze, progress: float = 1.0) -> None:
    """Says which parameters are learned: `progress`, the share of training that is done, matters for `gradual`.

    Gradual unfreezing (Howard and Ruder 2018, section 3.3) begins with the head; in the second third of training the
    classifier is learned too, and in the last all of it.
    """
    if what == "gradual":
        what = "all-but-head" if progress < 1 / 3 else "features" if progress < 2 / 3 else "none"
    network.requires_grad_(what == "none")
    if what == "features":
        for name, part in network.named_children():
            part.requires_grad_(name != "features")
    head_of(network).requires_grad_(True)


def frozen(network: VGG16, what: Frozen) -> nn.Sequential:
    """The layers that `freeze` leaves as they are, one after the other; they share the network's weights."""
    if what == "features":
        return nn.Sequential(network.features)
    kept = network.classifier if isinstance(network, Appended) else network.classifier[:-1]
    return nn.Sequential(network.features, network.avgpool, nn.Flatten(), kept)


def behind(network: VGG16, what: Frozen) -> Callable[[Tensor], Tensor]:
    """What comes after `frozen`: it reads what those layers give, and puts out logits (B, A)."""
    return network.answer if what == "features" else head_of(network)


def rates(network: VGG16, body: float) -> list[Mapping[str, Any]]:
    """Parameters in two groups: those of the head, and the others, whose learning rate is `body` times as large."""
    head = set(head_of(network).parameters())
    others = [parameter for parameter in network.parameters() if parameter not in head]
    return [{"params": list(head_of(network).parameters()), "scale": 1.0}, {"params": others, "scale": body}]


def learned(network: VGG16) -> Iterator[nn.Parameter]:
    return (parameter for parameter in network.parameters() if parameter.requires_grad)


def linear(module: nn.Module) -> nn.Linear:
    assert isinstance(module, nn.Linear)
    return module


def _check(layer: nn.Linear, expected: int, where: str) -> None:
    if layer.in_features != expected:
        raise ValueError(
            f"{where} {expected} numbers, and the new layer takes {layer.in_features}: "
            f"build it as Linear({expected}, {layer.out_features})"
        )
