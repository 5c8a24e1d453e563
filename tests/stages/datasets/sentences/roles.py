"""The role of each column of `sentences`."""

from tests.stages.mutations.subject import Roles

ROLES = Roles(
    options={"seed": 3, "train": 300, "val": 60, "test": 60},
    columns={"id": "id", "text": "text", "pair": "key", "corpus": "label"},
)
