"""The order of the test files: `make test` hands them out to two processes, a file at a time."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest file first: meanwhile the other process works through the rest."""
    items.sort(key=lambda item: item.path.name != "test_repro.py")  # stable: all else stays in order
