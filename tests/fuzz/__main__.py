"""`python -m tests.fuzz [TARGET ...]`: thousands of damaged inputs for each reader, each in its own process.

What a reader does that it must not is printed with the command that repeats it. The results of the last run of each
target are kept in a folder; `--write` writes them as a table into docs/operating.md.
"""

import argparse
import json
import multiprocessing
import tempfile
import traceback
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.fuzz import cases
from tests.fuzz.found import FOUND
from tests.fuzz.table import of, write
from tests.fuzz.targets import TARGETS

FOLDER = Path(".cache/fuzz")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)} (default: all)")
    parser.add_argument("--cases", type=int, default=20_000, help="of each target (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--number", type=int, help="show this case alone, and what its reader does")
    parser.add_argument("--write", action="store_true", help="write the table of what was done into the document")
    options = parser.parse_args()
    if unknown := set(options.targets) - set(TARGETS):
        parser.error(f"unknown targets: {', '.join(sorted(unknown))}; choose from {', '.join(TARGETS)}")
    names = options.targets or list(TARGETS)
    if options.number is not None:
        return max(_show(name, options.seed, options.number) for name in names)
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not options.write:
        for name in names:
            _fuzz(name, options.seed, options.cases)
    records = _records()
    print(of(records, FOUND))
    if options.write:
        write(records, FOUND)
    return int(any(records[name]["findings"] for name in names if name in records))


def _fuzz(name: str, seed: int, count: int) -> None:
    """One target; prints and keeps its result."""
    progress = FOLDER / f"{name}.number"
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        try:
            record = asdict(pool.submit(cases.run_alone, name, seed, count, progress).result())
        except BrokenProcessPool:
            number = int(progress.read_text(encoding="utf-8"))
            record = asdict(cases.Result(cases=number, findings={"the process died": (number, 1)}))
    for what, (number, times) in record["findings"].items():
        print(
            f"{name}: {what} ({times} times): python -m tests.fuzz {name} --seed {seed} --number {number}", flush=True
        )
    print(f"{name}: {record['cases']:,} cases, {record['read']:,} read, the others refused", flush=True)
    (FOLDER / f"{name}.json").write_text(json.dumps(record), encoding="utf-8")


def _show(name: str, seed: int, number: int) -> int:
    with tempfile.TemporaryDirectory() as folder:
        target = cases.made(name, Path(folder))
        sample, content = target.case(seed, number)
        print(f"{name}, made from {sample!r}, {len(content)} bytes: {content[:2000]!r}")
        try:
            target.read(sample, content)
        except Exception:  # whatever it is, it is shown
            print(traceback.format_exc())
        is_read, fault = cases.asked(target, sample, content)
    print(fault or ("read" if is_read else "refused"))
    return int(bool(fault))


def _records() -> Mapping[str, Mapping[str, Any]]:
    files = {name: FOLDER / f"{name}.json" for name in TARGETS}
    return {name: json.loads(file.read_text(encoding="utf-8")) for name, file in files.items() if file.exists()}


if __name__ == "__main__":
    raise SystemExit(main())
