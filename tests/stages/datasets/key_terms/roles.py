"""The role of each column of `key_terms`."""

from tests.stages.mutations.subject import Roles, Within

ROLES = Roles(
    options={"seed": 3, "train": 300, "val": 30, "test": 40},
    columns={"id": "id", "text": "text", "tags": "tags", "key_terms": "text"},
    names=(Within({"tags": r"\S"}),),
)
