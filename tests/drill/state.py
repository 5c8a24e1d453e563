"""What a finished project holds, without what differs between two undisturbed runs: ids, times and paths."""

import contextlib
import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

OUTPUTS = ("raw", "validated", "validation", "models", "metrics", "registry", "reports")
DOCS = "/docs/"  # Great Expectations writes the time into each page and its name
VOLATILE = {"run_id", "seconds", "sha256"}  # of run.json
OWN = (".git/", ".dvc/", ".mlflow/", ".prefect/", ".cache/", "data/work/")  # of tools, and of work under way
State = dict[str, Any]


def of(root: Path) -> State:
    """Outputs and what the tracking store has, each by a name that says what it is."""
    store = root / ".mlflow" / "mlflow.db"
    found = {**_outputs(root), **_others(root), **(_store(store) if store.is_file() else {})}
    content: State = json.loads(json.dumps(found))  # as it is when it was kept in a file
    return content


def differences(expected: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """The names of what is missing, there too much, or different."""
    both = expected.keys() | found.keys()
    return sorted(name for name in both if expected.get(name) != found.get(name))


def _outputs(root: Path) -> State:
    files = [path for part in OUTPUTS for path in (root / "data" / part).rglob("*") if path.is_file()]
    found = {path.relative_to(root).as_posix(): _content(path) for path in files}
    return {name: content for name, content in found.items() if DOCS not in name}


def _content(path: Path) -> Any:
    if path.name != "run.json":
        return hashlib.sha256(path.read_bytes()).hexdigest()
    with contextlib.suppress(ValueError):
        return {key: value for key, value in json.loads(path.read_bytes()).items() if key not in VOLATILE}
    return "no JSON"


def _others(root: Path) -> State:
    """Files of the project that are no output: nothing is to be added, such as a half-written file."""
    names = (path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    outputs = tuple(f"data/{part}/" for part in OUTPUTS)
    return {
        f"file {name}": True for name in names if not name.startswith((*OWN, *outputs)) and "__pycache__" not in name
    }


def _store(path: Path) -> State:
    """Each run and each version of a model, with what it holds."""
    found: State = {}
    with contextlib.closing(sqlite3.connect(path)) as database:
        runs = list(
            database.execute(
                "SELECT run_uuid, name, status FROM runs WHERE lifecycle_stage = 'active' ORDER BY start_time"
            )
        )
        for run_id, name, status in runs:
            metrics = _metrics(database, run_id)
            params = database.execute("SELECT key, value FROM params WHERE run_uuid = ?", (run_id,))
            tags = dict(database.execute("SELECT key, value FROM tags WHERE run_uuid = ?", (run_id,)))
            kept = {key: tags.get(key) for key in ("fingerprint", "folder", "stage", "data.source")}
            entry = [status, metrics, sorted(params), kept]
            found.setdefault(f"run {name}", []).append(entry)
        versions = database.execute(
            "SELECT v.name, v.version, t.value, a.alias FROM model_versions v"
            " LEFT JOIN model_version_tags t ON t.name = v.name AND t.version = v.version AND t.key = 'fingerprint'"
            " LEFT JOIN registered_model_aliases a ON a.name = v.name AND a.version = v.version"
            " WHERE v.current_stage != 'Deleted_Internal'"
        )
        for name, _version, fingerprint, alias in versions:
            found.setdefault(f"model {name}", []).append([fingerprint, alias])
        models = database.execute("SELECT status FROM logged_models WHERE lifecycle_stage = 'active'")
        found["logged models"] = sorted(str(status) for (status,) in models)
    return found


def _metrics(database: sqlite3.Connection, run_id: str) -> list[tuple[str, int]]:
    """Each figure by step, and how many times it is there; five digits, as `publish` reads six from history.csv."""
    rows = database.execute("SELECT key, step, value FROM metrics WHERE run_uuid = ?", (run_id,))
    return sorted(Counter(f"{key} {step} {value:.5g}" for key, step, value in rows).items())
