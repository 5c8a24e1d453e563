"""Great Expectations, imported here and nowhere else in `stages`.

It takes two seconds to import, a third of which are scipy.stats and altair, for expectations that no rule here uses.
Those two are loaded when something is first looked up in them, if ever.
"""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


class _Deferred(ModuleType):
    """A module that is loaded when something is looked up in it."""

    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


@contextmanager
def deferred(*names: str) -> Iterator[None]:
    """Within this, an import of one of these modules gives a `_Deferred`; afterwards it gives the module again."""
    waiting = {name: _Deferred(name) for name in names if name not in sys.modules}
    sys.modules.update(waiting)
    try:
        yield
    finally:
        for name, module in waiting.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]


with deferred("scipy.stats", "altair"):
    import great_expectations as gx
    import great_expectations.expectations as gxe
    from great_expectations.core.run_identifier import RunIdentifier
    from great_expectations.data_context.types.base import ProgressBarsConfig
    from great_expectations.expectations.metadata_types import FailureSeverity

__all__ = ["FailureSeverity", "ProgressBarsConfig", "RunIdentifier", "gx", "gxe"]
