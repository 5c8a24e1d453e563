"""CIFAR-10's canonical batches in data set `images`: read as published, opened only where the digest is right."""

import gzip
import hashlib
import io
import os
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from stages.dataset import RuleContext
from stages.datasets.images import origin, reader
from stages.datasets.images.dataset import DATASET
from stages.datasets.images.reader import read_batch
from stages.errors import StageError
from stages.pictures import cifar
from stages.pictures.builtin import SPLITS, PicturesOptions
from stages.pictures.drawing import Pixels
from stages.pictures.parts import Part
from stages.pictures.tables import prepare
from stages.rules.pictures import CIFAR10, picture_suites
from tests.stages.pictures.python2 import pickle_of_python2
from tests.stages.rules_in_pandas import failing

ANY = PicturesOptions(seed=3, train=400, pretrain=400, val=100, test=100)  # the public source does not look at them

COLOUR = "every class is as red, green and blue as it should be, on average"


def pickled(found: Pixels, labels: list[int]) -> bytes:
    """A batch as it is published: planes of red, green and blue."""
    data = np.ascontiguousarray(found.transpose(0, 3, 1, 2)).reshape(len(found), 3072)
    names = [f"picture_{number}.png".encode() for number in range(len(found))]
    return pickle_of_python2({b"batch_label": b"a batch", b"labels": labels, b"data": data, b"filenames": names})


NAMES = pickle_of_python2(
    {b"num_cases_per_batch": 10000, b"label_names": [name.encode() for name in cifar.CLASSES], b"num_vis": 3072}
)


