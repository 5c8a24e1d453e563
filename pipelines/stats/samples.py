"""Numbers as people give them, checked: arrays, columns of a CSV file, values with weights."""

from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipelines.stats.moments import Array

Labels = NDArray[Any]


def numbers(values: Any, what: str, *, first: int = 0, finite: bool = True, missing: bool = False) -> Array:
    """`values` as an array of floats; float32 stays what it is. Raises ValueError that names the first wrong row.

    `what` is their name in messages and `first` the number of their first row. `missing` lets nan pass, and where
    they need not be `finite` everything passes that is a number.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        array = np.asarray(values, dtype=object)
        for place, value in np.ndenumerate(array):
            if not isinstance(value, Real) or isinstance(value, pd.api.typing.NAType):
                raise ValueError(f"{_place(place, first)} of {what} is {value!r}: expected a number")
    if array.dtype not in (np.float32, np.float64):
        array = array.astype(np.float64)
    if finite:
        wrong = np.isinf(array) if missing else ~np.isfinite(array)
        if wrong.any():
            place = tuple(int(index[0]) for index in np.nonzero(wrong))
            says = f"{_place(place, first)} of {what} is {array[place]}"
            raise ValueError(f"{says}: expected a finite number; leave the row out, or find out what it is")
    return array


def _place(index: tuple[int, ...], first: int) -> str:
    row = f"row {first + index[0]}" if index else "the value"
    return row + "".join(f", column {column}" for column in index[1:])


def read_column(path: Path, column: str | None = None) -> tuple[str, Array]:
    """A column of a CSV file and its name; without a name, the only one that holds numbers.

    Raises ValueError for a file without such a column, and for an entry that is no finite number, naming its row:
    1 is the first below the names.
    """
    try:
        table = pd.read_csv(path)
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise ValueError(f"{path} cannot be read as CSV: {error}") from None
    named = [str(name) for name in table.columns]
    if all(map(_is_number, named)):
        raise ValueError(f"the first line of {path} is {', '.join(named)}: expected the names of its columns")
    if column is None:
        numeric = [name for name in named if pd.api.types.is_numeric_dtype(table[name])]
        if len(named) == 1:
            numeric = named
        if len(numeric) != 1:
            raise ValueError(f"{path} has {len(numeric)} columns of numbers: name one of {', '.join(named)}")
        column = numeric[0]
    if column not in named:
        raise ValueError(f"{path} has no column {column!r}: it has {', '.join(named)}")
    read = pd.to_numeric(table[column], errors="coerce")
    wrong = read.isna() & table[column].notna()
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        raise ValueError(f"row {row + 1} of column {column!r} of {path} is {table[column][row]!r}: expected a number")
    if not len(read):
        raise ValueError(f"{path} has the columns {', '.join(named)} and no row: expected a number a row")
    return column, numbers(read.to_numpy(np.float64), f"column {column!r} of {path}", first=1)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def number_in(text: str, what: str) -> float:
    """A typed number. Raises ValueError, by the name `what`, for anything else and for what is not finite."""
    if not _is_number(text):
        raise ValueError(f"{what} is {text!r}: expected a number")
    if not np.isfinite(float(text)):
        raise ValueError(f"{what} is {text}: expected a finite number")
    return float(text)


def as_sample(values: Any, weights: Any = None, what: str = "values") -> tuple[Array, Array | None]:
    """Values (n,) or rows (n, p) with their weights (n,), rows of weight 0 left out; checked, at least one is there."""
    array = numbers(values, what).astype(np.float64)
    if array.ndim not in (1, 2) or not array.size:
        raise ValueError(f"{what} has shape {array.shape}: expected at least one row of numbers")
    if weights is None:
        return array, None
    given = numbers(weights, "weights").astype(np.float64)
    if given.shape != array.shape[:1]:
        raise ValueError(f"weights has shape {given.shape}: expected one weight for each of {len(array)} rows")
    if (given < 0).any():
        raise ValueError(f"row {int(np.argmax(given < 0))} of weights is {given.min()}: a weight is 0 or more")
    if not given.any():
        raise ValueError("all weights are 0: there is nothing to estimate from")
    return array[given > 0], given[given > 0]
