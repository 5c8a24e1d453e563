"""The data set `parsing`, put together."""

from stages.dataset import Dataset
from stages.datasets.parsing.origin import ORIGIN
from stages.datasets.parsing.reader import COLUMNS, read
from stages.datasets.parsing.rules import rules

DATASET = Dataset(
    origin=ORIGIN,
    columns=COLUMNS,
    read=read,
    rules=rules,
)
