"""The role of each column of `speech_translation`."""

from tests.stages.mutations.parts import SOUND_ROLES, Sounds
from tests.stages.mutations.subject import Roles

ROLES = Roles(
    options={"seed": 3, "train": 100, "val": 24, "test": 30},
    columns={
        "id": "id",
        "text": "text",
        "language": "label",
        "speaker": "label",
        "takes": "text",
        "said": "text",
        **SOUND_ROLES,
    },
    parts=Sounds(),
)
