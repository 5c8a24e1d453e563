"""The record of a run, `run.json`: what it was made from, and the digests of its files, of itself too.

It is written last. Whoever uses a finished run calls `read_finished`, which checks every file of it: what was damaged
or edited afterwards is never compared, registered or served.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines.files import digest_of, read_sealed, sealed, write_atomically

RECORD = "run.json"
Made = dict[str, Any]


class DamageError(ValueError):
    """A file of a run has changed since the run was finished; the message names it."""


def write(folder: Path, made: Mapping[str, Any]) -> None:
    """Writes a run's record, with the digests of all files in `folder` if the run is finished."""
    digests = {"files": {name: digest_of(folder / name) for name in _files(folder)}} if made.get("finished") else {}
    write_atomically(folder / RECORD, json.dumps(sealed({**made, **digests}), indent=2).encode())


def read(folder: Path) -> Made:
    """A run's record; empty where there is none. Raises DamageError that names it where it was damaged."""
    path = folder / RECORD
    if not path.is_file():
        return {}
    try:
        return read_sealed(path)
    except ValueError as error:
        raise DamageError(str(error)) from None


def read_finished(folder: Path) -> Made:
    """The record of a finished run whose files are as training left them.

    Raises DamageError that names the file which is not, and ValueError where `folder` holds no finished run.
    """
    made = read(folder)
    if not made.get("finished"):
        raise ValueError(
            f"{folder} holds no finished run: expected a folder like data/models/rnn-slots/rnn-slots-gru-s0"
        )
    for name, digest in made["files"].items():
        path = folder / name
        if not path.is_file():
            raise DamageError(f"{path} is missing: {RECORD} beside it lists it")
        if digest_of(path) != digest:
            raise DamageError(f"{path} is damaged: it has changed since the run was finished (its digest differs)")
    return made


def _files(folder: Path) -> list[str]:
    """The run's files by name; hidden ones are remains of interrupted writes."""
    paths = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return sorted(name for path in paths if (name := path.relative_to(folder).as_posix()) != RECORD)
