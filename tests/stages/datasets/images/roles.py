"""The role of each column of `images`."""

from tests.stages.mutations.parts import PICTURE_ROLES, Pictures
from tests.stages.mutations.subject import Cells, Roles

ROLES = Roles(
    options={"seed": 3, "train": 400, "pretrain": 400, "val": 150, "test": 200},
    columns=PICTURE_ROLES,
    names=(Cells(("label", "class")),),
    together=(("label", "class"),),
    parts=Pictures(),
    shown="label",
)
