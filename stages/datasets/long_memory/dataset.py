"""The data set `long_memory`, put together."""

from stages.dataset import Dataset
from stages.datasets.long_memory.origin import ORIGIN
from stages.datasets.long_memory.reader import ARRAYS, COLUMNS, read
from stages.datasets.long_memory.rules import rules

DATASET = Dataset(
    origin=ORIGIN,
    columns=COLUMNS,
    read=read,
    rules=rules,
    arrays=ARRAYS,
)
