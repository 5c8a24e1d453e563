"""The data set `images`, put together."""

from stages.dataset import Dataset
from stages.datasets.images.origin import ORIGIN
from stages.datasets.images.reader import read
from stages.datasets.images.rules import rules
from stages.pictures.tables import ARRAYS, COLUMNS

DATASET = Dataset(
    origin=ORIGIN,
    columns=COLUMNS,
    read=read,
    rules=rules,
    arrays=ARRAYS,
)
