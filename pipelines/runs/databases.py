"""Is an SQLite file whole, and of a version that the installed library reads?

SQLite has no digests: a flipped byte within a text is not found, one in the structure of a table or an index is.
"""

import contextlib
import importlib.util
import sqlite3
from pathlib import Path

PARTS = ("", "-journal", "-wal", "-shm")  # the files of a database, by the end of their names
BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def fault_of(path: Path, library: str, migrations: str) -> str | None:
    """What is wrong with a database of `library`, whose folder `migrations` has a file for each version of its schema.

    None where nothing is, or where another process keeps it busy. The file must exist.
    """
    try:
        with contextlib.closing(
            sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=30)
        ) as database:
            if (found := database.execute("PRAGMA integrity_check(1)").fetchone()[0]) != "ok":
                return " ".join(str(found).split())
            (version,) = database.execute("SELECT version_num FROM alembic_version").fetchone() or ("",)
    except sqlite3.Error as error:
        return None if getattr(error, "sqlite_errorcode", 0) in BUSY else str(error)
    known = importlib.util.find_spec(library)
    assert known is not None
    assert known.submodule_search_locations
    folder = Path(known.submodule_search_locations[0], migrations)
    if version and any(folder.glob(f"*{version}_*.py")):
        return None
    return f"its schema {version!r} is none of the installed {library}'s: a newer one wrote it, or it is damaged"


def set_aside(path: Path) -> Path:
    """Renames a database with all its files; what was set aside before is replaced. Returns its new place."""
    target = path.with_name(f"{path.name}.damaged")
    for part in PARTS:
        Path(f"{target}{part}").unlink(missing_ok=True)
        with contextlib.suppress(FileNotFoundError):
            Path(f"{path}{part}").rename(f"{target}{part}")
    return target
