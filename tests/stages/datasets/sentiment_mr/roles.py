"""The role of each column of `sentiment_mr`."""

from tests.stages.mutations.subject import Roles

ROLES = Roles(
    options={"seed": 3, "reviews": 500},
    columns={"id": "id", "text": "text", "label": "label", "fold": "label"},
)
