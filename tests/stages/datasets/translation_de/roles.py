"""The role of each column of `translation_de`."""

from tests.stages.mutations.subject import Roles

ROLES = Roles(
    options={"seed": 3, "train": 600, "val": 50, "test": 60},
    columns={"id": "id", "source": "text", "target": "text"},
)
