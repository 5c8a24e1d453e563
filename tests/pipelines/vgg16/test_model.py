"""The network against torchvision's, its heads, and which parameters are trained."""

import pytest
import torch
import torchvision
from torch import nn

from pipelines.vgg16.heads import (
    append,
    append_in_classifier,
    freeze,
    head_of,
    parameter_groups,
    replace_all,
    replace_last,
    trained_parameters,
    with_head,
)
from pipelines.vgg16.model import DEVIATION, MEAN, VGG16, Shape, prepared

TRUE = Shape(1.0, batch_norm=False, dropout=0.5)
SMALL = Shape(1 / 64, batch_norm=True, dropout=0.0)
HEADS = ["append", "append-in-classifier", "replace-last", "replace-all"]


@pytest.mark.parametrize("batch_norm", [False, True])
def test_at_width_1_it_has_torchvisions_parameters(batch_norm: bool) -> None:
    build = torchvision.models.vgg16_bn if batch_norm else torchvision.models.vgg16
    with torch.device("meta"):
        theirs, ours = build(), VGG16(Shape(1.0, batch_norm, 0.5))
    shapes = [{name: weight.shape for name, weight in model.state_dict().items()} for model in (theirs, ours)]
    assert list(shapes[0].items()) == list(shapes[1].items())
    assert str(theirs.features) == str(ours.features)
    assert str(theirs.classifier) == str(ours.classifier)


def test_with_torchvisions_weights_it_gives_torchvisions_logits() -> None:
    with torch.device("meta"):
        theirs, ours = torchvision.models.vgg16(), VGG16(TRUE)
    theirs = theirs.to_empty(device="cpu").eval()
    generator = torch.Generator().manual_seed(0)
    with torch.inference_mode():
        for weight in theirs.parameters():
            weight.uniform_(-0.03, 0.03, generator=generator)
        ours.load_state_dict(theirs.state_dict(), assign=True)
        pixels = torch.randint(256, (1, 40, 40, 3), dtype=torch.uint8, generator=generator)
        picture = prepared(pixels, 40)
        torch.testing.assert_close(ours.eval()(picture), theirs(picture))


def test_pixels_are_prepared_as_torchvisions_weights_expect() -> None:
    transform = torchvision.transforms.Compose(
        [torchvision.transforms.ToTensor(), torchvision.transforms.Normalize(MEAN, DEVIATION)]
    )
    pixels = torch.randint(256, (2, 32, 32, 3), dtype=torch.uint8)
    expected = torch.stack([transform(picture.numpy()) for picture in pixels])
    torch.testing.assert_close(prepared(pixels, 32).contiguous(), expected)
    assert prepared(pixels, 64).shape == (2, 3, 64, 64)


def test_a_layer_that_is_only_added_as_a_module_changes_nothing() -> None:
    """The mistake that `append` is there for: torchvision's forward knows nothing of it."""
    torch.manual_seed(0)
    with torch.device("meta"):
        theirs = torchvision.models.vgg16()
    theirs.features, theirs.classifier = VGG16(SMALL).features, VGG16(SMALL).classifier
    picture = torch.randn(2, 3, 32, 32)
    before = theirs.eval()(picture)
    theirs.add_module("extra", nn.Linear(1000, 10))
    assert theirs(picture).shape == before.shape == (2, 1000)
    theirs(picture).sum().backward()
    assert theirs.extra.weight.grad is None


@pytest.mark.parametrize("head", HEADS)
def test_a_head_takes_part_in_forward_and_gradient(head: str) -> None:
    torch.manual_seed(0)
    network = with_head(VGG16(SMALL), head, 10)  # type: ignore[arg-type]
    picture = torch.randn(4, 3, 32, 32)
    found = network(picture)
    assert found.shape == (4, 10)
    nn.functional.cross_entropy(found, torch.arange(4)).backward()  # type: ignore[no-untyped-call]
    assert all(parameter.grad is not None for parameter in network.parameters())
    last = head_of(network)
    assert isinstance(last, nn.Linear)
    assert last.weight.grad is not None
    assert last.weight.grad.any()
    with torch.no_grad():
        last.bias.add_(1)
    torch.testing.assert_close(network(picture), found + 1)


