"""`python -m stages download|prepare|validate <data set>`, from the project's root."""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any

from stages import datasets, params
from stages.dataset import Dataset
from stages.download import download
from stages.errors import StageError
from stages.params import Setting
from stages.prepare import prepare
from stages.validate import validate

VERBS: dict[str, Callable[[Dataset[Any], Setting], None]] = {
    "download": download,
    "prepare": prepare,
    "validate": validate,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one stage on one data set; an expected failure is one message on stderr and exit code 1."""
    parser = argparse.ArgumentParser(prog="python -m stages", description="Bytes to validated tables, one data set.")
    parser.add_argument("verb", choices=VERBS)
    parser.add_argument("dataset", help="a data set of params.yaml")
    given = parser.parse_args(arguments)
    try:
        dataset = datasets.find(given.dataset)
        VERBS[given.verb](dataset, params.load(dataset.name))
    except (StageError, OSError) as error:
        print(f"{given.verb} {given.dataset}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{given.verb} {given.dataset}: interrupted; run it again to go on", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
