"""The data set `sentiment_mr`, put together."""

from stages.dataset import Dataset
from stages.datasets.sentiment_mr.origin import ORIGIN
from stages.datasets.sentiment_mr.reader import COLUMNS, read
from stages.datasets.sentiment_mr.rules import rules

DATASET = Dataset(
    origin=ORIGIN,
    columns=COLUMNS,
    read=read,
    rules=rules,
)
