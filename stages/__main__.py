"""`python -m stages download|validate|accept <data set>`, from the project's root.

`--all` instead of a data set means all that params.yaml names: `validate --all` is what CI runs (validate_all.py).
`python -m stages add|remove <name>` edits the entries of a user's own data in params.yaml.
"""

import argparse
import gc
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from stages import datasets, settings
from stages.alone import alone
from stages.errors import StageError

if TYPE_CHECKING:  # it imports pandas
    from stages.dataset import Dataset

# Each verb imports its own: great_expectations takes two seconds, pandas half a second, and a download needs neither.


def _download(name: str) -> None:
    """bring the raw files of a data set"""
    from stages.download import download

    download(datasets.origin(name), settings.load(name))


def _validate(name: str) -> None:
    """make tables of them, and check these"""
    dataset, setting = _load(name)
    from stages.validate import validate

    validate(dataset, setting)


def _accept(name: str) -> None:
    """accept the tables as they are: later versions are compared with them"""
    dataset, setting = _load(name)
    from stages.accept import accept

    accept(dataset, setting)


def _load(name: str) -> "tuple[Dataset[Any], settings.Setting]":
    """A data set of params.yaml, a known one or a user's own, and its settings."""
    from stages import own

    if name in own.names():
        return own.load(name)
    setting = settings.load(name)
    return datasets.find(name), setting


def _add(options: argparse.Namespace) -> None:
    from stages.add import add

    add(options)


def _remove(options: argparse.Namespace) -> None:
    from stages.add import remove

    remove(options.name)


EDITS: dict[str, Callable[[argparse.Namespace], None]] = {"add": _add, "remove": _remove}
VERBS: dict[str, Callable[[str], None]] = {"download": _download, "validate": _validate, "accept": _accept}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one stage, or edit params.yaml; an expected failure is one message on stderr and exit code 1."""
    options = _parser().parse_args(arguments)
    what = getattr(options, "dataset", None) or getattr(options, "name", None) or "--all"
    try:
        if options.verb in EDITS:
            EDITS[options.verb](options)
            return 0
        return _run_all(options.verb) if options.all else _run(options.verb, options.dataset)
    except (StageError, ValueError, OSError) as error:
        if isinstance(error, ValueError) and options.verb not in EDITS:
            raise
        print(f"{options.verb} {what}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{options.verb} {what}: interrupted; run it again to go on", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m stages", description="Bytes to validated tables, one data set.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb, about in VERBS.items():
        stage = verbs.add_parser(verb, help=(about.__doc__ or "").strip())
        which = stage.add_mutually_exclusive_group(required=True)
        which.add_argument("dataset", nargs="?", help="a data set of params.yaml")
        which.add_argument("--all", action="store_true", help="all data sets of params.yaml, in one process")
    adding = verbs.add_parser("add", help="look at data of your own, and write their entries into params.yaml")
    from stages.add_arguments import add_to

    add_to(adding)
    verbs.add_parser("remove", help="take data of your own out of params.yaml").add_argument("name")
    return parser


def _run(verb: str, name: str) -> int:
    try:
        with alone(name):
            VERBS[verb](name)
    except (StageError, OSError) as error:
        print(f"{verb} {name}: {error}", file=sys.stderr)
        return 1
    return 0


def _run_all(verb: str) -> int:
    """All data sets, also after one that failed."""
    from stages import own

    known, of_users = settings.load_all(), own.names()
    if verb == "validate":
        from stages.validate_all import validate_all

        return 0 if validate_all(known, of_users) else 1
    names = [*known, *of_users] if verb == "accept" else known
    return max((_run(verb, name) for name in names), default=0)


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # where it is not in UTF-8
    gc.set_threshold(100_000)  # new objects, not 700: most of a stage's stay, and to go through them cost a tenth of it
    status = main()
    gc.freeze()  # Python would search the objects of all modules for garbage at the end, for nearly a second
    sys.exit(status)
