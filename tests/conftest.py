"""The order of the test files, of which `make test` hands two out at a time, how properties are tried, and Ctrl-C.

On the same examples every time; a slow machine is no reason to fail.
"""

import signal

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("project", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("fast", settings.get_profile("project"), max_examples=5)
settings.load_profile("project")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell starts what it runs in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest file first: meanwhile the other process works through the rest."""
    items.sort(key=lambda item: item.path.name != "test_repro.py")  # stable: all else stays in order
