"""The role of each column of `slots`."""

from tests.stages.mutations.subject import Roles, Within

ROLES = Roles(
    options={"seed": 3, "train": 300, "val": 40, "test": 60},
    columns={"id": "id", "text": "text", "tags": "tags", "intent": "label"},
    names=(Within({"tags": r"(?<=-)\S+"}),),
    together=(("text", "tags"),),
)
