"""The role of each column of `measurements`."""

from tests.stages.mutations.subject import Roles

ROLES = Roles(
    options={"seed": 3, "draws": 200, "train": 60, "test": 50},
    columns={
        "id": "id",
        "case": "key",
        "group": "label",
        "cluster": "key",
        "split": "split",
        "feature": "label",
        "value": "number",
    },
)
