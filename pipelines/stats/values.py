"""Numbers as people give them, checked: arrays, values with weights, typed numbers."""

from numbers import Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.stats.moments import Array

Labels = NDArray[Any]


def checked_numbers(
    values: Any, name: str, *, first_row: int = 0, are_finite: bool = True, has_gaps: bool = False
) -> Array:
    """`values` as an array of floats; float32 stays float32. Raises ValueError that names the first wrong row.

    In messages the values are called `name`, and their rows are counted from `first_row`. With `has_gaps` nan is
    allowed; without `are_finite` nan and infinities are.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        array = np.asarray(values, dtype=object)
        for place, value in np.ndenumerate(array):
            if not isinstance(value, Real) or isinstance(value, pd.api.typing.NAType):
                raise ValueError(f"{_position(place, first_row)} of {name} is {value!r}: expected a number")
    if array.dtype not in (np.float32, np.float64):
        array = array.astype(np.float64)
    if are_finite:
        wrong = np.isinf(array) if has_gaps else ~np.isfinite(array)
        if wrong.any():
            place = tuple(int(index[0]) for index in np.nonzero(wrong))
            raise ValueError(
                f"{_position(place, first_row)} of {name} is {array[place]}: expected a finite number; leave the row "
                "out, or find out what it is"
            )
    return array


def _position(index: tuple[int, ...], first_row: int) -> str:
    row = f"row {first_row + index[0]}" if index else "the value"
    return row + "".join(f", column {column}" for column in index[1:])


def checked_sample(values: Any, weights: Any = None, name: str = "values") -> tuple[Array, Array | None]:
    """Values (n,) or rows (n, p), and their weights (n,) if there are any; rows of weight 0 are left out.

    Raises ValueError for what is not finite or negative as a weight, and where no row is left.
    """
    array = checked_numbers(values, name).astype(np.float64)
    if array.ndim not in (1, 2) or not array.size:
        raise ValueError(f"{name} has shape {array.shape}: expected at least one row of numbers")
    if weights is None:
        return array, None
    weight = checked_numbers(weights, "weights").astype(np.float64)
    if weight.shape != array.shape[:1]:
        raise ValueError(f"weights has shape {weight.shape}: expected one weight for each of {len(array)} rows")
    if (weight < 0).any():
        row = int(np.argmax(weight < 0))
        raise ValueError(f"row {row} of weights is {weight[row]}: a weight is 0 or more")
    if not weight.any():
        raise ValueError("all weights are 0: there is nothing to estimate from")
    return array[weight > 0], weight[weight > 0]


def parse_number(text: str, name: str) -> float:
    """A number from text. Raises ValueError, which calls it `name`, for anything that is not a finite number."""
    if not _is_number(text):
        raise ValueError(f"{name} is {text!r}: expected a number")
    if not np.isfinite(float(text)):
        raise ValueError(f"{name} is {text}: expected a finite number")
    return float(text)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
