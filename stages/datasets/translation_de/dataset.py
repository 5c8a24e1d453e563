"""The data set `translation_de`, put together."""

from stages.dataset import Dataset
from stages.datasets.translation_de.origin import ORIGIN
from stages.datasets.translation_de.reader import COLUMNS, read
from stages.datasets.translation_de.rules import rules

DATASET = Dataset(
    origin=ORIGIN,
    columns=COLUMNS,
    read=read,
    rules=rules,
)
