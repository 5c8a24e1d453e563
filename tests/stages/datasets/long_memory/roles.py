"""The role of each column of `long_memory`."""

from tests.stages.mutations.parts import Sequences
from tests.stages.mutations.subject import Cells, Roles

ROLES = Roles(
    options={
        "seed": 3,
        "adding": [20],
        "order": [100],
        "train": 400,
        "train_steps": 30_000,
        "val": 60,
        "test": 80,
    },
    columns={
        "id": "id",
        "split": "split",
        "label": "label",
        "target": "number",
        "length": "count",
        "first": "count",
        "second": "count",
        "mean": "measured",
    },
    names=(Cells(("label", "target")),),
    together=(("label", "target"),),
    parts=Sequences(),
    shown="label",
)
