"""The role of each column of `language_model`."""

from tests.stages.mutations.subject import Roles

ROLES = Roles(
    options={"seed": 3, "train": 500, "val": 60, "test": 60},
    columns={"id": "id", "text": "text"},
)
