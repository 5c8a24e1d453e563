"""The data set `language_model`, put together."""

from stages.dataset import Dataset
from stages.datasets.language_model.origin import ORIGIN
from stages.datasets.language_model.reader import COLUMNS, read
from stages.datasets.language_model.rules import rules

DATASET = Dataset(
    origin=ORIGIN,
    columns=COLUMNS,
    read=read,
    rules=rules,
)
