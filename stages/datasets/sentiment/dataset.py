"""The data set `sentiment`, put together."""

from stages.dataset import Dataset
from stages.datasets.sentiment.origin import ORIGIN
from stages.datasets.sentiment.reader import COLUMNS, read
from stages.datasets.sentiment.rules import rules

DATASET = Dataset(
    origin=ORIGIN,
    columns=COLUMNS,
    read=read,
    rules=rules,
)
