"""Tables as Parquet and arrays as safetensors: equal content gives equal bytes."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import safetensors.numpy

from stages.errors import StageError
from stages.files import whole, write_bytes

_DTYPES = {"U8": "uint8", "I16": "int16", "I32": "int32", "I64": "int64", "F32": "float32", "F64": "float64"}


def write_table(path: Path, frame: pd.DataFrame, columns: Mapping[str, str]) -> None:
    """Write a Parquet table of the given columns (name -> Arrow type); equal frames give equal bytes."""
    schema = pa.schema([(name, pa.type_for_alias(kind)) for name, kind in columns.items()])
    table = pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
    with whole(path) as stream:
        # Without pandas' metadata, which would carry its version number into the bytes.
        pyarrow.parquet.write_table(table.replace_schema_metadata(None), stream, compression="zstd")


def read_table(path: Path, made_by: str) -> pd.DataFrame:
    """Read a Parquet table that the command `made_by` wrote."""
    try:
        return pd.read_parquet(path)
    except FileNotFoundError:
        raise StageError(f"{path} does not exist. Run `{made_by}` first.") from None
    except (OSError, pa.ArrowException) as error:
        raise StageError(f"{path} is damaged ({error}). Run `{made_by}` again.") from error


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays as one safetensors file; equal arrays give equal bytes."""
    write_bytes(path, safetensors.numpy.save({name: np.ascontiguousarray(array) for name, array in arrays.items()}))


def read_arrays(path: Path, made_by: str) -> dict[str, np.ndarray]:
    """The arrays of a safetensors file that the command `made_by` wrote, mapped: only what is looked at is read."""
    try:
        with path.open("rb") as stream:
            start = 8 + int.from_bytes(stream.read(8), "little")
            entries = json.loads(stream.read(start - 8))
        return {
            name: np.memmap(path, _DTYPES[entry["dtype"]], "r", start + entry["data_offsets"][0], tuple(entry["shape"]))
            for name, entry in entries.items()
        }
    except FileNotFoundError:
        raise StageError(f"{path} does not exist. Run `{made_by}` first.") from None
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise StageError(f"{path} is damaged ({error}). Run `{made_by}` again.") from error
