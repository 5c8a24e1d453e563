"""Numbers as people give them, checked: arrays, columns of a CSV file, values with weights."""

from numbers import Real
from pathlib import Path
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


def read_column(path: Path, column: str | None = None) -> tuple[str, Array]:
    """The name and the values of a column of a CSV file; without a name, of the only column that holds numbers.

    Raises ValueError for a file without such a column, and for an entry that is not a finite number, naming its row:
    1 is the first below the header.
    """
    try:
        table = pd.read_csv(path)
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise ValueError(f"{path} cannot be read as CSV: {error}") from None
    names = [str(name) for name in table.columns]
    if all(map(_is_number, names)):
        raise ValueError(f"the first line of {path} is {', '.join(names)}: expected the names of its columns")
    if column is None:
        column = _only_numeric(table, path)
    if column not in names:
        raise ValueError(f"{path} has no column {column!r}: it has {', '.join(names)}")
    entries = pd.to_numeric(table[column], errors="coerce")
    wrong = entries.isna() & table[column].notna()
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        raise ValueError(f"row {row + 1} of column {column!r} of {path} is {table[column][row]!r}: expected a number")
    if not len(entries):
        raise ValueError(f"{path} has the columns {', '.join(names)} and no row: expected a number a row")
    return column, checked_numbers(entries.to_numpy(np.float64), f"column {column!r} of {path}", first_row=1)


def _only_numeric(table: pd.DataFrame, path: Path) -> str:
    """The name of the only column, or of the only one that holds numbers."""
    names = [str(name) for name in table.columns]
    numeric = [name for name in names if len(names) == 1 or pd.api.types.is_numeric_dtype(table[name])]
    if len(numeric) != 1:
        raise ValueError(f"{path} has {len(numeric)} columns of numbers: name one of {', '.join(names)}")
    return numeric[0]


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
