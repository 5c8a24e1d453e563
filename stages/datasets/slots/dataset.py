"""The data set `slots`, put together."""

from stages.dataset import Dataset
from stages.datasets.slots.origin import ORIGIN
from stages.datasets.slots.reader import COLUMNS, read
from stages.datasets.slots.rules import rules

DATASET = Dataset(
    origin=ORIGIN,
    columns=COLUMNS,
    read=read,
    rules=rules,
)
