"""Formats of users' own data: a module a kind, which reads the files that people have into the tables that tasks read.

`kind.py` is the contract, `rows.py` reads tables and folders of files row by row for all of them.
"""

import importlib
from typing import TYPE_CHECKING, cast

from stages.errors import StageError

if TYPE_CHECKING:  # it imports pandas
    from stages.formats.kind import Kind

KINDS = ("labelled", "tagged", "pairs", "text", "key-phrases", "trees", "recordings", "pictures", "cases", "numbers")


def find(kind: str) -> "Kind":
    """The kind of that name. Raises StageError where there is none."""
    if kind not in KINDS:
        raise StageError(f"unknown kind {kind!r}: choose from {', '.join(KINDS)}")
    return cast("Kind", importlib.import_module(f"{__name__}.{module_of(kind)}").KIND)


def module_of(kind: str) -> str:
    """The module of a kind, here and in `stages/formats/rules/`."""
    return kind.replace("-", "_")
