"""The role of each column of `speech`."""

from tests.stages.mutations.parts import SOUND_ROLES, Sounds
from tests.stages.mutations.subject import Roles

ROLES = Roles(
    options={"seed": 3, "train": 300, "val": 60, "test": 60},
    columns={
        "id": "id",
        "text": "text",
        "language": "label",
        "kind": "label",
        "digits": "text",
        "speaker": "label",
        "takes": "text",
        "doubled": "label",
        "new_words": "label",
        **SOUND_ROLES,
    },
    parts=Sounds(),
)
