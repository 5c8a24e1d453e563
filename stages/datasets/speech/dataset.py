"""The data set `speech`, put together."""

from stages.dataset import Dataset
from stages.datasets.speech.origin import ORIGIN
from stages.datasets.speech.reader import COLUMNS, read
from stages.datasets.speech.rules import rules
from stages.sounds import tables

DATASET = Dataset(
    origin=ORIGIN,
    columns=COLUMNS,
    read=read,
    rules=rules,
    arrays=tables.ARRAYS,
    places=tables.PLACES,
)
