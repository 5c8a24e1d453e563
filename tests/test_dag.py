"""dvc.yaml against the code: a stage depends on every file of the project that decides its result."""

import ast
from functools import cache
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]

# Files that a stage imports and that decide no byte of its outputs: settings of the environment, messages, how bytes
# arrive (their digests are checked), the way to MLflow, and a run's bookkeeping (which has a fingerprint of its own).
NO_RESULT = {
    "pipelines/__init__.py",
    "pipelines/project.py",
    "pipelines/runs.py",
    "pipelines/tracking.py",
    "stages/__init__.py",
    "stages/datasets/__init__.py",
    "stages/errors.py",
    "stages/parallel.py",
    "stages/progress.py",
    "stages/transfer.py",
}


@cache
def imports(path: Path) -> set[Path]:
    """The project's files that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    candidates = [ROOT / name.replace(".", "/") for name in names]
    files = [path.with_suffix(".py") for path in candidates] + [path / "__init__.py" for path in candidates]
    return {file for file in files if file.is_file()}


def closure(*entries: str) -> set[str]:
    """All files of the project that the entries come to import, themselves included."""
    found: set[Path] = set()
    waiting = [ROOT / entry for entry in entries]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += imports(path) if path.relative_to(ROOT).as_posix() not in NO_RESULT else set()
    return {path.relative_to(ROOT).as_posix() for path in found}


def entries(verb: str, params: dict[str, str], name: str) -> list[str]:
    """The files where a stage's work begins."""
    if verb in ("download", "prepare", "validate"):
        return [f"stages/{verb}.py", f"stages/datasets/{name.replace('-', '_')}/__init__.py"]
    return {
        "train": [f"pipelines/{params['family']}/{params['task']}/train.py"],
        "compare": ["pipelines/comparison.py", f"pipelines/{params['family']}/{params['task']}/__init__.py"],
        "promote": ["pipelines/registry.py"],
    }[verb]


def resolved_stages() -> list[tuple[str, str, list[str]]]:
    """(verb, name, dependencies) of every stage, with params.yaml filled in."""
    stages = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    found = []
    for verb, stage in stages.items():
        section = stage["foreach"].strip("${}")
        for name, item in params[section].items():
            deps = [dep.replace("${key}", name) for dep in stage["do"]["deps"]]
            for key, value in item.items():
                deps = [dep.replace(f"${{item.{key}}}", str(value)) for dep in deps]
            found.append((verb, name, deps))
    return found


@pytest.mark.parametrize(
    ("verb", "name", "deps"), resolved_stages(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_stage_depends_on_all_code_that_decides_its_result(verb: str, name: str, deps: list[str]) -> None:
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    needed = closure(*entries(verb, params["pipelines"].get(name, {}), name)) - NO_RESULT
    missing = [file for file in needed if not any(file == dep or file.startswith(f"{dep}/") for dep in deps)]
    assert not missing


def is_code(dependency: str) -> bool:
    """The profiles beside the code are data."""
    return dependency.startswith(("stages/", "pipelines/")) and not dependency.startswith("stages/profiles/")


def test_no_verb_depends_on_code_that_none_of_its_stages_uses() -> None:
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    used: dict[str, set[str]] = {}
    code: dict[str, set[str]] = {}
    for verb, name, deps in resolved_stages():
        used.setdefault(verb, set()).update(closure(*entries(verb, params["pipelines"].get(name, {}), name)))
        code.setdefault(verb, set()).update(dep for dep in deps if is_code(dep))
    for verb, listed in code.items():
        unused = [
            dep for dep in sorted(listed) if not any(file == dep or file.startswith(f"{dep}/") for file in used[verb])
        ]
        assert (verb, unused) == (verb, [])
