"""CIFAR-10's published batches are pickles, and a pickle can run anything: here one gets numpy's arrays and no more.

It is the second of two guards. The first is the digest of the archive, which is compared before a batch is opened.
"""

import io
import pickle
from typing import Any

import numpy as np

from stages.errors import StageError

# What the pickle of an array names (in Python 2, from which the published ones are), and the only things it may.
_ALLOWED: dict[tuple[str, str], Any] = {
    ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
}


class _ArraysOnly(pickle.Unpickler):
    """Everything that a pickle takes from a module passes through `find_class`, whichever opcode asks for it."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, and only numpy's arrays are let through")
        return _ALLOWED[module, name]


def unpickle(content: bytes, name: str) -> dict[bytes, Any]:
    """The mapping that a published pickle holds; its texts are bytes, as Python 2 wrote them."""
    try:
        found = _ArraysOnly(io.BytesIO(content), encoding="bytes").load()
    except Exception as error:  # a damaged pickle raises whatever it comes upon
        raise StageError(f"{name} is no pickle of a published batch: {error}. It was not used.") from error
    if not isinstance(found, dict):
        raise StageError(f"{name} holds a {type(found).__name__}, not a batch. It was not used.")
    return found
