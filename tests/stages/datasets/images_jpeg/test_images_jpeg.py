"""Data set `images_jpeg`: the same pictures with a loss that is measured, and the published copy beside originals."""

import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stages.archives import members, pack, tree_digest
from stages.dataset import Prepared, RuleContext
from stages.datasets.images.dataset import DATASET as IMAGES
from stages.datasets.images_jpeg.dataset import DATASET
from stages.datasets.images_jpeg.origin import ARCHIVE, LOSS, PICTURES
from stages.datasets.images_jpeg.reader import PUBLISHED_LOSS
from stages.datasets.images_jpeg.rules import compression_suite
from stages.errors import StageError
from stages.pictures import cifar
from stages.pictures.builtin import PicturesOptions
from stages.pictures.jpeg import KNOWN_QUALITY, decode, encode, signal_to_noise
from tests.stages.rule_runs import make_and_read
from tests.stages.rules_in_pandas import failing

SMALL = PicturesOptions(seed=3, train=400, pretrain=400, val=100, test=100)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("raw")


@pytest.fixture(scope="module")
def prepared(folder: Path) -> Prepared:
    """The small built-in data: not to be changed."""
    return make_and_read(DATASET, SMALL, folder)


def test_a_file_holds_its_picture_but_for_a_small_loss() -> None:
    smooth = np.add.outer(np.arange(32), np.arange(32))[..., None].repeat(3, axis=2).astype(np.uint8)
    (found,), qualities = decode([("a", encode(smooth))])
    assert np.abs(found.astype(int) - smooth).max() < 6
    assert qualities == {KNOWN_QUALITY: 1}
    assert signal_to_noise(found[None], smooth[None]) > 40


def test_the_ratio_of_signal_to_noise_is_that_of_its_definition() -> None:
    """A steady error of 16 is 10 log10(255^2 / 16^2) dB; the mean is over pictures, not over errors."""
    black = np.zeros((2, 32, 32, 3), np.uint8)
    assert signal_to_noise(black[:1] + np.uint8(16), black[:1]) == pytest.approx(24.0, abs=0.06)
    two = np.concatenate([black[:1] + np.uint8(16), black[:1] + np.uint8(1)])
    assert signal_to_noise(two, black) == pytest.approx((24.05 + 48.13) / 2, abs=0.06)


def test_the_pictures_are_those_of_images_with_a_loss(prepared: Prepared, tmp_path: Path) -> None:
    lossless = make_and_read(IMAGES, SMALL, tmp_path)
    for name, table in prepared.tables.items():
        assert (table["class"] == lossless.tables[name]["class"]).all()
        measured = signal_to_noise(prepared.arrays[name]["pixels"], lossless.arrays[name]["pixels"])
        assert 25 < measured < 40
        task, _, split = name.partition("-")
        assert split != "test" or prepared.facts["signal_to_noise_db"][task] == measured
    assert prepared.facts["quality"] == {KNOWN_QUALITY: sum(map(len, prepared.tables.values()))}
    assert prepared.facts["variant"] == "builtin-jpeg"


def test_the_rules_hold_and_those_about_the_loss_catch_another_quality(prepared: Prepared) -> None:
    def given(facts: dict[str, object]) -> RuleContext[PicturesOptions]:
        return RuleContext("builtin", SMALL, prepared.tables, facts, prepared.arrays)

    def failed(facts: dict[str, object]) -> set[str]:
        return {rule for _, rule in failing([compression_suite(given(facts))])}

    quality = "every picture was compressed with quality 75"
    loss = "every task says how lossy its pictures are: 20 to 45 dB signal to noise"
    suites = DATASET.rules(given(prepared.facts))
    assert failing(suites) == set()
    assert {suite.table for suite in suites} == {*prepared.tables, "tables", "classes", "compression"}
    for other in ({"another quality": 2997}, {KNOWN_QUALITY: 2996}, {KNOWN_QUALITY: 2996, "another quality": 1}):
        assert failed(prepared.facts | {"quality": other}) == {quality}
    known = prepared.facts["signal_to_noise_db"]
    without: dict[str, float] = {}
    for noise in (known | {"source": 60.0}, known | {"transfer": 5.0}, without):
        assert failed(prepared.facts | {"signal_to_noise_db": noise}) == {loss}


