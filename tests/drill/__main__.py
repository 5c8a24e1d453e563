"""`python -m tests.drill`: rounds of disturbances; each finished one is kept in a file, from which the drill resumes.

At the end the table of results is printed, and written into docs/operating.md with `--write`.
"""

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from pipelines.runs.alone import alone
from tests.drill import corruptions, kills, moments, others, state, table
from tests.drill.kills import Round
from tests.drill.place import Place, place_in

Job = tuple[str, Callable[[], Round]]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.drill", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(".cache/drill"), help="its files (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--random", type=int, default=60, help="kills at random moments (default: %(default)s)")
    parser.add_argument("--repeats", type=int, default=2, help="of named moments and pairs (default: %(default)s)")
    parser.add_argument("--corruptions", type=int, default=5, help="of each kind of file (default: %(default)s)")
    parser.add_argument("--only", help="the rounds whose name begins so")
    parser.add_argument("--write", action="store_true", help="write the table of what was done into the document")
    options = parser.parse_args()
    folder = options.folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    results = folder / "results.jsonl"
    if not options.write:
        with alone(folder / "lock", "drills here", print), place_in(folder) as place:
            _drill(place, results, options)
    records = _read(results)
    print(table.of(records))
    if options.write:
        table.write(records)
    return int(any(record["faults"] for record in records.values()))


def _drill(place: Place, results: Path, options: argparse.Namespace) -> None:
    reference, usual, answer = _reference(place)
    for name, job in _jobs(place, reference, usual, answer, options):
        if name in _read(results) or (options.only and not name.startswith(options.only)):
            continue
        began = time.monotonic()
        try:
            done = job()
        except Exception as error:
            done = Round("the drill itself failed", 0, name, faults=[repr(error)])
        done.seconds = round(time.monotonic() - began, 1)
        with results.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"name": name, **done.record()}) + "\n")
        print(f"{name}: {done.about}: {done.faults or ('as undisturbed' if done.hit else 'missed')}", flush=True)


def _jobs(
    place: Place, reference: state.State, usual: float, answer: str, options: argparse.Namespace
) -> Iterator[Job]:
    """All rounds by name, the kinds in turn: an interrupted drill has some of each."""
    seed = options.seed
    lists: list[list[Job]] = [
        [(f"random {n}", partial(kills.at_random, place, reference, n, seed, usual)) for n in range(options.random)],
        [
            (f"moment {m.name} {n}", partial(kills.at_moment, place, reference, m, n, seed))
            for n in range(options.repeats)
            for m in moments.MOMENTS
        ],
        [
            (f"damage {k.name} {n}", partial(corruptions.damaged, place, reference, answer, k, n, seed=seed))
            for n in range(options.corruptions)
            for k in corruptions.KINDS
        ],
        [
            (f"pair {p} {n}", partial(others.two_at_once, place, reference, p, n))
            for n in range(options.repeats)
            for p in range(len(others.PAIRS))
        ],
        [(f"queue {n}", partial(others.experiments, place, reference, n)) for n in range(options.repeats)],
    ]
    if others.can_mount(place.folder / "mount"):
        lists.append([(f"full {n}", partial(others.full_disk, place, reference, n, seed)) for n in range(12)])
        lists.append([(f"read-only {f}", partial(others.read_only, place, reference, f)) for f in others.WRITTEN])
    else:
        print("this user may mount nothing: no full disks and no read-only folders")
    position = 0
    while any(position < len(jobs) for jobs in lists):
        for jobs in lists:
            yield from jobs[position : position + 1]
        position += 1


def _reference(place: Place) -> tuple[state.State, float, str]:
    """What two undisturbed runs hold alike, the seconds that one takes, and an answer; made once."""
    file = place.folder / "reference.json"
    if not file.exists():
        place.clone()
        found = []
        for _ in range(2):
            place.fill("empty")
            began = time.monotonic()
            status, output = place.pipelines("repro")
            assert status == 0, output
            usual = time.monotonic() - began
            assert not (left := place.left_processes()), left
            found.append(state.of(place.root))
        assert not (unlike := state.differences(*found)), unlike
        place.keep("done")
        answer = place.pipelines("predict", "rnn-slots", corruptions.TEXT)[1]
        place.fill("empty")
        assert place.run("dvc", "repro", "validate@slots")[0] == 0
        place.keep("data")
        # As JSON: what is read back is compared.
        kept = {"state": found[0], "usual": usual, "answer": answer, "pid": os.getpid()}
        file.write_text(json.dumps(kept), encoding="utf-8")
    content = json.loads(file.read_text(encoding="utf-8"))
    return content["state"], content["usual"], content["answer"]


def _read(results: Path) -> dict[str, dict[str, Any]]:
    lines = results.read_text(encoding="utf-8").splitlines() if results.exists() else []
    return {record["name"]: record for record in map(json.loads, lines)}


if __name__ == "__main__":
    raise SystemExit(main())
