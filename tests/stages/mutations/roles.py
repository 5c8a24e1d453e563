"""What the columns of each data set are, and what its rules cannot see."""

from tests.stages.mutations.parts import Pictures, Sequences, Sounds
from tests.stages.mutations.subject import Cells, Role, Roles, Within

PICTURES: dict[str, Role] = {
    "id": "id",
    "label": "label",
    "class": "label",
    "brightness": "measured",
    "contrast": "measured",
    "roughness": "measured",
    "digest": "measured",
}
SOUND: dict[str, Role] = {
    "start": "place",
    "length": "count",
    "loudness_db": "measured",
    "peak_db": "measured",
    "noise_db": "measured",
}

ROLES: dict[str, Roles] = {
    "slots": Roles(
        options={"seed": 3, "train": 300, "val": 40, "test": 60},
        columns={"id": "id", "text": "text", "tags": "tags", "intent": "label"},
        names=(Within({"tags": r"(?<=-)\S+"}),),
        together=(("text", "tags"),),
    ),
    "sentiment": Roles(
        options={"seed": 3, "train": 300, "val": 60, "test": 100},
        columns={"id": "id", "text": "text", "label": "label", "phenomenon": "label"},
    ),
    "sentiment_mr": Roles(
        options={"seed": 3, "reviews": 500},
        columns={"id": "id", "text": "text", "label": "label", "fold": "label"},
    ),
    "key_terms": Roles(
        options={"seed": 3, "train": 300, "val": 30, "test": 40},
        columns={"id": "id", "text": "text", "tags": "tags", "key_terms": "text"},
        names=(Within({"tags": r"\S"}),),
    ),
    "language_model": Roles(
        options={"seed": 3, "train": 500, "val": 60, "test": 60},
        columns={"id": "id", "text": "text"},
    ),
    "sentences": Roles(
        options={"seed": 3, "train": 300, "val": 60, "test": 60},
        columns={"id": "id", "text": "text", "pair": "key", "corpus": "label"},
    ),
    "translation": Roles(
        options={"seed": 3, "train": 600, "val": 60, "test": 80},
        columns={"id": "id", "source": "text", "target": "text", "target_as_written": "text"},
        together=(("target", "target_as_written"),),
    ),
    "parsing": Roles(
        options={"seed": 3, "train": 300, "val": 40, "test": 50},
        columns={"id": "id", "text": "text", "tree": "text", "linear": "tags"},
        names=(
            Within({"tree": r"(?<=\()\S+(?= \()", "linear": r"(?<=[()])\S+"}),  # of constituents
            Within({"tree": r"(?<=\()\S+(?= [^(])", "linear": r"(?<!\S)[^\s()]+"}),  # of words
        ),
        together=(("tree", "linear"),),
    ),
    "measurements": Roles(
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
    ),
    "translation_de": Roles(
        options={"seed": 3, "train": 600, "val": 50, "test": 60},
        columns={"id": "id", "source": "text", "target": "text"},
    ),
    "long_memory": Roles(
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
    ),
    "images": Roles(
        options={"seed": 3, "train": 400, "pretrain": 400, "val": 150, "test": 200},
        columns=PICTURES,
        names=(Cells(("label", "class")),),
        together=(("label", "class"),),
        parts=Pictures(),
        shown="label",
    ),
    "images_jpeg": Roles(
        options={"seed": 3, "train": 400, "pretrain": 400, "val": 150, "test": 200},
        columns=PICTURES,
        names=(Cells(("label", "class")),),
        together=(("label", "class"),),
        parts=Pictures(),
        shown="label",
    ),
    "speech": Roles(
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
            **SOUND,
        },
        parts=Sounds(),
    ),
    "speech_translation": Roles(
        options={"seed": 3, "train": 100, "val": 24, "test": 30},
        columns={
            "id": "id",
            "text": "text",
            "language": "label",
            "speaker": "label",
            "takes": "text",
            "said": "text",
            **SOUND,
        },
        parts=Sounds(),
    ),
}
