"""The role of each column of `translation`."""

from tests.stages.mutations.subject import Roles

ROLES = Roles(
    options={"seed": 3, "train": 600, "val": 60, "test": 80},
    columns={"id": "id", "source": "text", "target": "text", "target_as_written": "text"},
    together=(("target", "target_as_written"),),
)
