"""Pickles as Python 2 wrote them, in which CIFAR-10 is published: texts are bytes, numpy's core has its old name."""

import io
import pickle
import struct
from collections.abc import Callable
from types import BuiltinFunctionType
from typing import Any, ClassVar

import numpy as np

_OLD_NAMES = {np.ndarray: b"numpy\nndarray", np.dtype: b"numpy\ndtype"}


class _Python2(pickle._Pickler):
    write: Callable[[bytes], None]
    memoize: Callable[[Any], None]

    def save_text(self, text: bytes | str) -> None:
        """By the opcodes of Python 2's `str`."""
        content = text.encode("latin-1") if isinstance(text, str) else text
        short = len(content) < 256
        self.write((b"U" + bytes([len(content)]) if short else b"T" + struct.pack("<i", len(content))) + content)
        self.memoize(text)

    def save_name(self, thing: Any) -> None:
        """By the names of that time."""
        self.write(b"c" + _OLD_NAMES.get(thing, b"numpy.core.multiarray\n_reconstruct") + b"\n")
        self.memoize(thing)

    dispatch: ClassVar[dict[type, Any]] = {
        **pickle._Pickler.dispatch,
        bytes: save_text,
        str: save_text,
        type: save_name,
        BuiltinFunctionType: save_name,
    }


def pickle_of_python2(content: Any) -> bytes:
    """Protocol 2, as in the published batches."""
    stream = io.BytesIO()
    _Python2(stream, protocol=2).dump(content)
    return stream.getvalue()
