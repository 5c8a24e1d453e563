"""The role of each column of `sentiment`."""

from tests.stages.mutations.subject import Roles

ROLES = Roles(
    options={"seed": 3, "train": 300, "val": 60, "test": 100},
    columns={"id": "id", "text": "text", "label": "label", "phenomenon": "label"},
)
