"""Raw files of either source to tables."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path, PurePosixPath

from stages.archives import members
from stages.dataset import Prepared
from stages.datasets.images_jpeg.origin import ARCHIVE, LOSS, PICTURES
from stages.errors import StageError
from stages.files import read_json
from stages.pictures import builtin, cifar
from stages.pictures.builtin import SPLITS
from stages.pictures.jpeg import decode
from stages.pictures.parts import Part
from stages.pictures.tables import prepare

TASK = "cifar10-jpeg"
LIMIT_MEMBERS = 200_000
PUBLISHED_LOSS = {TASK: 30.5}  # of the first 4,000 training pictures, 23 to 40 dB: of no others are the originals known


def read(folder: Path) -> Prepared:
    """The tables of either source, and facts about the compression: pictures by quality, and the loss."""
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
    """The pictures of each folder in `classes`, and the number of pictures by quality."""
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
