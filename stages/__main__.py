"""`python -m stages download|validate|accept <data set>`, from the project's root.

`--all` instead of a data set means all that params.yaml names: `validate --all` is what CI runs (validate_all.py).
"""

import argparse
import gc
import sys
from collections.abc import Callable, Sequence

from stages import datasets, settings
from stages.errors import StageError

# Each verb imports its own: great_expectations takes two seconds, pandas half a second, and a download needs neither.


def _download(name: str) -> None:
    from stages.download import download

    download(datasets.origin(name), settings.load(name))


def _validate(name: str) -> None:
    setting = settings.load(name)
    from stages.validate import validate

    validate(datasets.find(name), setting)


def _accept(name: str) -> None:
    from stages.accept import accept

    accept(datasets.find(name), settings.load(name))


VERBS: dict[str, Callable[[str], None]] = {"download": _download, "validate": _validate, "accept": _accept}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one stage; an expected failure is one message on stderr and exit code 1."""
    parser = argparse.ArgumentParser(prog="python -m stages", description="Bytes to validated tables, one data set.")
    parser.add_argument("verb", choices=VERBS)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("dataset", nargs="?", help="a data set of params.yaml")
    which.add_argument("--all", action="store_true", help="all data sets of params.yaml, in one process")
    options = parser.parse_args(arguments)
    try:
        return _run_all(options.verb) if options.all else _run(options.verb, options.dataset)
    except (StageError, OSError) as error:
        print(f"{options.verb} --all: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{options.verb} {options.dataset or '--all'}: interrupted; run it again to go on", file=sys.stderr)
        return 130


def _run(verb: str, name: str) -> int:
    try:
        VERBS[verb](name)
    except (StageError, OSError) as error:
        print(f"{verb} {name}: {error}", file=sys.stderr)
        return 1
    return 0


def _run_all(verb: str) -> int:
    """All data sets, also after one that failed."""
    known = settings.load_all()
    if verb == "validate":
        from stages.validate_all import validate_all

        return 0 if validate_all(known) else 1
    return max((_run(verb, name) for name in known), default=0)


if __name__ == "__main__":
    gc.set_threshold(100_000)  # new objects, not 700: most of a stage's stay, and to go through them cost a tenth of it
    status = main()
    gc.freeze()  # Python would search the objects of all modules for garbage at the end, for nearly a second
    sys.exit(status)
