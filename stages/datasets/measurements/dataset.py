"""The data set `measurements`, put together."""

from stages.dataset import Dataset
from stages.datasets.measurements.origin import ORIGIN
from stages.datasets.measurements.reader import COLUMNS, read
from stages.datasets.measurements.rules import rules

DATASET = Dataset(
    origin=ORIGIN,
    columns=COLUMNS,
    read=read,
    rules=rules,
)
