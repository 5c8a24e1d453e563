"""Files that are whole or not there: atomic writing, digests, stable JSON."""

import errno
import hashlib
import json
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

from stages.errors import StageError

CHUNK = 1 << 18
PART = ".part"


@contextmanager
def whole(path: Path) -> Iterator[BinaryIO]:
    """Open a file for writing that appears under `path` complete, or not at all.

    The bytes go to a temporary file in the same folder, are flushed to the disk, and the file is then renamed. On any
    failure, Ctrl-C included, the temporary file is removed and the old file at `path` is unchanged.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}{PART}")
    try:
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(path)
    finally:
        with suppress(OSError):  # gone already, or never made: then nothing is left to remove
            part.unlink()


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """If the system does not let `path` be written, raise a StageError with the reason and what the user can do."""
    try:
        yield
    except OSError as error:
        if error.errno is None:  # libraries have OSErrors of their own; only the system's carry a number
            raise
        todo = {
            errno.ENOSPC: "Free some space",
            errno.EDQUOT: "Free some of your quota",
            errno.EACCES: "Give yourself write permission there",
            errno.EROFS: "Use a folder that can be written",
        }.get(error.errno, "Fix that")
        message = f"could not write {path}: {error.strerror}. Nothing half-written was left."
        raise StageError(f"{message} {todo} and run the command again.") from error


def sweep(folder: Path) -> None:
    """Remove the unfinished temporary files that a killed process may have left below `folder`."""
    for part in folder.rglob(f".*{PART}"):
        part.unlink(missing_ok=True)


def keep_only(folder: Path, files: Collection[Path]) -> None:
    """Remove every other file below `folder`: an earlier run, of another source for example, may have left some."""
    for path in folder.rglob("*"):
        if path.is_file() and path not in files:
            path.unlink()


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path`, whole or not at all."""
    with whole(path) as stream:
        stream.write(content)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON whose bytes depend on the content alone."""
    write_bytes(path, (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())


def read_json(path: Path, made_by: str) -> dict[str, Any]:
    """Read a JSON object that the command `made_by` wrote."""
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise StageError(f"{path} does not exist. Run `{made_by}` first.") from None
    except ValueError as error:
        raise StageError(f"{path} is damaged ({error}). Run `{made_by}` again.") from error
    if not isinstance(content, dict):
        raise StageError(f"{path} holds a {type(content).__name__}, not an object. Run `{made_by}` again.")
    return content


def sealed(content: Mapping[str, Any]) -> dict[str, Any]:
    """JSON content with a digest of itself. Training checks it too (`read_sealed` in pipelines/files.py)."""
    rest = {key: value for key, value in content.items() if key != "sha256"}
    return {**rest, "sha256": hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()}


def read_sealed(path: Path, made_by: str) -> dict[str, Any]:
    """Read what the command `made_by` wrote as `sealed(...)`."""
    content = read_json(path, made_by)
    if content.get("sha256") != sealed(content)["sha256"]:
        raise StageError(f"{path} is damaged (its digest differs). Run `{made_by}` again.")
    return content


def sha256(path: Path) -> str:
    """Digest of a file's content."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
