"""The exception for errors that the user can fix; its message explains how."""


class StageError(Exception):
    """An expected failure. Its message names what was found, where, what was expected and what to do."""
