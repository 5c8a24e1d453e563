"""The one exception that means: the user can mend this, and the message says how."""


class StageError(Exception):
    """An expected failure. Its message says what was found, where, what was expected and what to do."""
