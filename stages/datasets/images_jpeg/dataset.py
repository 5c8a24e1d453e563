"""The data set `images_jpeg`, put together."""

from stages.dataset import Dataset
from stages.datasets.images_jpeg.origin import ORIGIN
from stages.datasets.images_jpeg.reader import read
from stages.datasets.images_jpeg.rules import rules
from stages.pictures.tables import ARRAYS, COLUMNS

DATASET = Dataset(
    origin=ORIGIN,
    columns=COLUMNS,
    read=read,
    rules=rules,
    arrays=ARRAYS,
)
