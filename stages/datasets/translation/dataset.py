"""The data set `translation`, put together."""

from stages.dataset import Dataset
from stages.datasets.translation.origin import ORIGIN
from stages.datasets.translation.reader import COLUMNS, read
from stages.datasets.translation.rules import rules

DATASET = Dataset(
    origin=ORIGIN,
    columns=COLUMNS,
    read=read,
    rules=rules,
)
