"""The built-in pictures: two sets of shapes, one to classify and one to pretrain on, and scikit-learn's digits.

Tables `transfer-*`, `source-*` and `digits-*`. A network that was trained on the ten shapes of `source` has features of
edges, corners and clutter, and needs far fewer pictures of the ten others, those of `transfer`, than an untrained one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from stages.pictures.drawing import SIDE, Chance, Pixels, draw
from stages.pictures.parts import Part
from stages.pictures.shapes import SOURCE, TRANSFER, Shape

SPLITS = ("train", "val", "test")
SHAPES: Mapping[str, Mapping[str, Shape]] = {"transfer": TRANSFER, "source": SOURCE}
CLASSES: dict[str, tuple[str, ...]] = {
    "transfer": tuple(TRANSFER),
    "source": tuple(SOURCE),
    "digits": tuple("0123456789"),
}
# Of scikit-learn's 1,797 digits. A writer's stand together, so that these cuts keep most writers apart.
DIGITS = {"train": range(1200), "val": range(1200, 1400), "test": range(1400, 1797)}
FEWEST = {"train": 400, "pretrain": 400, "val": 100, "test": 100}  # below, little can be said of a class
ORIGIN = (
    "shapes drawn by stages/pictures/drawing.py; digits of E. Alpaydin and C. Kaynak's Optical Recognition of "
    "Handwritten Digits (UCI, 1998), as bundled with scikit-learn"
)
LICENCE = "shapes: Apache-2.0, as this project; digits: CC BY 4.0 (UCI)"


@dataclass(frozen=True)
class PicturesOptions:
    """params.yaml's `datasets.<name>.builtin`: the seed, and how many pictures a split gets, as many of each class."""

    seed: int
    train: int  # of `transfer`
    pretrain: int  # train split of `source`
    val: int  # of either
    test: int

    def __post_init__(self) -> None:
        for name, fewest in FEWEST.items():
            found = getattr(self, name)
            if found < fewest or found % 10:
                raise ValueError(f"{name} must be a multiple of ten, {fewest} or more, found {found}")

    def rows(self, task: str, split: str) -> int:
        """Pictures of a table."""
        if task == "digits":
            return len(DIGITS[split])
        sizes = {"train": self.pretrain if task == "source" else self.train, "val": self.val, "test": self.test}
        return sizes[split]


def draw_all(options: PicturesOptions) -> Iterator[Part]:
    """All tables; the pictures of a class in a split depend on the seed and their number alone."""
    for task, shapes in SHAPES.items():
        for split in SPLITS:
            each = options.rows(task, split) // len(shapes)
            yield Part(task, split, draw_shapes(options, task, split, each), list(range(len(shapes))) * each)
    pixels, labels = _digits()
    for split, rows in DIGITS.items():
        yield Part("digits", split, pixels[rows], [labels[row] for row in rows])


def draw_shapes(options: PicturesOptions, task: str, split: str, each: int) -> Pixels:
    """The first pictures of a table, `each` of every class in turn: drawing.BATCH, or all, are those of the table."""
    drawn = [draw(shape, each, Chance(f"{options.seed}/{task}/{split}/{name}")) for name, shape in SHAPES[task].items()]
    return np.stack(drawn, axis=1).reshape(-1, SIDE, SIDE, 3)


def _digits() -> tuple[Pixels, list[int]]:
    """Every pixel of 8 by 8, 0 to 16, as a block of 4 by 4, 0 to 255."""
    from sklearn.datasets import load_digits  # most of a second

    found = load_digits()
    small = found.images.astype(np.int32) * 255 // 16
    large = small.repeat(4, axis=1).repeat(4, axis=2)
    return np.stack([large] * 3, axis=3).astype(np.uint8), found.target.tolist()
