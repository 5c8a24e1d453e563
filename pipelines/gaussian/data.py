"""Measurements: tidy tables -> samples and matrices, and what every number given by a person has to be."""

from typing import Any

import numpy as np

from pipelines.gaussian.moments import Array


def numbers(values: Any, what: str, *, first: int = 0, finite: bool = True, missing: bool = False) -> Array:
    """`values` as an array of floats, float32 as it is. Raises ValueError that names the first row that is no number.

    `what` is their name and `first` the number of their first row in messages. `missing` lets nan pass, and without
    `finite` everything passes that is a number.
    """
    try:
        array = np.asarray(values)
        if array.dtype.kind not in "fiub" or array.dtype.itemsize > 8:
            array = array.astype(np.float64)
        elif array.dtype.kind != "f":
            array = array.astype(np.float64)
    except (TypeError, ValueError):
        row, found = next(_no_numbers(values))
        raise ValueError(f"row {first + row} of {what} is {found!r}: expected a number") from None
    return array
