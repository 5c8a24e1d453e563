"""Two problems drawn at any length, and the images that scikit-learn brings; public: MNIST."""

from stages.datasets.long_memory.origin.draws import LongMemoryOptions, make
from stages.origin import Origin, Provenance, PublicFile

_FGNT = "https://raw.githubusercontent.com/fgnt/mnist/ae608a02b796c9ee908c082585a5f006fe05258e/"


def _file(name: str, sha256: str, size: int) -> PublicFile:
    return PublicFile(name, f"mnist/{name}", f"{_FGNT}{name}", sha256, size)


TRAIN_IMAGES = _file(
    "train-images-idx3-ubyte.gz", "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609", 9912422
)
TRAIN_LABELS = _file(
    "train-labels-idx1-ubyte.gz", "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c", 28881
)
TEST_IMAGES = _file(
    "t10k-images-idx3-ubyte.gz", "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6", 1648877
)
TEST_LABELS = _file(
    "t10k-labels-idx1-ubyte.gz", "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6", 4542
)

ORIGIN = Origin(
    name="long_memory",
    options=LongMemoryOptions,
    sources={
        "builtin": Provenance(
            "adding and order: drawn by stages/datasets/long_memory/origin/draws.py; digits: bundled with "
            "scikit-learn, the test set of UCI's Optical Recognition of Handwritten Digits (E. Alpaydin and C. Kaynak, "
            "1998)",
            "adding and order: Apache-2.0, as this project; digits: the terms of the UCI Machine Learning Repository, "
            "CC BY 4.0",
        ),
        "public": Provenance(
            "MNIST (Y. LeCun, C. Cortes and C. Burges) from github.com/fgnt/mnist", "none stated in the repository"
        ),
    },
    public=(TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS),
    make=make,
)
