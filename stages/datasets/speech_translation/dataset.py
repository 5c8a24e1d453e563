"""The data set `speech_translation`, put together."""

from stages.dataset import Dataset
from stages.datasets.speech_translation.origin import ORIGIN
from stages.datasets.speech_translation.reader import COLUMNS, read
from stages.datasets.speech_translation.rules import rules
from stages.sounds import tables

DATASET = Dataset(
    origin=ORIGIN,
    columns=COLUMNS,
    read=read,
    rules=rules,
    arrays=tables.ARRAYS,
    places=tables.PLACES,
)
