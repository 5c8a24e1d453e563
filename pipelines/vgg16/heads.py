"""Four ways to turn a network for some classes into one for others, and which of its parameters are then trained.

The new layer is the head. A layer that does not fit its inputs is an error when the network is built.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, get_args

from torch import Tensor, nn

from pipelines.vgg16.model import VGG16

Head = Literal["append", "append-in-classifier", "replace-last", "replace-all"]
Freeze = Literal["none", "features", "all-but-head", "gradual"]
Frozen = Literal["features", "all-but-head"]  # the same layers from the first epoch to the last
LAST = 6  # index of the last linear layer in `classifier`


class Appended(VGG16):
    """A network and a layer after it.

    `network.add_module("extra", layer)` alone would change nothing: torchvision's forward calls the layers that it
    names, and an extra one is not among them.
    """

    def __init__(self, network: VGG16, layer: nn.Linear) -> None:
        nn.Module.__init__(self)
        self.features, self.avgpool, self.classifier = network.features, network.avgpool, network.classifier
        self.channels = network.channels
        self.appended = layer

    def classify(self, features: Tensor) -> Tensor:
        logits: Tensor = self.appended(super().classify(features))
        return logits


def with_head(network: VGG16, head: Head, classes: int) -> VGG16:
    """The network with that head for `classes` classes; its other layers are the same objects."""
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
    """`layer` after the whole network: its inputs are the logits of the old classes."""
    _check(layer, linear(network.classifier[LAST]).out_features, "the network puts out")
    return Appended(network, layer)


def append_in_classifier(network: VGG16, layer: nn.Linear) -> VGG16:
    """The same function, but as classifier[7]: the layer is part of what torchvision's forward calls."""
    _check(layer, linear(network.classifier[LAST]).out_features, f"classifier[{LAST}] puts out")
    network.classifier.append(layer)
    return network


def replace_last(network: VGG16, layer: nn.Linear) -> VGG16:
    """`layer` in place of classifier[6]: its inputs are the 4096 that classifier[6] reads, not its 1000 outputs."""
    _check(layer, linear(network.classifier[LAST]).in_features, f"classifier[{LAST}] reads")
    network.classifier[LAST] = layer
    return network


def replace_all(network: VGG16, layer: nn.Linear) -> VGG16:
    """The mean of each channel, then `layer`: nothing of the classifier stays."""
    _check(layer, network.channels, "the last convolution has channels:")
    network.avgpool = nn.AdaptiveAvgPool2d(1)
    network.classifier = nn.Sequential(layer)
    return network


def head_of(network: VGG16) -> nn.Module:
    """The layer that `with_head` added: the last one."""
    return network.appended if isinstance(network, Appended) else network.classifier[-1]


def freeze(network: VGG16, what: Freeze, progress: float = 1.0) -> None:
    """Sets which parameters are trained. `progress` is the share of training that is done, used by `gradual` alone.

    Gradual unfreezing (Howard and Ruder 2018, section 3.3) begins with the head; in the second third of training the
    classifier is trained too, and in the last third the whole network.
    """
    if what == "gradual":
        what = "all-but-head" if progress < 1 / 3 else "features" if progress < 2 / 3 else "none"
    network.requires_grad_(what == "none")
    if what == "features":
        for name, part in network.named_children():
            part.requires_grad_(name != "features")
    head_of(network).requires_grad_(True)


def frozen_layers(network: VGG16, what: Frozen) -> nn.Sequential:
    """The layers that `freeze` does not train, in order; they share the network's weights."""
    if what == "features":
        return nn.Sequential(network.features)
    kept = network.classifier if isinstance(network, Appended) else network.classifier[:-1]
    return nn.Sequential(network.features, network.avgpool, nn.Flatten(), kept)


def after_frozen(network: VGG16, what: Frozen) -> Callable[[Tensor], Tensor]:
    """The part after `frozen_layers`: from their outputs (B, F...) to logits (B, A)."""
    return network.classify if what == "features" else head_of(network)


def parameter_groups(network: VGG16, body_rate: float) -> list[Mapping[str, Any]]:
    """Two groups for `fit`: the head's parameters, and all others, whose learning rate is `body_rate` times as high."""
    head = set(head_of(network).parameters())
    body = [parameter for parameter in network.parameters() if parameter not in head]
    return [{"params": list(head_of(network).parameters()), "scale": 1.0}, {"params": body, "scale": body_rate}]


def trained_parameters(network: VGG16) -> Iterator[nn.Parameter]:
    return (parameter for parameter in network.parameters() if parameter.requires_grad)


def linear(module: nn.Module) -> nn.Linear:
    """The module, which is a linear layer: the type of a member of nn.Sequential is not known otherwise."""
    assert isinstance(module, nn.Linear)
    return module


def _check(layer: nn.Linear, expected: int, where: str) -> None:
    if layer.in_features != expected:
        raise ValueError(
            f"{where} {expected} numbers, and the new layer takes {layer.in_features}: "
            f"build it as Linear({expected}, {layer.out_features})"
        )
