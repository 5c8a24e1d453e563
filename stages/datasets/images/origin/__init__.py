"""Built-in pictures in the layout that CIFAR-10 has for C programs; public: the canonical Python batches."""

from collections.abc import Iterator

import numpy as np

from stages.origin import Origin, Provenance, PublicFile
from stages.pictures import builtin
from stages.pictures.builtin import PicturesOptions, draw_all
from stages.pictures.drawing import SIDE

VALUES = 3 * SIDE * SIDE
ARCHIVE = PublicFile(
    "cifar-10-python.tar.gz",
    "cifar10/cifar-10-python.tar.gz",
    "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
    "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    170498071,
)


def make(options: PicturesOptions) -> Iterator[tuple[str, bytes]]:
    """A file per table."""
    for part in draw_all(options):
        planes = part.pixels.transpose(0, 3, 1, 2).reshape(-1, VALUES)
        records = np.concatenate([np.array(part.labels, np.uint8)[:, None], planes], axis=1)
        yield f"{part.task}-{part.split}.bin", records.tobytes()


ORIGIN = Origin(
    name="images",
    options=PicturesOptions,
    sources={
        "builtin": Provenance(builtin.ORIGIN, builtin.LICENCE),
        "public": Provenance(
            "CIFAR-10 (A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009), the canonical "
            "Python batches of www.cs.toronto.edu/~kriz/cifar.html",
            "none stated; the site asks to cite Krizhevsky (2009)",
        ),
    },
    public=(ARCHIVE,),
    make=make,
)
