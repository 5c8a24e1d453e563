"""Files that are whole or absent."""

import os
from pathlib import Path


def write_atomically(path: Path, content: bytes) -> None:
    """Writes the file beside its place and moves it there; on an error (disk full) the old file stays as it was."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise OSError(
            error.errno,
            f"could not write {path} ({error.strerror}); nothing half-written was left: "
            "free some space or mend that, and run the same command again",
        ) from error
    finally:
        temporary.unlink(missing_ok=True)  # after a failure, Ctrl-C included; else it has moved
