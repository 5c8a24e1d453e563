"""What DVC's bookkeeping costs over the whole DAG: `python -m tests.benchmarks.bench_dag`, a few minutes.

The stages of dvc.yaml with their true dependencies, but with commands that only write a byte into each output; beside
it, as many trivial stages of one dependency and one output. CPU seconds of `dvc repro` from nothing and with nothing to
do, those of the trivial commands included, in one temporary project each.
"""

import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
CODE = ("params.py", "params.yaml", "inputs", "stages", "pipelines", ".dvcignore")
# A folder for an output without a suffix, a file for another.
MAKE = """
for out in "$@"; do
  case "$out" in
    *.json | *.csv) mkdir -p "$(dirname "$out")"; echo "{}" > "$out" ;;
    *) mkdir -p "$out"; echo 1 > "$out/file" ;;
  esac
done
"""
REPEATS = 5  # of `dvc repro` with nothing to do


def main() -> None:
    with TemporaryDirectory() as folder:
        whole, trivial = Path(folder) / "whole", Path(folder) / "trivial"
        stages = _copy_of_the_dag(whole)
        _trivial_dag(trivial, stages)
        print(f"{stages} stages; CPU seconds (wall seconds)")
        print(f"{'':<28}{'this DAG':>18}{'trivial stages':>18}{'ratio':>8}")
        for name, repeats in (("dvc repro from nothing", 1), ("dvc repro, nothing to do", REPEATS)):
            ours, theirs = (_cost(partial(_repro, place), repeats) for place in (whole, trivial))
            cells = "".join(f"{f'{cpu:.1f} ({wall:.1f})':>18}" for cpu, wall in (ours, theirs))
            print(f"{name:<28}{cells}{ours[0] / theirs[0]:>8.2f}")


def _copy_of_the_dag(place: Path) -> int:
    """The project's DAG with commands that do nothing; returns how many stages it has."""
    place.mkdir()
    for name in CODE:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, place / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, place / name)
    dag: dict[str, Any] = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
    params = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    count = 0
    for stage in dag["stages"].values():
        outs = [
            *_paths(stage["do"]["outs"]),
            *_paths(stage["do"].get("metrics", [])),
            *_paths(stage["do"].get("plots", [])),
        ]
        stage["do"]["cmd"] = f"sh make.sh {' '.join(outs)}"
        section: Any = params
        for key in stage["foreach"].strip("${}").split("."):
            section = section[key]
        count += len(section)
    _init(place, dag)
    return count


def _paths(entries: list[Any]) -> list[str]:
    return [next(iter(entry)) if isinstance(entry, dict) else entry for entry in entries]


def _trivial_dag(place: Path, stages: int) -> None:
    place.mkdir()
    (place / "input").write_text("1")
    names = [f"s{number}" for number in range(stages)]
    _init(place, {"stages": {name: {"cmd": f"sh make.sh {name}", "deps": ["input"], "outs": [name]} for name in names}})


def _init(place: Path, dag: dict[str, Any]) -> None:
    (place / "make.sh").write_text(MAKE)
    (place / "dvc.yaml").write_text(yaml.safe_dump(dag, sort_keys=False))
    for command in (
        ["git", "init", "--quiet"],
        ["dvc", "init", "--quiet"],
        ["dvc", "config", "core.analytics", "false"],
    ):
        subprocess.run(command, cwd=place, check=True)


def _repro(place: Path) -> None:
    subprocess.run([sys.executable, "-m", "dvc", "repro", "--quiet"], cwd=place, check=True)


def _cost(work: Callable[[], None], repeats: int) -> tuple[float, float]:
    """The least CPU and wall seconds of a child process over some repeats."""
    costs = []
    for _ in range(repeats):
        before, began = _cpu(), time.monotonic()
        work()
        costs.append((_cpu() - before, time.monotonic() - began))
    return min(costs)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