def archive_of(files: dict[str, bytes]) -> bytes:
    """A .tar.gz, as published."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return gzip.compress(stream.getvalue(), 1, mtime=0)


@pytest.fixture
def publish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[str, bytes]], Path]:
    """Make an archive of these files the published one; the folder where `read` finds it."""

    def write(files: dict[str, bytes]) -> Path:
        content = archive_of(files)
        (tmp_path / origin.ARCHIVE.path).write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        monkeypatch.setattr(reader, "ARCHIVE", replace(origin.ARCHIVE, sha256=digest))
        return tmp_path

    return write


@pytest.fixture(scope="module")
def batches() -> dict[str, bytes]:
    """A small CIFAR-10 of noise: five batches of 60 pictures and one of 20, classes in any order."""
    rng = np.random.default_rng(0)
    order = rng.permutation(np.repeat(np.arange(10), 30)).tolist()
    files = {"readme.html": b"<p>", "batches.meta": NAMES}
    for number in range(5):
        found = rng.integers(0, 256, (60, 32, 32, 3), np.uint8)
        files[f"data_batch_{number + 1}"] = pickled(found, order[60 * number : 60 * number + 60])
    return files | {"test_batch": pickled(rng.integers(0, 256, (20, 32, 32, 3), np.uint8), list(range(10)) * 2)}


def test_batches_become_three_splits_with_every_tenth_picture_of_a_class_in_val(
    publish: Callable[[dict[str, bytes]], Path], batches: dict[str, bytes]
) -> None:
    read = DATASET.read(publish(batches))
    assert {name: len(table) for name, table in read.tables.items()} == {
        "cifar10-train": 270,
        "cifar10-val": 30,
        "cifar10-test": 20,
    }
    assert read.facts == {"classes": {"cifar10": list(cifar.CLASSES)}}
    found = [read_batch(batches[f"data_batch_{number}"], "") for number in range(1, 6)]
    labels = [label for _, some in found for label in some]
    dogs = np.concatenate([some for some, _ in found])[np.array(labels) == 5]
    rows = {name: read.arrays[name]["pixels"][read.tables[name]["label"] == 5] for name in read.tables}
    assert np.array_equal(rows["cifar10-val"], dogs[9::10])
    assert np.array_equal(rows["cifar10-train"], np.delete(dogs, [9, 19, 29], axis=0))


def test_the_first_value_of_each_plane_is_the_first_pixel() -> None:
    """A picture is published as 1024 red values, 1024 green and 1024 blue ones, each row by row."""
    data = np.arange(3072).reshape(1, 3072).astype(np.uint8)
    (picture,), _ = read_batch(pickle_of_python2({b"data": data, b"labels": [1]}), "batch")
    planes = np.arange(3072).reshape(3, 32, 32)
    for row, column, channel in ((0, 0, 0), (0, 1, 1), (5, 30, 2)):
        assert picture[row, column, channel] == planes[channel, row, column] % 256


def test_an_archive_is_not_opened_where_its_digest_is_another(
    publish: Callable[[dict[str, bytes]], Path], batches: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = publish(batches)
    monkeypatch.setattr(reader, "unpickle", lambda *_: pytest.fail("it was opened"))
    content = (folder / origin.ARCHIVE.path).read_bytes()
    (folder / origin.ARCHIVE.path).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(
        StageError, match=r"cifar-10-python\.tar\.gz was changed: sha256 .*, expected .*Download it again"
    ):
        DATASET.read(folder)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"data_batch_3": None}, r"has no cifar-10-batches-py/data_batch_3; it has cifar-10-batches-py/readme"),
        ({"batches.meta": None}, r"has no cifar-10-batches-py/batches.meta"),
        (
            {"test_batch": b"cos\nsystem\n(S'true'\ntR."},
            r"test_batch is no pickle of a published batch: it asks for os",
        ),
        (
            {"batches.meta": pickle_of_python2({b"label_names": [b"cat"]})},
            r"the classes are \[b'cat'\], expected airplane",
        ),
        ({"test_batch": pickle_of_python2({b"labels": [1]})}, r"test_batch: `data` is NoneType, expected uint8 of"),
        (
            {"test_batch": pickle_of_python2({b"data": np.zeros((2, 3072), np.int16), b"labels": [1, 2]})},
            r"`data` is int16 of \(2, 3072\), expected uint8 of \(pictures, 3072\)",
        ),
        (
            {"test_batch": pickle_of_python2({b"data": np.zeros((2, 3071), np.uint8), b"labels": [1, 2]})},
            r"`data` is uint8 of \(2, 3071\)",
        ),
        (
            {"test_batch": pickle_of_python2({b"data": np.zeros((2, 3072), np.uint8), b"labels": [1]})},
            r"`labels` is no list of 2 whole numbers, one for each picture",
        ),
        (
            {"test_batch": pickle_of_python2({b"data": np.zeros((2, 3072), np.uint8), b"labels": [1, 10]})},
            r"test_batch: the labels are 0 to 9, found also \[10\]",
        ),
    ],
)
def test_an_archive_with_something_else_is_named(
    publish: Callable[[dict[str, bytes]], Path],
    batches: dict[str, bytes],
    change: dict[str, bytes | None],
    says: str,
) -> None:
    files = {name: content for name, content in (batches | change).items() if content is not None}
    with pytest.raises(StageError, match=says):
        DATASET.read(publish(files))


def plain(classes: list[int]) -> cifar.Labelled:
    """Two pictures of each class, each in one colour: the mean one of the class whose place it has."""
    colours = np.array([CIFAR10.light[shown] for shown in classes * 2]).round().astype(np.uint8)
    return np.broadcast_to(colours[:, None, None], (len(colours), 32, 32, 3)), list(range(10)) * 2


def test_two_classes_exchanged_everywhere_are_told_by_their_mean_colour() -> None:
    """A wrong list of names, in all splits alike: the means that likeness goes by are wrong as well."""
    exchanged = [0, 1, 4, 3, 2, 5, 6, 7, 8, 9]  # bird and deer
    for classes, wrong in ((list(range(10)), set()), (exchanged, {"bird", "deer"})):
        parts = [Part("cifar10", split, *plain(classes)) for split in SPLITS]
        read = prepare(parts, {"cifar10": cifar.CLASSES})
        suites = picture_suites(RuleContext("public", ANY, read.tables, read.facts, read.arrays), {"cifar10": CIFAR10})
        (rows,) = (suite.rows for suite in suites if suite.table == "classes")
        assert set(rows.loc[rows["colour_error"] != "", "class"]) == wrong
        assert ("classes", COLOUR) in failing(suites) or not wrong


@pytest.mark.mirror
@pytest.mark.skipif("DATA_MIRROR" not in os.environ, reason="DATA_MIRROR names no folder with published data")
def test_the_first_4000_lossless_pictures_come_through_a_batch_as_they_are() -> None:
    """The mirror has them as rows of PNG pictures, a reader of which has nothing in common with that of batches."""
    folder = Path(os.environ["DATA_MIRROR"], "cifar10/lossless")
    rows = [np.asarray(Image.open(folder / f"cifar10_batch_{number}.png")) for number in range(4)]
    expected = np.concatenate(rows).reshape(4000, 32, 32, 3)
    labels = [int(line) for line in (folder / "labels_first4000.txt").read_text().split()]
    found, same = read_batch(pickled(expected, labels), "data_batch_1")
    assert np.array_equal(found, expected)
    assert same == labels
    assert found[0, 0, :3].tolist() == [[59, 62, 63], [43, 46, 45], [50, 48, 43]]

    parts = cifar.split("cifar10", (found[:3200], labels[:3200]), (found[3200:], labels[3200:]))
    read = prepare(parts, {"cifar10": cifar.CLASSES})
    suites = picture_suites(RuleContext("public", ANY, read.tables, read.facts, read.arrays), {"cifar10": CIFAR10})
    failed = {says for _, says in failing(suites) if not says.startswith("there are ")}
    assert failed <= {  # what only the whole of CIFAR-10 fulfils
        COLOUR,
        "every class has as many pictures as it should have",
        "rows take turns through the classes",
        "red is over blue by as much as it should be: channels are in their order",
        "the upper half is over the lower by as much as it should be: pictures stand upright",
    }
    light = found.mean(axis=0)
    colours = [found[np.array(labels) == label].mean(axis=(0, 1, 2)) for label in range(10)]
    assert np.abs(np.array(colours) - CIFAR10.light).max() < 3
    assert CIFAR10.red_over_blue[0] < light[..., 0].mean() - light[..., 2].mean() < CIFAR10.red_over_blue[1]
    assert CIFAR10.top_over_bottom[0] < light[:16].mean() - light[16:].mean() < CIFAR10.top_over_bottom[1]
