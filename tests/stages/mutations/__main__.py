"""The whole mutation check: `python -m tests.stages.mutations [--source public] [--cases 1] [--rules] [data set ...]`.

It prints the table of data sets and mutations, and fails where fewer than 99% of the pairs that matter are caught, or
one that is not caught is not listed with its reason. `--source public` reads the mirror that DATA_MIRROR names.
"""

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import chain
from pathlib import Path

from stages.datasets import find
from stages.errors import StageError
from tests.stages.mutations.check import Check
from tests.stages.mutations.matrix import Found, examine_all, passes, table
from tests.stages.mutations.roles import ROLES
from tests.stages.mutations.subject import SUBJECTS


def examined(name: str, source: str, cases: int | None) -> list[Found]:
    """What became of every mutation of one data set; nothing where its published files cannot be had."""
    try:
        check = Check(SUBJECTS[source](find(name), ROLES[name]))
    except StageError as error:
        print(f"{name}: not tried: {error}", file=sys.stderr, flush=True)
        return []
    if broken := check.good_data_break():
        raise ValueError(f"{name}: the data as they are break {'; '.join(broken)}")
    found = list(examine_all(check, cases))
    print(f"{name}: {len(found)} cases", file=sys.stderr, flush=True)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.stages.mutations", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("names", nargs="*", default=list(ROLES), metavar="data set", help="all, if none is named")
    parser.add_argument("--source", choices=list(SUBJECTS), default="builtin")
    parser.add_argument("--cases", type=int, help="of each mutation and data set, at most; all, if left out")
    parser.add_argument("--rules", action="store_true", help="say which rule caught each case")
    asked = parser.parse_args()
    if "://" not in (mirror := os.environ.get("DATA_MIRROR", "://")):
        os.environ["DATA_MIRROR"] = str(Path(mirror).absolute())  # each data set is fetched in a folder of its own
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(partial(examined, source=asked.source, cases=asked.cases), asked.names)
        found = list(chain.from_iterable(results))
    if asked.rules:
        for case in found:
            print(f"{case.dataset} / {case.mutation} / {case.where}: {case.verdict}: {case.by}")
    print(table(found))
    return 0 if passes(found) else 1


if __name__ == "__main__":
    sys.exit(main())