def picture(size: tuple[int, int], mode: str = "RGB", kind: str = "JPEG", quality: int = 75) -> bytes:
    stream = io.BytesIO()
    Image.new(mode, size).save(stream, kind, quality=quality)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (picture((32, 33)), r"a\.jpg is 32 by 33, RGB; expected 32 by 32, RGB"),
        (picture((32, 32), "L"), r"a\.jpg is 32 by 32, L; expected 32 by 32, RGB"),
        (picture((32, 32), kind="PNG"), r"a\.jpg is no whole JPEG picture: .*Download it again"),
        (picture((32, 32))[:-200], r"a\.jpg is no whole JPEG picture"),
        (b"", r"a\.jpg is no whole JPEG picture"),
        (b"\xff\xd8\xff", r"a\.jpg is no whole JPEG picture"),
    ],
)
def test_a_file_that_is_no_such_picture_is_named(content: bytes, says: str) -> None:
    with pytest.raises(StageError, match=says):
        decode([("good.jpg", picture((32, 32))), ("a.jpg", content)])


def test_another_quality_is_told() -> None:
    assert decode([("a", picture((32, 32), quality=90)), ("b", picture((32, 32)))])[1] == {
        "another quality": 1,
        KNOWN_QUALITY: 1,
    }


@pytest.mark.parametrize("name", ["transfer-test/cat/00000.jpg", "elsewhere/ring/00000.jpg", "ring.jpg"])
def test_a_picture_of_no_known_class_is_named(tmp_path: Path, folder: Path, prepared: Prepared, name: str) -> None:
    files = members(folder / PICTURES)
    (tmp_path / PICTURES).write_bytes(pack(files | {name: picture((32, 32))}))
    (tmp_path / LOSS).write_text(json.dumps({}))
    with pytest.raises(StageError, match=rf"{name} is of no known class of transfer-train, .*digits-test"):
        DATASET.read(tmp_path)


@pytest.mark.mirror
@pytest.mark.skipif("DATA_MIRROR" not in os.environ, reason="DATA_MIRROR names no folder with published data")
def test_the_published_copy_is_as_lossy_as_its_card_says(tmp_path: Path) -> None:
    """Against the 4,000 lossless pictures of the mirror, paired by class and place in it."""
    mirror = Path(os.environ["DATA_MIRROR"])
    found = members(mirror / ARCHIVE.published, limit_members=70_000)
    assert len(found) == ARCHIVE.files
    assert tree_digest(found) == ARCHIVE.tree_sha256
    some = {name: content for name, content in found.items() if name[-8:-4] < ("0430" if "/train/" in name else "0100")}
    (tmp_path / ARCHIVE.path).write_bytes(pack(some))
    read = DATASET.read(tmp_path)
    assert {name: len(table) for name, table in read.tables.items()} == {
        "cifar10-jpeg-train": 3870,
        "cifar10-jpeg-val": 430,
        "cifar10-jpeg-test": 1000,
    }
    assert read.facts["variant"] == "cifar10-jpeg"
    assert read.facts["quality"] == {KNOWN_QUALITY: 5300}

    rows = [np.asarray(Image.open(mirror / f"cifar10/lossless/cifar10_batch_{number}.png")) for number in range(4)]
    lossless = np.concatenate(rows).reshape(4000, 32, 32, 3)
    labels = np.loadtxt(mirror / "cifar10/lossless/labels_first4000.txt", int)
    pairs = []
    for label in range(len(cifar.CLASSES)):
        val = read.arrays["cifar10-jpeg-val"]["pixels"][(read.tables["cifar10-jpeg-val"]["label"] == label).to_numpy()]
        train = read.arrays["cifar10-jpeg-train"]["pixels"]
        train = train[(read.tables["cifar10-jpeg-train"]["label"] == label).to_numpy()]
        together = np.insert(train, np.arange(9, 9 * 44, 9)[: len(val)], val, axis=0)  # the canonical order again
        originals = lossless[labels == label]
        pairs.append((together[: len(originals)], originals))
    lossy, originals = (np.concatenate(side) for side in zip(*pairs, strict=True))
    assert len(lossy) == 4000
    assert signal_to_noise(lossy, originals) == PUBLISHED_LOSS["cifar10-jpeg"]
    each = [signal_to_noise(lossy[row : row + 1], originals[row : row + 1]) for row in range(0, 4000, 8)]
    assert 23 <= min(each) <= max(each) <= 40
