"""The data set `sentences`, put together."""

from stages.dataset import Dataset
from stages.datasets.sentences.origin import ORIGIN
from stages.datasets.sentences.reader import COLUMNS, read
from stages.datasets.sentences.rules import rules

DATASET = Dataset(
    origin=ORIGIN,
    columns=COLUMNS,
    read=read,
    rules=rules,
    places=("pair",),
)
