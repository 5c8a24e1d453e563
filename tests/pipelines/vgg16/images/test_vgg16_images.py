"""Pictures: what is computed once, how well confidence is calibrated, evidence, augmentation and initial weights."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from torch import Tensor, nn

from params import parse
from pipelines.__main__ import main
from pipelines.nn.training import TrainingParams
from pipelines.vgg16.cache import digest
from pipelines.vgg16.heads import Freeze, Head, linear, with_head
from pipelines.vgg16.images import source
from pipelines.vgg16.images.data import (
    Augmentation,
    Pictures,
    balanced_rows,
    generator_of,
    load_pictures,
    picture_batches,
    row_order,
)
from pipelines.vgg16.images.evaluation import calibration_error
from pipelines.vgg16.images.frozen import (
    evaluation_material,
    frozen_features,
    logits_of_features,
    random_views,
    training_material,
)
from pipelines.vgg16.images.model import ImagesParams, logits_of
from pipelines.vgg16.images.pictures import feature_maps, grad_cam
from pipelines.vgg16.model import VGG16, Shape
from tests.pipelines.examples import EXAMPLES

EXAMPLE = EXAMPLES["vgg16", "images"]
PARAMS = parse(ImagesParams, EXAMPLE.model, "example")
TRAINING = parse(TrainingParams, EXAMPLE.training, "example")
CPU = torch.device("cpu")


pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    return EXAMPLE.write(tmp_path / "tables")


@pytest.mark.parametrize("freeze", ["features", "all-but-head"])
@pytest.mark.parametrize("head", ["append", "append-in-classifier", "replace-last", "replace-all"])
def test_cached_features_lead_to_the_logits_of_the_whole_network(
    head: Head, freeze: Freeze, tables: Path, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    network = with_head(VGG16(PARAMS.shape), head, 3).train()
    pictures, params = load_pictures(tables, "shapes", "val"), dataclasses.replace(PARAMS, freeze=freeze)
    features = training_material(network, pictures, params, tmp_path).features
    assert features is not None
    assert features.shape[:2] == (params.views, len(pictures))
    assert not torch.equal(features[0], features[1]), "the second view is another one"
    torch.testing.assert_close(
        logits_of_features(network, features[:1], params), logits_of(network, pictures.pixels, params)
    )
    second = params.augmentation(pictures.pixels, torch.Generator().manual_seed(1))
    torch.testing.assert_close(logits_of_features(network, features[1:], params), logits_of(network, second, params))
    mirroring = dataclasses.replace(params, flip=True)
    seen = evaluation_material(network, pictures, mirroring, tmp_path).features
    assert seen is not None
    torch.testing.assert_close(
        logits_of_features(network, seen, mirroring), logits_of(network, pictures.pixels, mirroring)
    )


def test_without_frozen_layers_nothing_is_cached(tables: Path, tmp_path: Path) -> None:
    pictures = load_pictures(tables, "shapes", "val")
    for freeze in ("none", "gradual"):
        params = dataclasses.replace(PARAMS, freeze=freeze)
        assert training_material(VGG16(PARAMS.shape), pictures, params, tmp_path).features is None
        assert evaluation_material(VGG16(PARAMS.shape), pictures, params, tmp_path).features is None
    assert not list(tmp_path.glob("features-*.safetensors"))


def test_features_are_computed_once_for_the_same_inputs(tables: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    network, pictures = VGG16(PARAMS.shape), load_pictures(tables, "shapes", "val")
    once = frozen_features(network, pictures, PARAMS, tmp_path, 2)
    (file,) = tmp_path.glob("features-*.safetensors")
    written = file.stat().st_mtime_ns
    assert torch.equal(frozen_features(network, pictures, PARAMS, tmp_path, 2), once)
    assert file.stat().st_mtime_ns == written
    frozen_features(network, pictures, PARAMS, tmp_path, 3)
    frozen_features(network, pictures, dataclasses.replace(PARAMS, max_shift=2), tmp_path, 2)
    frozen_features(network, pictures, dataclasses.replace(PARAMS, freeze="all-but-head"), tmp_path, 2)
    frozen_features(network, pictures.first(5), PARAMS, tmp_path, 2)
    with torch.no_grad():
        next(network.features.parameters()).add_(1)
    frozen_features(network, pictures, PARAMS, tmp_path, 2)
    assert len(list(tmp_path.glob("features-*.safetensors"))) == 6
    with torch.no_grad():
        linear(network.classifier[-1]).weight.add_(1)  # the layers after the frozen ones do not matter
    frozen_features(network, pictures, PARAMS, tmp_path, 2)
    assert len(list(tmp_path.glob("features-*.safetensors"))) == 6


def test_a_view_is_drawn_for_each_picture() -> None:
    features = torch.arange(3 * 50).view(3, 50, 1, 1, 1)
    rows = torch.arange(10, 40)
    found = random_views(features, rows, generator_of(0)).flatten()
    assert (found % 50 == rows).all()
    assert set((found // 50).tolist()) == {0, 1, 2}


def test_pictures_move_and_turn_over_as_a_whole() -> None:
    pixels = torch.zeros(200, 8, 8, 3, dtype=torch.uint8)
    pixels[:, 3, 2] = 9
    assert torch.equal(Augmentation(max_shift=0, flip=False, cutout_size=0)(pixels, generator_of(1)), pixels)
    found = Augmentation(max_shift=2, flip=True, cutout_size=0)(pixels, generator_of(1)).nonzero()
    assert len(found) == 3 * 200, "nothing is lost or doubled"
    places = {(row, column) for _, row, column, _ in found.tolist()}
    assert places == {(row, column) for row in range(1, 6) for column in range(8)}


@pytest.mark.parametrize(
    ("shares", "labels", "expected"),
    [
        ([[1.0, 0.0], [0.0, 1.0]], [0, 1], 0.0),
        ([[1.0, 0.0], [0.0, 1.0]], [1, 0], 1.0),
        ([[0.75, 0.25]] * 4, [0, 0, 0, 1], 0.0),  # right three times in four, as it says
        ([[0.6, 0.4], [0.9, 0.1]], [0, 0], (0.4 + 0.1) / 2),
        ([[0.6, 0.4], [0.61, 0.39], [0.9, 0.1]], [0, 1, 0], (abs(1 - 0.6) + 0.61 + 0.1) / 3),  # 0.6 ends a range
    ],
)
def test_calibration_by_hand(shares: list[list[float]], labels: list[int], expected: float) -> None:
    found = calibration_error(torch.tensor(shares, dtype=torch.double), torch.tensor(labels))
    assert found == pytest.approx(expected)


def test_calibration_is_the_gap_of_each_range() -> None:
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.ones(3), size=500)
    labels = rng.integers(3, size=500)
    confidence, right = shares.max(axis=1), shares.argmax(axis=1) == labels
    expected = 0.0
    for low in np.arange(15) / 15:
        inside = (confidence > low) & (confidence <= low + 1 / 15)
        if inside.any():
            expected += inside.mean() * abs(confidence[inside].mean() - right[inside].mean())
    assert calibration_error(torch.tensor(shares), torch.tensor(labels)) == pytest.approx(expected)


class Watcher(VGG16):
    """A network of two stages whose answer 0 is how bright the right half is, and answer 1 how bright the left."""

    def __init__(self) -> None:
        super().__init__(Shape(1 / 64, batch_norm=False, dropout=0.0), 2)
        self.features = nn.Sequential(nn.Conv2d(3, 1, 1), nn.MaxPool2d(2), nn.Conv2d(1, 1, 1), nn.MaxPool2d(2))
        for layer in (self.features[0], self.features[2]):
            assert isinstance(layer, nn.Conv2d)
            assert layer.bias is not None
            nn.init.ones_(layer.weight)
            nn.init.zeros_(layer.bias)

    def classify(self, features: Tensor) -> Tensor:
        return features[:, 0].sum(dim=1).flip(1)


def test_grad_cam_points_at_the_evidence() -> None:
    """The map that it weighs is that of 4 by 4 places, and its weight the mean gradient: above 0 for both answers."""
    pictures = torch.zeros(2, 3, 8, 8)
    pictures[:, :, 1, 6] = 1.0
    found = grad_cam(Watcher(), pictures, torch.tensor([0, 1]))
    assert found.shape == (2, 4, 4)
    for heat in found:
        assert heat.argmax() == 3  # row 0, column 3
        assert heat.max() == 1
        assert heat.sum() == 1
    nothing = grad_cam(Watcher(), -pictures, torch.tensor([0, 1]))
    assert not nothing.any(), "evidence against an answer is left out"


def test_feature_maps_are_those_before_each_pooling() -> None:
    network = VGG16(PARAMS.shape)
    maps = feature_maps(network, torch.randn(1, 3, 32, 32))
    assert [rows[0].shape for rows in maps.values()] == [(side, side) for side in (32, 16, 8, 4, 2)]


def test_other_pictures_are_trained_on_once_and_give_the_same_weights(tables: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    one = source.source_network(PARAMS, TRAINING, tables, tmp_path / "a", CPU)
    (file,) = (tmp_path / "a").glob("source-*.safetensors")
    written = file.stat().st_mtime_ns
    torch.manual_seed(1)
    two = source.source_network(PARAMS, TRAINING, tables, tmp_path / "a", CPU)
    assert file.stat().st_mtime_ns == written
    three = source.source_network(PARAMS, TRAINING, tables, tmp_path / "b", CPU)
    digests = {digest(network.state_dict(), "", "") for network in (one, two, three)}
    assert len(digests) == 1
    other = dataclasses.replace(PARAMS, max_shift=0)
    source.source_network(other, TRAINING, tables, tmp_path / "a", CPU)
    assert len(list((tmp_path / "a").glob("source-*.safetensors"))) == 2


def test_imagenets_weights_that_do_not_fit_or_are_missing(
    tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    wanted = dataclasses.replace(PARAMS, weights="imagenet")
    with pytest.raises(ValueError, match="set width to 1 and batch_norm to false"):
        source.initial_network(wanted, TRAINING, tables, tmp_path, CPU)
    true = dataclasses.replace(wanted, width=1.0, batch_norm=False)
    with pytest.raises(ValueError, match=r"python -m stages.weights.*source or random"):
        source.initial_network(true, TRAINING, tables, tmp_path, CPU)


def test_without_imagenets_weights_a_command_ends_with_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    EXAMPLE.write(tmp_path / "data" / "validated" / "images")
    section = {"task": "images", "dataset": "images", "device": "cpu", "seeds": 1}
    section |= {"model": {**EXAMPLE.model, "width": 1.0, "batch_norm": False, "weights": "imagenet"}}
    section |= {"training": EXAMPLE.training, "variants": {"wanted": {}}}
    pipelines = {"vgg16": {"pictures": section}}
    params = {"data": {"source": "builtin"}, "datasets": {"images": {}}, "pipelines": pipelines}
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    assert main(["standalone", "vgg16-pictures"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == (
        "error: weights imagenet: there is no data/raw/vgg16-weights/vgg16-397923af.pth; fetch it with "
        "`python -m stages.weights`, or choose the weights source or random\n"
    )


def test_an_unknown_task_lists_those_there_are(tables: Path) -> None:
    with pytest.raises(ValueError, match="no pictures 'cats-train': its tasks are others, shapes"):
        load_pictures(tables, "cats", "train")


def test_logits_do_not_depend_on_how_pictures_are_cut_into_pieces(
    tables: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, pictures = VGG16(PARAMS.shape), load_pictures(tables, "shapes", "val")
    whole = logits_of(network, pictures.pixels, PARAMS)
    monkeypatch.setattr("pipelines.vgg16.images.model.CHUNK", 5)
    torch.testing.assert_close(logits_of(network, pictures.pixels, PARAMS), whole)


def test_few_labels_are_of_all_classes() -> None:
    labels = torch.tensor([0] * 50 + [1] * 9 + [2] * 41)
    for count in (3, 10, 27, 60):
        chosen = balanced_rows(labels, count, generator_of(count))
        assert len(set(chosen.tolist())) == count
        counts = sorted(torch.bincount(labels[chosen], minlength=3).tolist())
        assert counts == {3: [1, 1, 1], 10: [3, 3, 4], 27: [9, 9, 9], 60: [9, 25, 26]}[count]
    assert not torch.equal(balanced_rows(labels, 10, generator_of(1)), balanced_rows(labels, 10, generator_of(2)))


def test_an_epoch_of_steps_goes_through_all_again_and_again() -> None:
    assert sorted(row_order(10, 4, generator_of(0)).tolist()) == list(range(10))
    assert sorted(row_order(10, 4, generator_of(0), steps=5).tolist()) == sorted([*range(10)] * 2)
    assert len(row_order(10, 4, generator_of(0), steps=4)) == 16


def test_batches_are_the_pictures_of_their_rows() -> None:
    pictures = Pictures(torch.arange(10, dtype=torch.uint8).view(10, 1, 1, 1).expand(10, 4, 4, 3), torch.arange(10), ())
    rows = torch.tensor([7, 0, 7, 3, 9])
    found = picture_batches(pictures, rows, 2, Augmentation(max_shift=0, flip=True, cutout_size=0), generator_of(0))
    assert [len(labels) for _, labels in found] == [2, 2, 1]
    for pixels, labels in found:
        assert torch.equal(pixels, labels.to(torch.uint8)[:, None, None, None].expand(-1, 4, 4, 3))


def test_a_square_is_cut_out_anywhere() -> None:
    pixels = torch.full((300, 8, 8, 3), 9, dtype=torch.uint8)
    cut = Augmentation(max_shift=0, flip=False, cutout_size=3)(pixels, generator_of(0)) == 0
    assert torch.equal(cut.all(dim=3), cut.any(dim=3)), "all channels alike"
    rows, columns = cut[..., 0].any(dim=2).sum(dim=1), cut[..., 0].any(dim=1).sum(dim=1)
    assert torch.equal(cut[..., 0].sum(dim=(1, 2)), rows * columns), "a rectangle"
    assert set(rows.tolist()) == set(columns.tolist()) == {2, 3}, "whole, or cut by the edge"
    assert cut[..., 0].any(dim=0).all(), "anywhere"


def test_an_answer_is_the_same_for_a_mirror_image_where_training_mirrored(tables: Path) -> None:
    network, pictures = VGG16(PARAMS.shape), load_pictures(tables, "shapes", "val")
    mirrored = pictures.pixels.flip(2)
    apart = logits_of(network, pictures.pixels, PARAMS), logits_of(network, mirrored, PARAMS)
    assert not torch.allclose(*apart)
    both = dataclasses.replace(PARAMS, flip=True)
    torch.testing.assert_close(logits_of(network, mirrored, both), sum(apart) / 2)
    torch.testing.assert_close(logits_of(network, pictures.pixels, both), sum(apart) / 2)
