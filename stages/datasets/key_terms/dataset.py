"""The data set `key_terms`, put together."""

from stages.dataset import Dataset
from stages.datasets.key_terms.origin import ORIGIN
from stages.datasets.key_terms.reader import COLUMNS, read
from stages.datasets.key_terms.rules import rules

DATASET = Dataset(
    origin=ORIGIN,
    columns=COLUMNS,
    read=read,
    rules=rules,
)
