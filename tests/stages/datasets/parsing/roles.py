"""The role of each column of `parsing`."""

from tests.stages.mutations.subject import Roles, Within

ROLES = Roles(
    options={"seed": 3, "train": 300, "val": 40, "test": 50},
    columns={"id": "id", "text": "text", "tree": "text", "linear": "tags"},
    names=(
        Within({"tree": r"(?<=\()\S+(?= \()", "linear": r"(?<=[()])\S+"}),  # of constituents
        Within({"tree": r"(?<=\()\S+(?= [^(])", "linear": r"(?<!\S)[^\s()]+"}),  # of words
    ),
    together=(("tree", "linear"),),
)
