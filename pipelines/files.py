"""Files: where the project keeps them, how they are written whole or not at all, and which of code decide a result."""

import ast
import contextlib
import functools
import hashlib
import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

CODE = Path(__file__).resolve().parents[1]
# DVC runs experiments in temporary copies of the project and names the real one in DVC_ROOT, so that runs of every copy
# land in the same stores.
ROOT = Path(os.environ.get("DVC_ROOT") or CODE)
PREFECT_HOME = ROOT / ".prefect"  # the orchestration server's home

# What describes a run instead of computing it: its resolved settings are part of its fingerprint anyway. And how
# `stages` finds a data set, words its errors and moves bytes, whose digests are checked on arrival.
DESCRIPTIVE = frozenset(
    {
        *("params.py", "pipelines/files.py", "pipelines/settings.py", "pipelines/task.py"),
        *("stages/datasets/__init__.py", "stages/errors.py"),
        *(f"stages/transfer/{name}.py" for name in ("fetch", "http", "parallel", "progress")),
    }
)


def write_atomically(path: Path, content: bytes) -> None:
    """Writes the file beside its place and moves it there; on an error (disk full) the old file stays as it was."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path)
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


def _sweep(path: Path) -> None:
    """Removes what processes that were killed while they wrote the file have left beside it."""
    for left in path.parent.glob(f".{path.name}.*"):
        pid = left.name.rpartition(".")[2]
        if pid.isdecimal() and not Path("/proc", pid).exists():
            left.unlink(missing_ok=True)


def digest_of(path: Path) -> str:
    """The SHA-256 of a file, computed once a process as long as its time and size stay."""
    status = path.stat()
    return _digest(path.absolute(), status.st_mtime_ns, status.st_size)


@functools.lru_cache(maxsize=4096)
def _digest(path: Path, _changed: int, _size: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


SEAL = "sha256"


def sealed(content: Mapping[str, Any]) -> dict[str, Any]:
    """JSON content with a digest of itself, as `read_sealed` checks it."""
    rest = {key: value for key, value in content.items() if key != SEAL}
    return {**rest, SEAL: hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()}


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object. Raises ValueError that names the file where it holds none."""
    with contextlib.suppress(ValueError):  # also of bytes that are no text
        if isinstance(content := json.loads(path.read_bytes()), dict):
            return content
    raise ValueError(f"{path} is damaged: it is not a whole JSON object")


def read_sealed(path: Path) -> dict[str, Any]:
    """What was written as `sealed(...)`. Raises ValueError that names the file if it has changed since."""
    content = read_json(path)
    if SEAL not in content:
        raise ValueError(f"{path} holds no digest of itself: it is damaged, or an earlier edition wrote it")
    if sealed(content)[SEAL] != content[SEAL]:
        raise ValueError(f"{path} is damaged: its content has changed since it was written (its digest differs)")
    return content


def code_of(*modules: str, root: Path | None = None) -> frozenset[str]:
    """The project's files that `modules` come to import, themselves included: paths below `root`, by default the
    folder of this package.

    Read from the import statements, also those within functions, without those that only a type checker reads. A
    package's `__init__.py` counts where a name is imported from it that is no module. What only describes a run
    (`DESCRIPTIVE`) is left out, and so is what nothing else imports.
    """
    root = root or CODE
    found: set[str] = set()
    waiting = {path for module in modules for path in _files_of(module, root)}
    while waiting:
        path = waiting.pop()
        found.add(path)
        if path not in DESCRIPTIVE:
            waiting |= _imports(root / path, root) - found
    return frozenset(found - DESCRIPTIVE)


def digest_of_code(*modules: str) -> str:
    """A digest of the content of `code_of(*modules)`."""
    digest = hashlib.sha256()
    for path in sorted(code_of(*modules)):
        digest.update(path.encode() + hashlib.sha256((CODE / path).read_bytes()).digest())
    return digest.hexdigest()


def libraries_of(*modules: str) -> frozenset[str]:
    """The packages of others that `modules`, with all they come to import here, need: the names that are imported."""
    described = {path for path in DESCRIPTIVE if path.startswith(("params", "pipelines"))}
    names = {name.split(".")[0] for path in code_of(*modules) | described for name in _imported_names(CODE / path)}
    return frozenset(name for name in names - sys.stdlib_module_names if not _files_of(name, CODE))


def _imports(path: Path, root: Path) -> frozenset[str]:
    """The project's files that a file imports."""
    return frozenset(file for name in _imported_names(path) for file in _files_of(name, root))


@functools.cache
def _imported_names(path: Path) -> frozenset[str]:
    """Modules that a file imports, and names that it imports from modules, with those modules' names before them."""
    names: set[str] = set()
    for node in _run_nodes(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(names)


def _run_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes below `tree` without those that only a type checker reads."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        yield node
        yield from _run_nodes(node)


def _files_of(name: str, root: Path) -> list[str]:
    """The file of a module, or of the module that a name is imported from; none outside the project."""
    for parts in (name.split("."), name.split(".")[:-1]):
        if parts:
            place = root.joinpath(*parts)
            for file in (place.with_suffix(".py"), place / "__init__.py"):
                if file.is_file():
                    return [file.relative_to(root).as_posix()]
    return []