def test_heads_stand_where_their_names_say() -> None:
    keeps = [name for name, _ in VGG16(SMALL).named_parameters()]
    heads = {head: with_head(VGG16(SMALL), head, 10) for head in HEADS}  # type: ignore[arg-type]
    names = {head: [name for name, _ in network.named_parameters()] for head, network in heads.items()}
    assert names["append"] == [*keeps, "appended.weight", "appended.bias"]
    assert names["append-in-classifier"] == [*keeps, "classifier.7.weight", "classifier.7.bias"]
    assert names["replace-last"] == keeps
    assert names["replace-all"] == [
        *keeps[: keeps.index("classifier.0.weight")],
        "classifier.0.weight",
        "classifier.0.bias",
    ]
    assert str(heads["replace-last"].classifier[6]).startswith("Linear(in_features=64, out_features=10")


def test_appending_after_or_inside_is_the_same_function() -> None:
    torch.manual_seed(0)
    layer, network = nn.Linear(1000, 10), VGG16(SMALL).eval()
    picture = torch.randn(2, 3, 32, 32)
    after = append(network, layer).eval()(picture)
    torch.testing.assert_close(append_in_classifier(network, layer)(picture), after)


@pytest.mark.parametrize(
    ("attach", "wrong", "message"),
    [
        (append, 10, "the network puts out 1000 numbers, and the new layer takes 10"),
        (append_in_classifier, 4096, r"classifier\[6\] puts out 1000 numbers, and the new layer takes 4096"),
        (replace_last, 1000, r"classifier\[6\] reads 64 numbers, and the new layer takes 1000"),
        (replace_all, 25088, "has channels: 8 numbers, and the new layer takes 25088"),
    ],
)
def test_a_layer_of_the_wrong_size_fails_when_it_is_built(attach: object, wrong: int, message: str) -> None:
    assert callable(attach)
    with pytest.raises(ValueError, match=message):
        attach(VGG16(SMALL), nn.Linear(wrong, 10))


def trained_layers(network: VGG16) -> set[str]:
    return {name.rpartition(".")[0] for name, parameter in network.named_parameters() if parameter.requires_grad}


@pytest.mark.parametrize("head", HEADS)
def test_frozen_layers_are_not_trained(head: str) -> None:
    network = with_head(VGG16(SMALL), head, 10)  # type: ignore[arg-type]
    everything = trained_layers(network)
    last = {"append": "appended", "append-in-classifier": "classifier.7", "replace-last": "classifier.6"}
    only = {last.get(head, "classifier.0")}
    body = {name for name in everything if name.startswith("features")}
    freeze(network, "all-but-head")
    assert trained_layers(network) == only
    freeze(network, "features")
    assert trained_layers(network) == everything - body
    freeze(network, "none")
    assert trained_layers(network) == everything
    seen = []
    for progress in (0.0, 0.5, 0.9):
        freeze(network, "gradual", progress)
        seen.append(trained_layers(network))
    assert seen == [only, everything - body, everything]
    assert len(list(trained_parameters(network))) == len(list(network.parameters()))


def test_the_body_has_a_learning_rate_of_its_own() -> None:
    network = with_head(VGG16(SMALL), "replace-last", 10)
    head, body = parameter_groups(network, 0.1)
    assert [group["scale"] for group in (head, body)] == [1.0, 0.1]
    assert {id(parameter) for parameter in head["params"]} == {id(p) for p in head_of(network).parameters()}
    both = [*map(id, head["params"]), *map(id, body["params"])]
    assert sorted(both) == sorted(map(id, network.parameters()))


@pytest.mark.parametrize(("width", "dropout", "message"), [(0.0, 0.5, "width is 0"), (1.0, 1.0, "dropout is 1")])
def test_a_shape_that_is_none(width: float, dropout: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Shape(width, False, dropout)
